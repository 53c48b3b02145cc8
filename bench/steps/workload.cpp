#include "workload.hpp"

#include <functional>
#include <vector>

namespace atelier::bench {

namespace {
struct Known {
  const char* name;
  const char* stands_for;  // a name with sizes; null: for itself
  std::function<std::unique_ptr<Workload>(Spec&)> make;
};

const std::vector<Known>& known() {
  static const std::vector<Known> table{{"vae32", "vae@batch=32", {}},
                                        {"vae128", "vae@batch=128", {}},
                                        {"vae512", "vae@batch=512", {}},
                                        {"vae", nullptr, make_vae},
                                        {"dcgan16", "dcgan@batch=16", {}},
                                        {"dcgan32", "dcgan@batch=32", {}},
                                        {"dcgan", nullptr, [](Spec& s) { return make_dcgan(s, false); }},
                                        {"wgangp32", nullptr, [](Spec& s) { return make_dcgan(s, true); }},
                                        {"gpt33k", "gpt@vocabulary=33278", {}},
                                        {"gptbyte", "gpt@vocabulary=256", {}},
                                        {"gpt124m", "gpt@vocabulary=50257,context=64,width=768,layers=12,batch=4", {}},
                                        {"gpt", nullptr, [](Spec& s) { return make_gpt(s, 0); }},
                                        {"gpt_dropout", nullptr, [](Spec& s) { return make_gpt(s, 0.1); }},
                                        {"seq2seq", nullptr, [](Spec&) { return make_seq2seq(); }},
                                        {"decode8", "decode@batch=8", {}},
                                        {"decode", nullptr, make_decode},
                                        {"vae_sample", nullptr, make_vae_sampling},
                                        {"dcgan_sample", nullptr, make_dcgan_sampling},
                                        {"ops", nullptr, [](Spec&) { return make_recorded_ops(); }}};
  return table;
}
}  // namespace

std::unique_ptr<Workload> make_workload(const std::string& name) {
  Spec spec(name);
  std::string names;
  for (const Known& k : known()) {
    if (spec.name() == k.name && k.stands_for && name == k.name) return make_workload(k.stands_for);
    if (spec.name() == k.name && k.make) {
      auto work = k.make(spec);
      spec.check_used();
      return work;
    }
    names += (names.empty() ? "" : ", ") + std::string(k.name);
  }
  throw ConfigError("work: expected one of " + names + ", found '" + name + "'");
}

}  // namespace atelier::bench
