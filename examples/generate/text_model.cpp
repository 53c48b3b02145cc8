#include "text_model.hpp"

#include "atelier/io/safetensors.hpp"
#include "atelier/models/lstm_lm/files.hpp"
#include "atelier/models/lstm_lm/generate.hpp"
#include "atelier/models/transformer/files.hpp"

namespace atelier::programs {

namespace {
using transformer::Tokens;

class GptWriter : public TextModel {
 public:
  explicit GptWriter(transformer::Gpt model) : model_(std::move(model)) {}
  Index vocabulary() const override { return model_.config.vocabulary; }
  std::vector<Tokens> generate(std::span<const Tokens> prompts, const transformer::GenerateOptions& o,
                               const Rng& rng) const override {
    return transformer::generate(model_, prompts, o, rng);
  }
  std::vector<transformer::Hypothesis> search(std::span<const Tokens> prompts,
                                              const transformer::BeamOptions& o) const override {
    return transformer::beam_search(model_, prompts, o);
  }

 private:
  transformer::Gpt model_;
};

class LstmWriter : public TextModel {
 public:
  explicit LstmWriter(lstm_lm::LstmLm model) : model_(std::move(model)) {}
  Index vocabulary() const override { return model_.config.vocabulary; }
  std::vector<Tokens> generate(std::span<const Tokens> prompts, const transformer::GenerateOptions& o,
                               const Rng& rng) const override {
    return lstm_lm::generate(model_, prompts, o, rng);
  }
  std::vector<transformer::Hypothesis> search(std::span<const Tokens>, const transformer::BeamOptions&) const override {
    throw ConfigError("--beams: expected a Transformer, found a recurrent model, which draws only");
  }

 private:
  lstm_lm::LstmLm model_;
};

}  // namespace

std::string text_model_kind(const std::filesystem::path& path) {
  const auto file = io::SafetensorsFile::open(model_file(path));
  return file.metadata().contains(model_config_key) ? model_kind(path) : "gpt2";
}

std::unique_ptr<TextModel> load_text_model(const std::filesystem::path& path) {
  if (text_model_kind(path) == "lstm_lm") return std::make_unique<LstmWriter>(load<lstm_lm::LstmLm>(path));
  return std::make_unique<GptWriter>(load<transformer::Gpt>(path));
}

}  // namespace atelier::programs
