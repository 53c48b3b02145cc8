#include "atelier/metrics/bleu.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <unordered_map>

#include "atelier/core/error.hpp"
#include "metrics/tokenize.hpp"

namespace atelier::inline v0::metrics {

namespace {

constexpr std::size_t orders = 4;

/// How often each run of 1 to 4 words stands in a line of tokens; a run is the part of the line that holds it.
struct Runs {
  Index words = 0;
  std::array<std::unordered_map<std::string_view, Index>, orders> counts;

  explicit Runs(const std::string& line) {
    std::vector<std::size_t> begins, ends;
    for (std::size_t at = 0; at < line.size(); at = ends.back() + 1) {
      begins.push_back(at);
      ends.push_back(std::min(line.find(' ', at), line.size()));
    }
    words = static_cast<Index>(begins.size());
    for (std::size_t i = 0; i < begins.size(); ++i)
      for (std::size_t n = 0; n < orders && i + n < begins.size(); ++n)
        ++counts[n][std::string_view(line).substr(begins[i], ends[i + n] - begins[i])];
  }
  Index count(std::size_t n, std::string_view run) const {
    const auto found = counts[n].find(run);
    return found == counts[n].end() ? 0 : found->second;
  }
};

/// The tokens of a line, and their runs, which point into them.
struct Line {
  std::string tokens;
  Runs runs;
  explicit Line(std::string_view text) : tokens(tokenize_13a(right_trimmed(text))), runs(tokens) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
};

/// Length of the reference nearest to `words`; of two, the shorter.
Index nearest_length(Index words, const std::vector<std::string>& references, const std::vector<Index>& lengths) {
  Index best = lengths[0];
  for (std::size_t r = 1; r < references.size(); ++r) {
    const Index off = std::abs(lengths[r] - words), best_off = std::abs(best - words);
    if (off < best_off || (off == best_off && lengths[r] < best)) best = lengths[r];
  }
  return best;
}

/// Adds a segment's counts.
void add_segment(Bleu& bleu, const std::string& hypothesis, const std::vector<std::string>& references) {
  const Line line(hypothesis);
  std::array<std::unordered_map<std::string_view, Index>, orders> matched;  // the most that a reference allows
  std::vector<Index> lengths;
  for (const auto& text : references) {
    const Line reference(text);
    lengths.push_back(reference.runs.words);
    for (std::size_t n = 0; n < orders; ++n)
      for (const auto& [run, count] : line.runs.counts[n])
        matched[n][run] = std::max(matched[n][run], std::min(count, reference.runs.count(n, run)));
  }
  for (std::size_t n = 0; n < orders; ++n) {
    for (const auto& [run, count] : matched[n]) bleu.correct[n] += count;
    bleu.total[n] += std::max<Index>(0, line.runs.words - static_cast<Index>(n));
  }
  bleu.hypothesis_words += line.runs.words;
  bleu.reference_words += nearest_length(line.runs.words, references, lengths);
}

double brevity_penalty(Index hypothesis, Index reference) {
  if (hypothesis >= reference) return 1;
  return hypothesis ? std::exp(1 - static_cast<double>(reference) / static_cast<double>(hypothesis)) : 0;
}

/// Precisions and score from the counts.
void finish(Bleu& bleu) {
  bleu.brevity_penalty = brevity_penalty(bleu.hypothesis_words, bleu.reference_words);
  if (std::all_of(bleu.correct.begin(), bleu.correct.end(), [](Index count) { return count == 0; })) return;
  double smoothing = 1, sum = 0;
  for (std::size_t n = 0; n < orders; ++n) {
    if (bleu.total[n] == 0) return;  // no run of so many words: log 0
    if (bleu.correct[n] == 0) smoothing *= 2;
    const double matches = bleu.correct[n] ? static_cast<double>(bleu.correct[n]) : 1 / smoothing;
    bleu.precisions[n] = 100 * matches / static_cast<double>(bleu.total[n]);
    sum += std::log(bleu.precisions[n]);
  }
  bleu.score = bleu.brevity_penalty * std::exp(sum / orders);
}

}  // namespace

Bleu corpus_bleu(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references) {
  if (hypotheses.size() != references.size())
    throw Error("corpus_bleu: expected references for each of " + std::to_string(hypotheses.size()) +
                " hypotheses, found " + std::to_string(references.size()));
  Bleu bleu;
  std::size_t fewest = 0, most = 0;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    const std::size_t count = references[i].size();
    if (count == 0) throw Error("corpus_bleu: segment " + std::to_string(i) + ": expected a reference, found none");
    fewest = i ? std::min(fewest, count) : count;
    most = std::max(most, count);
    add_segment(bleu, hypotheses[i], references[i]);
  }
  finish(bleu);
  bleu.protocol = std::to_string(hypotheses.size()) +
                  " segments; nrefs:" + (fewest == most ? std::to_string(most) : "var") +
                  "|case:mixed|eff:no|tok:13a|smooth:exp";
  return bleu;
}

}  // namespace atelier::inline v0::metrics
