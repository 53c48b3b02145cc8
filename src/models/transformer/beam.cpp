#include <algorithm>
#include <limits>
#include <numeric>

#include "atelier/models/transformer/generate.hpp"
#include "atelier/ops/softmax.hpp"

namespace atelier::inline v0::transformer {

namespace {
struct Beam {
  Tokens tokens;
  double log_probability = 0;
};
/// A way to go on with a beam.
struct Candidate {
  double log_probability;
  std::size_t beam;
  std::int32_t token;
  /// The likelier first; of equals the first.
  bool operator<(const Candidate& o) const {
    if (log_probability != o.log_probability) return log_probability > o.log_probability;
    return beam != o.beam ? beam < o.beam : token < o.token;
  }
};

/// The search after one prompt.
class Search {
 public:
  explicit Search(const BeamOptions& o) : o_(o), beams_(1) {}

  bool running() const { return !beams_.empty(); }
  const std::vector<Beam>& beams() const { return beams_; }

  /// Logits [beams, V] of what comes next; `from` receives the beam that each new one continues.
  void advance(const float* logits, const float* log_sums, Index vocabulary, std::vector<std::size_t>& from) {
    find(logits, log_sums, vocabulary);
    std::vector<Beam> next;
    from.clear();
    for (std::size_t rank = 0; rank < candidates_.size() && next.size() < count(); ++rank) {
      const auto& c = candidates_[rank];
      if (c.token == o_.end) {
        if (rank < count()) finish(beams_[c.beam].tokens, c.log_probability, 1);
        continue;
      }
      next.push_back({beams_[c.beam].tokens, c.log_probability});
      next.back().tokens.push_back(c.token);
      from.push_back(c.beam);
    }
    beams_ = std::move(next);
    if (beams_.empty() || static_cast<Index>(beams_[0].tokens.size()) >= o_.tokens || decided()) end();
  }
  /// No beam goes on.
  void end() {
    for (const auto& b : beams_) finish(b.tokens, b.log_probability, 0);
    beams_.clear();
  }
  Hypothesis best() const { return done_.empty() ? Hypothesis{} : done_[0]; }

 private:
  std::size_t count() const { return static_cast<std::size_t>(o_.beams); }
  double score(double log_probability, std::size_t length) const {
    return log_probability / std::pow(static_cast<double>(std::max<std::size_t>(1, length)), o_.length_penalty);
  }
  /// The likeliest continuations: twice as many as beams, since each beam may end once.
  void find(const float* logits, const float* log_sums, Index vocabulary) {
    candidates_.clear();
    const std::size_t most = 2 * count();
    for (std::size_t b = 0; b < beams_.size(); ++b) {
      const float* z = logits + static_cast<Index>(b) * vocabulary;
      for (Index v = 0; v < vocabulary; ++v) {
        const double p = beams_[b].log_probability + static_cast<double>(z[v]) - static_cast<double>(log_sums[b]);
        const Candidate c{p, b, static_cast<std::int32_t>(v)};
        if (candidates_.size() == most && !(c < candidates_.back())) continue;
        candidates_.insert(std::upper_bound(candidates_.begin(), candidates_.end(), c), c);
        if (candidates_.size() > most) candidates_.pop_back();
      }
    }
  }
  void finish(const Tokens& tokens, double log_probability, std::size_t end) {
    const Hypothesis h{tokens, score(log_probability, tokens.size() + end)};
    const auto worse = [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; };
    done_.insert(std::upper_bound(done_.begin(), done_.end(), h, worse), h);
    if (done_.size() > count()) done_.pop_back();
  }
  /// As many texts have ended as there are beams, and no beam is better now than the worst of those.
  bool decided() const {
    return done_.size() == count() && done_.back().score >= score(beams_[0].log_probability, beams_[0].tokens.size());
  }

