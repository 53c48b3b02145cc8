#include "atelier/data/tokenizer/word.hpp"

#include <algorithm>

#include "atelier/core/error.hpp"
#include "atelier/data/text/unicode.hpp"
#include "data/tokenizer/document.hpp"
#include "data/tokenizer/split_words.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

using detail::split_words;

void add_missing(std::vector<std::string>& words, const std::string& token) {
  if (!token.empty() && std::find(words.begin(), words.end(), token) == words.end()) words.push_back(token);
}

std::vector<std::string> special_of(const WordOptions& options) {
  std::vector<std::string> special;
  for (const std::string& token : {options.end_of_line, options.unknown})
    if (!token.empty()) special.push_back(token);
  return special;
}

std::vector<std::string> checked(std::vector<std::string> words, const WordOptions& options) {
  for (const std::string& token : special_of(options)) add_missing(words, token);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string place = "words: token " + std::to_string(i) + ": ";
    if (invalid_utf8(words[i]) != std::string::npos) throw Error(place + "expected valid UTF-8, found other bytes");
    std::size_t parts = 0;
    const auto count = [&](std::string_view part) { parts += part.size() == words[i].size(); };
    split_words(words[i], count, [] {});
    if (parts != 1) throw Error(place + "expected a word without white space, found " + io::in_quotes(words[i]));
  }
  return words;
}

/// How often words occur, in order of first appearance.
struct Counts {
  std::vector<std::pair<std::string_view, std::int64_t>> words;
  std::unordered_map<std::string_view, std::size_t> numbers;

  void add(std::string_view word) {
    const auto [found, is_new] = numbers.try_emplace(word, words.size());
    if (is_new) words.emplace_back(word, 0);
    ++words[found->second].second;
  }
};

/// Drops all but the `most` most frequent words that `kept` does not hold anyway.
void keep_frequent(Counts& counts, std::size_t most, const std::vector<std::string>& kept) {
  std::vector<std::int64_t> order;
  for (const auto& [word, count] : counts.words)
    if (std::find(kept.begin(), kept.end(), word) == kept.end()) order.push_back(count);
  if (order.size() <= most) return;
  const auto last = order.begin() + static_cast<std::ptrdiff_t>(most);
  std::nth_element(order.begin(), last - 1, order.end(), std::greater<>());
  const std::int64_t least = *(last - 1);
  auto ties = static_cast<std::ptrdiff_t>(most) - std::count_if(order.begin(), last, [&](auto n) { return n > least; });
  std::erase_if(counts.words, [&](const auto& entry) {
    if (std::find(kept.begin(), kept.end(), entry.first) != kept.end()) return false;
    return entry.second < least || (entry.second == least && ties-- <= 0);
  });
}

}  // namespace

WordTokenizer::WordTokenizer(std::vector<std::string> words, const WordOptions& options)
    : Tokenizer(Vocabulary(checked(std::move(words), options), special_of(options))) {
  if (!options.end_of_line.empty()) end_of_line_ = vocabulary().find(options.end_of_line).value();
  if (!options.unknown.empty()) unknown_ = vocabulary().find(options.unknown).value();
}

WordTokenizer WordTokenizer::train(std::string_view text, const WordOptions& options) {
  if (options.limit != 0 && options.limit < 3)
    throw Error("train: expected a limit of at least 3 tokens, found " + std::to_string(options.limit));
  if (const auto bad = invalid_utf8(text); bad != text.npos)
    throw Error("train: expected valid UTF-8, found another byte at offset " + std::to_string(bad));
  const auto special = special_of(options);
  Counts counts;
  split_words(
      text, [&](std::string_view word) { counts.add(word); },
      [&] {
        if (!options.end_of_line.empty()) counts.add(options.end_of_line);
      });
  if (counts.words.empty()) throw Error("train: expected a text with words, found none");
  std::erase_if(counts.words, [&](const auto& entry) {
    return entry.second < options.min_count && std::find(special.begin(), special.end(), entry.first) == special.end();
  });
  const auto limit = options.limit ? static_cast<std::size_t>(options.limit) : Vocabulary::max_size;
  keep_frequent(counts, limit - special.size(), special);
  if (options.by_frequency)
    std::stable_sort(counts.words.begin(), counts.words.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> words;
  for (const auto& entry : counts.words) words.emplace_back(entry.first);
  return WordTokenizer(std::move(words), options);
}

std::int32_t WordTokenizer::id_of(std::string_view word) const {
  if (const auto id = vocabulary().find(word)) return *id;
  if (unknown_ < 0)
    throw Error("encode: expected words of the vocabulary, found " + io::in_quotes(std::string(word)) +
                "; give the tokenizer a token for unknown words");
  return unknown_;
}

void WordTokenizer::encode_text(std::string_view text, TokenIds& ids) const {
  split_words(
      text, [&](std::string_view word) { ids.push_back(id_of(word)); },
      [&] {
        if (end_of_line_ >= 0) ids.push_back(end_of_line_);
      });
}

void WordTokenizer::decode_token(std::int32_t id, std::string& text) const {
  if (id == end_of_line_) {
    text += '\n';
  } else {
    if (!text.empty() && text.back() != '\n') text += ' ';
    text += token(id);
  }
}

std::string WordTokenizer::json() const {
  const auto text = [&](std::int32_t id) { return id < 0 ? nlohmann::json() : nlohmann::json(token(id)); };
  return tokenizer_document(
      "word", {{"end_of_line", text(end_of_line_)}, {"unknown", text(unknown_)}, {"tokens", vocabulary().tokens()}});
}

std::vector<std::string> read_word_list(const std::filesystem::path& path) {
  const std::string text = read_document(path), place = io::printable(path.string());
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string word = text.substr(at, end - at);
    if (word.ends_with('\r')) word.pop_back();
    if (word.empty()) refuse(place + ": line " + std::to_string(words.size() + 1), "a word", "a blank line");
    words.push_back(std::move(word));
    at = end + 1;
  }
  return words;
}

}  // namespace atelier::inline v0::data
