#include "metrics/tokenize.hpp"

#include <array>
#include <string>
#include <utility>

#include "atelier/metrics/bleu.hpp"

namespace atelier::inline v0::metrics {

namespace {

/// Blanks of more than one byte: U+0085, 00a0, 1680, 2000 to 200a, 2028, 2029, 202f, 205f, 3000.
constexpr std::array<std::string_view, 19> long_blanks = {
    "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
    "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_stop(char c) { return c == '.' || c == ','; }
/// ASCII punctuation that is a word wherever it stands: all but ' , - .
bool is_mark(char c) {
  return (c > ' ' && c <= '&') || (c >= '(' && c <= '+') || c == '/' || (c >= ':' && c <= '@') ||
         (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

std::string without_markup(std::string_view line) {
  std::string text(line);
  constexpr std::pair<std::string_view, std::string_view> rules[] = {
      {"<skipped>", ""}, {"-\n", ""}, {"\n", " "}, {"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}};
  for (const auto& [from, to] : rules) replace_all(text, from, to);
  return text;
}

/// The rewriting rules of mteval-v13a look at two neighbouring characters, from left to right; a pair that matches is
/// done with. Characters of several bytes are neither digits nor stops, so bytes may be looked at instead.
template <class Match, class Write>
std::string rewrite_pairs(const std::string& text, const Match& match, const Write& write) {
  std::string out;
  std::size_t i = 0;
  while (i < text.size())
    if (i + 1 < text.size() && match(text[i], text[i + 1])) {
      write(out, text[i], text[i + 1]);
      i += 2;
    } else {
      out += text[i++];
    }
  return out;
}

std::string single_spaced(std::string_view text) {
  std::string out;
  bool gap = false;
  while (!text.empty()) {
    if (const std::size_t blank = leading_blank(text)) {
      gap = !out.empty();
      text.remove_prefix(blank);
      continue;
    }
    if (std::exchange(gap, false)) out += ' ';
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace

std::size_t leading_blank(std::string_view text) {
  if (text.empty()) return 0;
  const char c = text.front();
  if (c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1c' && c <= '\x1f')) return 1;
  for (const auto blank : long_blanks)
    if (text.starts_with(blank)) return blank.size();
  return 0;
}

std::string_view right_trimmed(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t blank = leading_blank(text.substr(at));
    at += blank ? blank : 1;
    if (!blank) end = at;
  }
  return text.substr(0, end);
}

std::string tokenize_13a(std::string_view line) {
  std::string spaced = " ";
  for (const char c : without_markup(line)) {
    if (is_mark(c))
      spaced.append({' ', c, ' '});
    else
      spaced += c;
  }
  spaced += ' ';
  const auto apart = [](std::string& out, char a, char b) { out.append({a, ' ', b, ' '}); };
  const auto before = [](std::string& out, char a, char b) { out.append({' ', a, ' ', b}); };
  spaced = rewrite_pairs(
      spaced, [](char a, char b) { return !is_digit(a) && is_stop(b); }, apart);
  spaced = rewrite_pairs(
      spaced, [](char a, char b) { return is_stop(a) && !is_digit(b); }, before);
  spaced = rewrite_pairs(
      spaced, [](char a, char b) { return is_digit(a) && b == '-'; }, apart);
  return single_spaced(spaced);
}

}  // namespace atelier::inline v0::metrics