  const BeamOptions& o_;
  std::vector<Beam> beams_;  // the likeliest first
  std::vector<Candidate> candidates_;
  std::vector<Hypothesis> done_;  // the best first
};

/// All searches, prompt i on the decoder's rows from i * beams on.
class Searches {
 public:
  Searches(Decoder& decoder, std::span<const Tokens> prompts, const BeamOptions& o)
      : decoder_(decoder),
        o_(o),
        searches_(prompts.size(), Search(o)),
        from_(static_cast<std::size_t>(decoder.rows())) {
    for (std::size_t i = 0; i < prompts.size(); ++i) rows_.push_back(static_cast<Index>(i) * o.beams);
  }
  std::vector<Hypothesis> run(std::span<const Tokens> prompts) {
    const auto* logits = &decoder_.read(rows_, prompts);
    while (advance(*logits)) logits = &decoder_.step(rows_, tokens_);
    std::vector<Hypothesis> best;
    for (const auto& s : searches_) best.push_back(s.best());
    return best;
  }

 private:
  /// From the logits of all beams, in the order of rows_. False when all searches have ended.
  bool advance(const Tensor& logits) {
    const Tape::Pause pause;
    const auto sums = logsumexp(logits);
    std::iota(from_.begin(), from_.end(), Index{0});
    rows_.clear(), tokens_.clear();
    Index at = 0;
    for (std::size_t i = 0; i < searches_.size(); ++i) {
      if (!searches_[i].running()) continue;
      const auto beams = static_cast<Index>(searches_[i].beams().size());
      searches_[i].advance(logits.data() + at * decoder_.vocabulary(), sums.data() + at, decoder_.vocabulary(),
                           parents_);
      at += beams;
      place(static_cast<Index>(i) * o_.beams, searches_[i]);
    }
    if (!rows_.empty()) decoder_.reorder(from_);
    return !rows_.empty();
  }
  /// The beams of a search on the rows from `first` on.
  void place(Index first, Search& search) {
    if (search.running() && decoder_.length(first) >= decoder_.capacity()) search.end();
    for (std::size_t b = 0; b < search.beams().size(); ++b) {
      const Index row = first + static_cast<Index>(b);
      from_[static_cast<std::size_t>(row)] = first + static_cast<Index>(parents_[b]);
      rows_.push_back(row);
      tokens_.push_back(search.beams()[b].tokens.back());
    }
  }

  Decoder& decoder_;
  const BeamOptions& o_;
  std::vector<Search> searches_;
  std::vector<Index> rows_, from_;  // of all beams that go on; for reorder()
  Tokens tokens_;
  std::vector<std::size_t> parents_;
};

const BeamOptions& checked(const BeamOptions& o) {
  if (o.beams < 1 || o.beams > 1000)
    throw ConfigError("beams: expected a number from 1 to 1000, found " + std::to_string(o.beams));
  if (o.tokens < 1) throw ConfigError("tokens: expected a number from 1, found " + std::to_string(o.tokens));
  return o;
}
}  // namespace

std::vector<Hypothesis> beam_search(Decoder& decoder, std::span<const Tokens> prompts, const BeamOptions& o) {
  if (static_cast<Index>(prompts.size()) * checked(o).beams > decoder.rows())
    throw Error("beam_search: expected a decoder of " + std::to_string(prompts.size()) + " times " +
                std::to_string(o.beams) + " rows, found " + std::to_string(decoder.rows()));
  if (prompts.empty()) return {};
  return Searches(decoder, prompts, o).run(prompts);
}

std::vector<Hypothesis> beam_search(const Gpt& gpt, std::span<const Tokens> prompts, const BeamOptions& o) {
  if (prompts.empty()) return {};
  std::size_t most = 1;
  for (const auto& p : prompts) most = std::max(most, p.size());
  Decoder decoder(gpt, static_cast<Index>(prompts.size()) * checked(o).beams,
                  std::min(gpt.config.context, static_cast<Index>(most) + o.tokens));
  return beam_search(decoder, prompts, o);
}

std::vector<Hypothesis> translate(const Seq2Seq& model, const IndexTensor& source, const IndexTensor& lengths,
                                  std::int32_t begin, const BeamOptions& o) {
  const Tape::Pause pause;
  const auto memory = model.encode(source, lengths);
  Decoder decoder(model, memory, checked(o).beams, std::min(model.config.decoder.context, o.tokens + 1));
  const std::vector<Tokens> prompts(static_cast<std::size_t>(source.size(0)), Tokens{begin});
  return beam_search(decoder, prompts, o);
}

}  // namespace atelier::inline v0::transformer
