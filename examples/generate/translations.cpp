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
  data::TokenIds tokens = {};  // none of a blank line, which is translated to one
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

bool is_blank(const std::string& text) { return text.find_first_not_of(" \t\r") == text.npos; }

/// Cuts all sentences, so that a bad one is found before anything is printed. A line of a file is input, a flag is not.
void cut(std::vector<Sentence>& sentences, const Side& side, Index longest, bool from_file) {
  for (Sentence& s : sentences) {
    if (from_file && is_blank(s.text)) continue;
    try {
      s.tokens = sentence_tokens(side, s.text, longest, s.place);
    } catch (const ConfigError& error) {
      if (from_file) throw InputError(error.what());
      throw;
    }
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
  auto sentences = sentences_of(f);
  const auto model = load<transformer::Seq2Seq>(f.model);
  const auto sides = load_sides(f.model);
  const auto& c = model.config;
  require_size(f, sides.source, c.source_vocabulary, "source");
  require_size(f, sides.target, c.decoder.vocabulary, "target");
  cut(sentences, sides.source, c.decoder.context, !f.prompt_file.empty());
  TranslationOptions o{.length_penalty = f.length_penalty, .tokens = f.tokens};
  if (f.beams > 0) o.beams = f.beams;
  for (std::size_t begin = 0; begin < sentences.size(); begin += translated_together) {
    const auto part =
        std::span(sentences).subspan(begin).first(std::min<std::size_t>(translated_together, sentences.size() - begin));
    std::vector<data::TokenIds> sources;
    for (const auto& s : part)
      if (!s.tokens.empty()) sources.push_back(s.tokens);
    std::vector<std::string> found;
    if (!sources.empty()) found = translations(model, sides, sources, o);
    auto next = found.begin();
    for (const auto& s : part) std::cout << (s.tokens.empty() ? "" : *next++) << "\n";
    std::cout << std::flush;
  }
}

}  // namespace atelier::programs
