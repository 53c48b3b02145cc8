/// BLEU of a corpus of translations, the number that papers report.                Papineni et al. 2002; Post 2018
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "atelier/core/shape.hpp"

namespace atelier::inline v0::metrics {

struct Bleu {
  double score = 0;                       ///< 0 to 100
  std::array<double, 4> precisions = {};  ///< of 1 to 4 words, per cent, smoothed; 0 when nothing matches
  std::array<Index, 4> correct = {}, total = {};
  double brevity_penalty = 1;
  Index hypothesis_words = 0, reference_words = 0;
  std::string protocol;
};

/// The words of a line by tokenisation 13a (mteval-v13a): one space between them, none around. Works on UTF-8.
std::string tokenize_13a(std::string_view line);

/// BLEU as sacreBLEU 2 defines it by default: detokenised text in UTF-8, case kept, tokenisation 13a, words up to 4,
/// counts over the corpus:
///   100 BP exp(1/4 sum_n log p_n),   p_n = matches of n words, clipped to the most in any one reference / all of them,
///   BP = min(1, exp(1 - r / h)), h the words of the hypotheses, r those of each segment's reference nearest in length
/// (the shorter of two). The k-th p_n without a match is 1 / (2^k total) instead; without any match at all, or without
/// any four words in a row, the score is 0. references[i] are those of hypothesis i, one or more; their numbers may
/// differ. Throws Error for another number of references than hypotheses, or a segment without any.
Bleu corpus_bleu(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references);

}  // namespace atelier::inline v0::metrics
