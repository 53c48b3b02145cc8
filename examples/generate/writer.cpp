#include "writer.hpp"

#include <charconv>
#include <iostream>
#include <memory>

#include "atelier/data/tokenizer/bpe.hpp"
#include "atelier/io/durable_file.hpp"
#include "prompts.hpp"
#include "text_model.hpp"

namespace atelier::programs {

namespace {
namespace fs = std::filesystem;
using transformer::Tokens;

bool has_gpt2_tokenizer(const fs::path& folder) {
  return fs::exists(folder / "vocab.json") && fs::exists(folder / "merges.txt");
}
/// GPT-2's end of text is special where there is one.
std::unique_ptr<data::Tokenizer> load_gpt2_tokenizer(const fs::path& folder) {
  constexpr std::size_t most_bytes = std::size_t{64} << 20;
  constexpr std::string_view end = "<|endoftext|>";
  const auto bytes = io::read_file(folder / "vocab.json", most_bytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<std::string> special;
  if (text.find(end) != text.npos) special.emplace_back(end);
  return std::make_unique<data::BpeTokenizer>(data::load_gpt2(folder / "vocab.json", folder / "merges.txt", special));
}
/// The tokenizer at a path, or beside the model: in its folder or the one above, as checkpoints have it.
std::unique_ptr<data::Tokenizer> find_tokenizer(const GenerateFlags& f) {
  if (!f.tokenizer.empty())
    return fs::is_directory(f.tokenizer) ? load_gpt2_tokenizer(f.tokenizer) : data::load_tokenizer(f.tokenizer);
  const auto model = fs::absolute(f.model);
  const auto folder = fs::is_directory(model) ? model : model.parent_path();
  for (const auto& place : {folder, folder.parent_path()}) {
    if (has_gpt2_tokenizer(place)) return load_gpt2_tokenizer(place);
    if (fs::exists(place / "tokenizer.json")) return data::load_tokenizer(place / "tokenizer.json");
  }
  throw InputError(f.model.string() +
                   ": expected tokenizer.json, or vocab.json and merges.txt, beside the model, found neither; name it "
                   "with --tokenizer");
}

/// Everything that a run needs; the texts are numbered prompt by prompt.
class TextWriter {
 public:
  explicit TextWriter(const GenerateFlags& f) : f_(f), prompts_(prompts_of(f)), model_(load_text_model(f.model)) {
    if (f.ids.empty()) tokenizer_ = find_tokenizer(f);
    const Index vocabulary = model_->vocabulary();
    if (tokenizer_ && tokenizer_->size() != vocabulary)
      throw InputError(f.model.string() + ": expected a tokenizer of " + std::to_string(vocabulary) +
                       " tokens, found one of " + std::to_string(tokenizer_->size()));
    for (const auto id : f.ids)
      if (id < 0 || id >= vocabulary)
        throw ConfigError("--ids: expected numbers from 0 to " + std::to_string(vocabulary - 1) + ", found " +
                          std::to_string(id));
    for (const auto& text : f.stop) stop_.push_back(token_of(text));
    for (const auto& prompt : prompts_)
      for (std::int64_t i = 0; i < f.samples; ++i) begins_.push_back(begin_of(prompt));
  }
  void write() {
    if (f_.beams > 0) return search();
    transformer::GenerateOptions o{.tokens = f_.tokens, .sampling = f_.sampling, .stop = stop_};
    if (begins_.size() > 1) return print_all(model_->generate(begins_, o, Rng(f_.seed)));
    if (!f_.without_prompt) std::cout << prompt(0);
    std::cout << std::flush;
    Tokens fresh;
    std::size_t printed = 0;
    o.on_token = [&](Index, std::int32_t token) {
      fresh.push_back(token);
      const auto text = continuation(begins_[0], fresh);
      if (text.size() > printed) std::cout << text.substr(printed) << std::flush;
      printed = std::max(printed, text.size());
      return static_cast<bool>(std::cout);
    };
    model_->generate(begins_, o, Rng(f_.seed));
    std::cout << "\n";
  }

 private:
  std::int32_t token_of(const std::string& text) const try {
    if (!tokenizer_) return number_of(text);
    const auto ids = tokenizer_->encode(text, data::SpecialTokens::recognised);
    if (ids.size() != 1)
      throw Error("expected the text of one token, found '" + text + "', which takes " + std::to_string(ids.size()));
    return ids[0];
  } catch (const Error& error) {
    throw ConfigError(std::string("--stop: ") + error.what());
  }
  /// Without a tokenizer a token is its number.
  static std::int32_t number_of(const std::string& text) {
    std::int32_t id = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size() || id < 0)
      throw Error("expected the number of a token with --ids, found '" + text + "'");
    return id;
  }
  static std::string numbers(const Tokens& ids, std::size_t first = 0) {
    std::string text;
    for (std::size_t i = first; i < ids.size(); ++i) text += (i ? " " : "") + std::to_string(ids[i]);
    return text;
  }
  /// A prompt in a file is input, one on the command line is not.
  data::TokenIds encoded(const std::string& prompt) const try {
    return tokenizer_->encode(prompt);
  } catch (const Error& error) {
    if (f_.prompt_file.empty()) throw ConfigError(std::string("--prompt: ") + error.what());
    throw InputError(f_.prompt_file.string() + ": " + error.what());
  }
  /// An empty prompt begins with the first special token, such as the end of the text before.
  Tokens begin_of(const std::string& prompt) const {
    if (!tokenizer_) return f_.ids;
    auto ids = encoded(prompt);
    if (!ids.empty()) return ids;
    if (tokenizer_->vocabulary().special().empty())
      throw ConfigError("--prompt: expected a text, found none; this tokenizer has no special token to begin with");
    return {tokenizer_->vocabulary().special()[0]};
  }
  void search() {
    if (f_.samples > 1) throw ConfigError("--samples: expected 1 with --beams, found " + std::to_string(f_.samples));
    if (stop_.size() > 1)
      throw ConfigError("--stop: expected at most one with --beams, found " + std::to_string(stop_.size()));
    std::vector<Tokens> texts;
    const transformer::BeamOptions o{.beams = f_.beams,
                                     .tokens = f_.tokens,
                                     .length_penalty = f_.length_penalty,
                                     .end = stop_.empty() ? -1 : stop_[0]};
    for (auto& best : model_->search(begins_, o)) texts.push_back(std::move(best.tokens));
    print_all(texts);
  }
  void print_all(const std::vector<Tokens>& texts) const {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts.size() > 1) std::cout << (i ? "\n" : "") << "=== " << i + 1 << "\n";
      if (!f_.without_prompt) std::cout << prompt(i / static_cast<std::size_t>(f_.samples));
      std::cout << continuation(begins_[i], texts[i]) << "\n";
    }
  }
  std::string prompt(std::size_t number) const { return tokenizer_ ? prompts_[number] : numbers(f_.ids); }
  /// What new tokens add to a text: words are set apart from what stands before them.
  std::string continuation(const Tokens& begin, const Tokens& fresh) const {
    Tokens all = begin;
    all.insert(all.end(), fresh.begin(), fresh.end());
    if (!tokenizer_) return numbers(all, begin.size());
    return tokenizer_->decode(all).substr(tokenizer_->decode(begin).size());
  }

  const GenerateFlags& f_;
  std::vector<std::string> prompts_;
  std::unique_ptr<TextModel> model_;
  std::unique_ptr<data::Tokenizer> tokenizer_;
  Tokens stop_;
  std::vector<Tokens> begins_;
};
}  // namespace

void write_texts(const GenerateFlags& flags) { TextWriter(flags).write(); }

}  // namespace atelier::programs
