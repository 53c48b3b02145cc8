#include "translations.hpp"

#include <algorithm>
#include <iostream>
#include <sstream>

#include "atelier/models/transformer/files.hpp"
#include "prompts.hpp"
#include "translator.hpp"

namespace atelier::programs {

namespace {
struct Sentence {
  std::string text, place;
  bool blank() const { return text.find_first_not_of(" \t\r") == text.npos; }
};

void check_flags(const GenerateFlags& f) {
  const std::vector<std::string> known = {"--model", "--prompt",         "--prompt-file", "--tokens",
                                          "--beams", "--length-penalty", "--threads",     "--no-prompt"};
  for (const auto& flag : f.given)
    if (std::find(known.begin(), known.end(), flag) == known.end())
      throw ConfigError(flag + ": expected none for a translator, which searches, found one");
  if (f.given_flag("--beams") && f.beams == 0)
    throw ConfigError("--beams: expected at least 1 for a translator, found 0");
}

std::vector<Sentence> sentences_of(const GenerateFlags& f) {
  std::vector<Sentence> all;
  if (f.prompt_file.empty()) {
    for (const auto& text : f.prompts) all.push_back({text, "--prompt"});
    if (all.empty()) throw ConfigError("--prompt: expected a sentence to translate, found none");
    return all;
  }
  std::istringstream lines(prompts_of(f)[0]);
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    all.push_back({line, f.prompt_file.string() + ": line " + std::to_string(all.size() + 1)});
  }
  return all;
}

/// A line of a file is input, a flag is not.
data::TokenIds tokens_of(const Sentence& s, const Side& side, Index longest, bool from_file) {
  try {
    return sentence_tokens(side, s.text, longest, s.place);
  } catch (const ConfigError& error) {
    if (from_file) throw InputError(error.what());
    throw;
  }
}

void require_size(const GenerateFlags& f, const Side& side, Index vocabulary, const char* name) {
  if (side.tokenizer->size() != vocabulary)
    throw InputError(f.model.string() + ": expected a " + name + ".json of " + std::to_string(vocabulary) +
                     " tokens, found one of " + std::to_string(side.tokenizer->size()));
}
}  // namespace

void write_translations(const GenerateFlags& f) {
  check_flags(f);
  const auto sentences = sentences_of(f);
  const auto model = load<transformer::Seq2Seq>(f.model);
  const auto sides = load_sides(f.model);
  const auto& c = model.config;
  require_size(f, sides.source, c.source_vocabulary, "source"),
      require_size(f, sides.target, c.decoder.vocabulary, "target");
  std::vector<data::TokenIds> sources;
  for (const auto& s : sentences)
    if (f.prompt_file.empty() || !s.blank())
      sources.push_back(tokens_of(s, sides.source, c.decoder.context, !f.prompt_file.empty()));
  TranslationOptions o{.length_penalty = f.length_penalty, .tokens = f.tokens};
  if (f.beams > 0) o.beams = f.beams;
  const std::span<const data::TokenIds> all(sources);
  std::vector<std::string> found;
  std::size_t translated = 0, at = 0;
  for (const auto& s : sentences) {
    if (!f.prompt_file.empty() && s.blank()) {
      std::cout << "\n";
      continue;
    }
    if (at == found.size()) {
      const auto part = all.subspan(translated, std::min<std::size_t>(translated_together, all.size() - translated));
      found = translations(model, sides, part, o);
      translated += part.size(), at = 0;
    }
    std::cout << found[at++] << "\n" << std::flush;
  }
}

}  // namespace atelier::programs
