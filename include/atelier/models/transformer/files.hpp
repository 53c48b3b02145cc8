/// Transformers as files: the library's own, and GPT-2's in Hugging Face's layout.
#pragma once

#include <filesystem>

#include "atelier/models/load.hpp"
#include "atelier/models/transformer/gpt.hpp"
#include "atelier/models/transformer/seq2seq.hpp"

namespace atelier::inline v0::transformer {

/// A configuration as one line of JSON, as model files carry it under "atelier.config".
std::string to_json(const Config& config);
std::string to_json(const Seq2SeqConfig& config);
/// Reads what to_json() wrote; what is left out has its default. Throws InputError that begins with `place` for text
/// that is no configuration, ConfigError for one that makes no model.
Config config_from_json(const std::string& text, const std::string& place);

/// One model file: the parameters under their names, the configuration as metadata. Throws IoError when the system
/// refuses.
void save_gpt(const Gpt& gpt, const std::filesystem::path& file);

/// A model file of save_gpt(), a trainer's model.safetensors or one of its checkpoints; or a folder (or the
/// model.safetensors in it) with GPT-2 in Hugging Face's layout: config.json and model.safetensors. Half precision
/// is converted. Throws InputError naming file, place, expected and found; IoError when the system refuses.
Gpt load_gpt(const std::filesystem::path& path);

/// Writes config.json and model.safetensors as Hugging Face's GPT2LMHeadModel has them: weights of linear layers in
/// the blocks are transposed to [in, out]. The folder must exist. Throws ConfigError for a model with options that
/// GPT-2 lacks, IoError when the system refuses.
void save_gpt2(const Gpt& gpt, const std::filesystem::path& folder);

/// One model file, as save_gpt() writes it.
void save_seq2seq(const Seq2Seq& model, const std::filesystem::path& file);

}  // namespace atelier::inline v0::transformer

namespace atelier::inline v0 {
/// transformer::load_gpt().
template <> transformer::Gpt load<transformer::Gpt>(const std::filesystem::path& path);
/// A model file of save_seq2seq(), a translator's model.safetensors or one of its checkpoints.
template <> transformer::Seq2Seq load<transformer::Seq2Seq>(const std::filesystem::path& path);
}  // namespace atelier::inline v0
