/// GPT-2's pre-tokenization: a text falls into words before pairs of bytes are merged inside each.
#pragma once

#include <cstddef>
#include <string_view>

namespace atelier::inline v0::data {

/// End of the word that begins at byte `begin` of `text`, which must lie inside: the first match of
///   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
/// with the classes of text/unicode.hpp.          Radford et al. 2019, "Language models are unsupervised multitask
/// learners", encoder.py
/// A byte that is no valid UTF-8 counts as a symbol (the class [^\s\p{L}\p{N}]), as the lone surrogate does that
/// Python's "surrogateescape" makes of it.
std::size_t word_end(std::string_view text, std::size_t begin);

/// Calls f(word) for the words of `text` in order; together they are the text.
template <class F> void for_each_word(std::string_view text, const F& f) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = word_end(text, begin);
    f(text.substr(begin, end - begin));
    begin = end;
  }
}

/// The smallest place at or behind `near` where a text can be cut without changing its words, or its end: before white
/// space that follows a visible ASCII character, since no alternative of the pattern goes on there.
std::size_t cut_between_words(std::string_view text, std::size_t near);

}  // namespace atelier::inline v0::data
