// Encoder-decoder models as files.
#include <gtest/gtest.h>

#include "atelier/models/lstm_lm/lstm_lm.hpp"
#include "atelier/models/weights.hpp"
#include "models/transformer_support.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

using namespace atelier;
using namespace transformer_support;

namespace {
transformer::Seq2SeqConfig pair_of(const transformer::Config& decoder) {
  return {.source_vocabulary = source_vocabulary, .encoder_layers = 3, .decoder = decoder};
}
std::vector<float> logits(const transformer::Seq2Seq& model) {
  const auto source = tokens(1, batch, source_length, source_vocabulary);
  return model(source, {}, tokens(2, batch, length, vocabulary)).to_vector();
}
/// A file with a configuration and six numbers.
std::filesystem::path claim(const TempFolder& folder, const std::string& config) {
  save_weights(nn::Linear{2, 2}, folder / "claim", {{model_config_key, config}});
  return folder / "claim";
}
}  // namespace

TEST(Seq2SeqFiles, KeepModelAndConfiguration) {
  const TempFolder folder;
  auto shared = pair_of(config());
  shared.source_vocabulary = vocabulary, shared.shared_embedding = true;
  shared.decoder.dropout = {0.1, 0.2, 0.3, 0.4}, shared.decoder.inner = 48;
  for (const auto& c : {pair_of(config()), pair_of(modern()), pair_of(classic()), shared}) {
    const auto made = filled<transformer::Seq2Seq>(c);
    transformer::save_seq2seq(made, folder / "model.safetensors");
    for (const auto& path : {folder.path(), folder / "model.safetensors"}) {
      EXPECT_EQ(model_kind(path), "seq2seq");
      const auto read = load<transformer::Seq2Seq>(path);
      EXPECT_EQ(transformer::to_json(read.config), transformer::to_json(c));
      EXPECT_EQ(logits(read), logits(made));
    }
  }
}
TEST(Seq2SeqFiles, CheckpointsAreModelsToo) {
  const TempFolder folder;
  const auto made = filled<transformer::Seq2Seq>(pair_of(modern()));
  std::vector<io::NamedBytes> tensors;
  nn::visit_params(made, [&](const std::string& name, const auto& p) {
    tensors.push_back(io::named<float>("model." + name, p));
    tensors.push_back(io::named<float>("adam.m." + name, p));
  });
  io::write_safetensors(folder / "step", tensors, {{model_config_key, transformer::to_json(made.config)}});
  EXPECT_EQ(logits(load<transformer::Seq2Seq>(folder / "step")), logits(made));
}
TEST(Seq2SeqFiles, DamagedOnesAreRefusedInOneLine) {
  const TempFolder folder;
  const auto made = filled<transformer::Seq2Seq>(pair_of(config()));
  transformer::save_seq2seq(made, folder / "model");
  const std::string whole = folder.read("model");
  const auto refused = [&](const std::string& bytes, const std::vector<std::string>& parts) {
    folder.write("model", bytes);
    expect_error<InputError>([&] { load<transformer::Seq2Seq>(folder / "model"); }, parts);
  };
  std::string bytes = whole;
  bytes.back() ^= 1;
  refused(bytes, {"model", "checksum"});
  for (std::size_t kept : {std::size_t{0}, std::size_t{5}, whole.size() / 20, whole.size() / 2, whole.size() - 1})
    refused(whole.substr(0, kept), {"model", "expected", "found"});
  transformer::Seq2SeqConfig more = made.config;
  more.decoder.layers = 3;
  more.encoder_layers = 2;  // as many numbers or fewer: the names tell
  save_weights(made, folder / "other", {{model_config_key, transformer::to_json(more)}});
  expect_error<InputError>([&] { load<transformer::Seq2Seq>(folder / "other"); }, {"other", "expected", "larger"});
  more.decoder.layers = 1;
  save_weights(made, folder / "other", {{model_config_key, transformer::to_json(more)}});
  expect_error<InputError>([&] { load<transformer::Seq2Seq>(folder / "other"); },
                           {"other", "unexpected", "encoder.h.2"});
}
TEST(Seq2SeqFiles, OfAnotherKindAreRefusedInOneLine) {
  const TempFolder folder;
  expect_error<InputError>([&] { load<transformer::Seq2Seq>(folder.path()); }, {"expected a model file, found none"});
  transformer::save_gpt(filled<transformer::Gpt>(config()), folder / "gpt");
  expect_error<InputError>([&] { load<transformer::Seq2Seq>(folder / "gpt"); },
                           {"gpt: atelier.config: model: expected seq2seq, found gpt"});
  transformer::save_seq2seq(filled<transformer::Seq2Seq>(pair_of(config())), folder / "pairs");
  expect_error<InputError>([&] { load<transformer::Gpt>(folder / "pairs"); }, {"expected gpt, found seq2seq"});
  expect_error<InputError>([&] { load<lstm_lm::LstmLm>(folder / "pairs"); }, {"expected lstm_lm, found seq2seq"});
  save_weights(nn::Linear{2, 2}, folder / "linear");
  expect_error<InputError>([&] { load<transformer::Seq2Seq>(folder / "linear"); },
                           {"linear: expected a configuration under atelier.config, found none"});
}
TEST(Seq2SeqFiles, ConfigurationsThatMakeNoModelTakeNoMemory) {
  const TempFolder folder;
  const auto refused = [&](const std::string& from, const std::string& to, const std::vector<std::string>& parts) {
    auto text = transformer::to_json(pair_of(config()));
    ASSERT_NE(text.find(from), text.npos) << from;
    text.replace(text.find(from), from.size(), to);
    try {
      load<transformer::Seq2Seq>(claim(folder, text));
      FAIL() << to;
    } catch (const Error& error) {
      for (const auto& part : parts) EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  };
  refused("\"source_vocabulary\":61", "\"source_vocabulary\":16000000", {"the file's 6 numbers", "larger"});
  refused("\"vocabulary\":97", "\"vocabulary\":16000000", {"larger"});
  refused("\"encoder_layers\":3", "\"encoder_layers\":1000", {"larger"});
  refused("\"encoder_layers\":3", "\"encoder_layers\":-3", {"encoder layers", "-3"});
  refused("\"encoder_layers\":3", "\"encoder_layers\":\"x\"", {"encoder_layers", "whole number"});
  refused("\"shared_embedding\":false", "\"shared_embedding\":true", {"shared embedding", "61 and 97"});
  refused("\"decoder\":{", "\"other\":{", {"atelier.config: decoder: expected an object, found nothing"});
  const std::string deep(100'000, '[');
  refused("\"decoder\":{", "\"decoder\":" + deep + std::string(deep.size(), ']') + ",\"other\":{",
          {"atelier.config: expected at most 16 levels of JSON, found more"});
  refused("\"heads\":4", "\"heads\":5", {"heads", "32 and 5"});
  refused("\"width\":32", "\"wide\":32", {"decoder: width: expected a whole number, found nothing"});
}
