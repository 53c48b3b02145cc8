/// What writes texts: a language model of any kind.
#pragma once

#include <filesystem>
#include <memory>

#include "atelier/models/transformer/generate.hpp"

namespace atelier::programs {

class TextModel {
 public:
  virtual ~TextModel() = default;
  virtual Index vocabulary() const = 0;
  /// As transformer::generate() and lstm_lm::generate().
  virtual std::vector<transformer::Tokens> generate(std::span<const transformer::Tokens> prompts,
                                                    const transformer::GenerateOptions& o, const Rng& rng) const = 0;
  /// As transformer::beam_search(). Throws ConfigError for a model that is not searched.
  virtual std::vector<transformer::Hypothesis> search(std::span<const transformer::Tokens> prompts,
                                                      const transformer::BeamOptions& o) const = 0;
};

/// The kind of a model file; "gpt2" for GPT-2 in Hugging Face's layout, which names none. Throws as model_kind() does.
std::string text_model_kind(const std::filesystem::path& path);

/// From a trainer's run folder, its model.safetensors or a checkpoint, or from a folder with GPT-2. Throws InputError
/// for files that are missing, damaged, or of a model that writes no texts.
std::unique_ptr<TextModel> load_text_model(const std::filesystem::path& path);

}  // namespace atelier::programs
