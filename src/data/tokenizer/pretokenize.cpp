#include "atelier/data/tokenizer/pretokenize.hpp"

#include <array>

#include "atelier/data/text/unicode.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr std::array<std::string_view, 7> contractions = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};

/// A run of one class.
struct Run {
  std::size_t end, last;  // behind it; where its last character begins
};
Run run_of(CharClass kind, std::string_view text, std::size_t begin) {
  Run run{begin, begin};
  while (run.end < text.size()) {
    const CodePoint c = code_point(text, run.end);
    if (char_class(c) != kind) break;
    run.last = run.end;
    run.end += c.bytes;
  }
  return run;
}

/// White space leaves its last character to the word that follows, unless it is the only one or nothing follows.
std::size_t space_end(std::string_view text, std::size_t begin) {
  const Run run = run_of(CharClass::space, text, begin);
  return run.end == text.size() || run.last == begin ? run.end : run.last;
}

bool visible(char c) { return c > ' ' && c < '\x7f'; }

}  // namespace

std::size_t word_end(std::string_view text, std::size_t begin) {
  if (text[begin] == '\'')
    for (std::string_view ending : contractions)
      if (text.substr(begin).starts_with(ending)) return begin + ending.size();
  const std::size_t first = text[begin] == ' ' && begin + 1 < text.size() ? begin + 1 : begin;
  const CharClass kind = char_class(code_point(text, first));
  return kind == CharClass::space ? space_end(text, begin) : run_of(kind, text, first).end;
}

std::size_t cut_between_words(std::string_view text, std::size_t near) {
  for (std::size_t at = near < 1 ? 1 : near; at < text.size(); ++at)
    if ((text[at] == ' ' || text[at] == '\n') && visible(text[at - 1])) return at;
  return text.size();
}

}  // namespace atelier::inline v0::data
