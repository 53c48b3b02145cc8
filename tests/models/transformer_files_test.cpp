// Model files: the library's own, and GPT-2's.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "atelier/io/safetensors.hpp"
#include "atelier/models/weights.hpp"
#include "models/transformer_support.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

using namespace atelier;
using namespace transformer_support;

namespace {
std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void replace_in(const std::filesystem::path& path, const std::string& from, const std::string& to) {
  auto text = text_of(path);
  ASSERT_NE(text.find(from), text.npos) << from;
  text.replace(text.find(from), from.size(), to);
  std::ofstream(path, std::ios::binary) << text;
}
template <class M> void expect_equal(const M& a, const M& b) {
  std::vector<std::vector<float>> one, two;
  nn::visit_params(a, [&](const std::string&, const auto& p) { one.push_back(p.to_vector()); });
  nn::visit_params(b, [&](const std::string&, const auto& p) { two.push_back(p.to_vector()); });
  EXPECT_EQ(one, two);
}
}  // namespace

TEST(GptFiles, OwnFilesKeepModelAndConfiguration) {
  const TempFolder folder;
  for (auto c : {config(), modern(), classic()}) {
    c.dropout = {0.1, 0.2, 0.3, 0.4};
    c.inner = 48;
    const auto gpt = filled<transformer::Gpt>(c);
    transformer::save_gpt(gpt, folder / "model.safetensors");
    const auto back = transformer::load_gpt(folder.path());
    expect_equal(gpt, back);
    EXPECT_EQ(transformer::to_json(back.config), transformer::to_json(c));
  }
}
TEST(GptFiles, CheckpointsAreModelsToo) {
  const TempFolder folder;
  const auto gpt = filled<transformer::Gpt>(modern());
  std::vector<io::NamedBytes> tensors;
  nn::visit_params(gpt, [&](const std::string& name, const auto& p) {
    tensors.push_back(io::named<float>("model." + name, p));
    tensors.push_back(io::named<float>("adam.m." + name, p));
  });
  io::write_safetensors(folder / "step.safetensors", tensors, {{"atelier.config", transformer::to_json(gpt.config)}});
  expect_equal(gpt, transformer::load_gpt(folder / "step.safetensors"));
}
TEST(GptFiles, Gpt2FilesKeepTheModel) {
  const TempFolder folder;
  for (const bool tied : {true, false}) {
    auto c = config();
    c.tied = tied;
    const auto gpt = filled<transformer::Gpt>(c);
    transformer::save_gpt2(gpt, folder.path());
    expect_equal(gpt, transformer::load_gpt(folder.path()));
    const auto file = io::SafetensorsFile::open(folder / "model.safetensors");
    EXPECT_EQ(file.info("transformer.h.0.attn.c_attn.weight").shape, (Shape{32, 96}));  // GPT-2's [in, out]
    EXPECT_EQ(file.read<float>("transformer.h.0.attn.c_attn.weight").at({3, 5}),
              gpt.transformer.h[0].attn.c_attn.w.at({5, 3}));
    EXPECT_EQ(file.contains("lm_head.weight"), !tied);
  }
  expect_error<ConfigError>([&] { transformer::save_gpt2(filled<transformer::Gpt>(modern()), folder.path()); },
                            {"save_gpt2", "learned positions"});
}
TEST(GptFiles, NamesWithoutPrefixAreUnderstood) {
  const TempFolder folder;
  const auto gpt = filled<transformer::Gpt>(config());
  transformer::save_gpt2(gpt, folder.path());
  const auto file = io::SafetensorsFile::open(folder / "model.safetensors");
  std::vector<Tensor> kept;
  std::vector<io::NamedBytes> tensors;
  for (const auto& t : file.tensors()) kept.push_back(file.read<float>(t.name));
  for (std::size_t i = 0; i < kept.size(); ++i)
    tensors.push_back(io::named(file.tensors()[i].name.substr(12), std::as_const(kept[i])));
  const Tensor mask({1, 1, 12, 12}, 1.0f);
  tensors.push_back(io::named("h.0.attn.bias", mask));  // as OpenAI's files have
  io::write_safetensors(folder / "model.safetensors", tensors);
  expect_equal(gpt, transformer::load_gpt(folder.path()));
}
TEST(GptFiles, HuggingFacesLogits) {
  const auto folder = data_folder("tiny-gpt2-hf");
  if (folder.empty()) GTEST_SKIP() << "needs ATELIER_DATA/tiny-gpt2-hf";
  const auto reference = nlohmann::json::parse(text_of(folder / "reference_logits.json"));
  const auto gpt = transformer::load_gpt(folder);
  const auto list = reference["input_ids"].get<std::vector<std::int32_t>>();
  const auto n = static_cast<Index>(list.size());
  const auto logits = gpt(IndexTensor({1, n}, std::span(list)));
  for (Index t = 0; t < n; ++t) {
    const float* row = logits.data() + t * gpt.config.vocabulary;
    EXPECT_EQ(std::max_element(row, row + gpt.config.vocabulary) - row, reference["argmax"][t].get<Index>());
    EXPECT_NEAR(std::accumulate(row, row + gpt.config.vocabulary, 0.0), reference["logits_row_sums"][t].get<double>(),
                1e-3);
    for (Index k = 0; t == n - 1 && k < 10; ++k)
      EXPECT_NEAR(row[k], reference["logits_last_position_first10"][k].get<double>(), 1e-4);
  }
}
TEST(GptFiles, SavedAgainEqualTensors) {
  const auto folder = data_folder("tiny-gpt2-hf");
  if (folder.empty()) GTEST_SKIP() << "needs ATELIER_DATA/tiny-gpt2-hf";
  const TempFolder copy;
  transformer::save_gpt2(transformer::load_gpt(folder), copy.path());
  const auto first = io::SafetensorsFile::open(folder / "model.safetensors");
  const auto second = io::SafetensorsFile::open(copy / "model.safetensors");
  ASSERT_EQ(first.tensors().size(), second.tensors().size());
  for (const auto& t : first.tensors()) {
    EXPECT_EQ(second.info(t.name).shape, t.shape) << t.name;
    EXPECT_EQ(second.read<float>(t.name).to_vector(), first.read<float>(t.name).to_vector()) << t.name;
  }
}
TEST(GptFiles, WhatDoesNotFitIsNamed) {
  const TempFolder folder;
  const auto refused = [&](const std::string& from, const std::string& to, const std::vector<std::string>& parts) {
    transformer::save_gpt2(filled<transformer::Gpt>(config()), folder.path());
    replace_in(folder / "config.json", from, to);
    expect_error<InputError>([&] { transformer::load_gpt(folder.path()); }, parts);
  };
  refused("\"n_embd\": 32", "\"n_embd\": 64", {"model.safetensors", "wte.weight", "[97, 64]", "[97, 32]"});
  refused("\"vocab_size\": 97", "\"vocab_size\": 16000000", {"wte.weight", "[16000000, 32]"});
  refused("\"n_layer\": 2", "\"n_layer\": 3", {"h.2.attn.c_attn.weight"});
  refused("\"n_layer\": 2", "\"n_layer\": 1", {"1 layers", "more"});
  refused("\"n_layer\": 2", "\"n_layer\": \"two\"", {"config.json", "n_layer", "whole number", "two"});
  refused("\"n_positions\": 12", "\"n_positions\": 13", {"wpe.weight", "[13, 32]"});
  refused("\"gpt2\"", "\"bert\"", {"model_type", "gpt2", "bert"});
  refused("gelu_new", "relu", {"activation_function", "relu"});
  refused("{", "[", {"config.json", "no JSON"});
}
TEST(GptFiles, SizesThatAFileDoesNotHoldTakeNoMemory) {
  const TempFolder folder;
  const nn::Linear small{2, 2};
  auto c = config();
  for (Index transformer::Config::*size : {&transformer::Config::vocabulary, &transformer::Config::context}) {
    auto claim = c;
    claim.*size = Index{1} << 24;
    save_weights(small, folder / "claim", {{model_config_key, transformer::to_json(claim)}});
    expect_error<InputError>([&] { load<transformer::Gpt>(folder / "claim"); },
                             {"atelier.config", "the file's 6 numbers", "larger"});
  }
  c.layers = 1024, c.width = 32 * c.heads;
  save_weights(small, folder / "claim", {{model_config_key, transformer::to_json(c)}});
  expect_error<InputError>([&] { load<transformer::Gpt>(folder / "claim"); }, {"larger"});
}
TEST(GptFiles, MissingOnes) {
  const TempFolder folder;
  expect_error<InputError>([&] { transformer::load_gpt(folder.path()); }, {"model.safetensors"});
  transformer::save_gpt2(filled<transformer::Gpt>(config()), folder.path());
  std::filesystem::remove(folder / "config.json");
  expect_error<InputError>([&] { transformer::load_gpt(folder.path()); }, {"config.json"});
  expect_error<InputError>([] { transformer::config_from_json("{\"model\": \"vae\"}", "x"); }, {"x: model", "vae"});
  expect_error<InputError>([] { transformer::config_from_json("{}", "x"); }, {"x: vocabulary", "nothing"});
}
