#include "atelier/models/transformer/generate.hpp"

#include <algorithm>
#include <numeric>

namespace atelier::inline v0::transformer {

namespace {
/// Texts under way. Everything is reserved for the longest text, so that a step takes no memory.
class Writer {
 public:
  Writer(Decoder& decoder, std::span<const Tokens> prompts, const GenerateOptions& o, const Rng& rng)
      : decoder_(decoder), o_(o), sampler_(decoder.vocabulary(), o.sampling), active_(prompts.size()) {
    std::iota(active_.begin(), active_.end(), Index{0});
    next_.reserve(prompts.size());
    if (o.sampling.repetition_penalty != 1) seen_.resize(prompts.size() * vocabulary());
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      rngs_.push_back(rng.fork("text", i));
      texts_.push_back(prompts[i]);
      texts_[i].reserve(prompts[i].size() + static_cast<std::size_t>(o.tokens));
      begins_.push_back(prompts[i].size());
      for (const auto token : prompts[i]) see(i, token);
    }
  }
  std::vector<Tokens> run() {
    if (o_.tokens > 0 && !texts_.empty()) {
      const auto* logits = &read_prompts();
      while (choose(*logits)) logits = &advance();
    }
    std::vector<Tokens> fresh;
    for (std::size_t i = 0; i < texts_.size(); ++i)
      fresh.emplace_back(texts_[i].begin() + static_cast<std::ptrdiff_t>(begins_[i]), texts_[i].end());
    return fresh;
  }

 private:
  std::size_t vocabulary() const { return static_cast<std::size_t>(decoder_.vocabulary()); }
  void see(std::size_t text, std::int32_t token) {
    if (seen_.empty()) return;
    if (token < 0 || static_cast<std::size_t>(token) >= vocabulary())
      throw Error("generate: token " + std::to_string(token) + " lies outside [0, " + std::to_string(vocabulary()) +
                  ")");
    seen_[text * vocabulary() + static_cast<std::size_t>(token)] = 1;
  }
  const Tensor& read_prompts() {
    std::vector<Tokens> ends;
    for (const auto& text : texts_) {
      const auto count = std::min(text.size(), static_cast<std::size_t>(decoder_.capacity()));
      ends.emplace_back(text.end() - static_cast<std::ptrdiff_t>(count), text.end());
    }
    return decoder_.read(active_, ends);
  }
  /// Adds a token to every text under way; logits [texts under way, V]. False when none is left.
  bool choose(const Tensor& logits) {
    std::size_t kept = 0;
    next_.clear();
    for (std::size_t k = 0; k < active_.size(); ++k) {
      const auto text = static_cast<std::size_t>(active_[k]);
      const std::span<const float> row(logits.data() + k * vocabulary(), vocabulary());
      const auto seen =
          seen_.empty() ? std::span<const char>() : std::span(seen_).subspan(text * vocabulary(), vocabulary());
      const auto token = sampler_(row, seen, rngs_[text].uniform());
      if (std::find(o_.stop.begin(), o_.stop.end(), token) != o_.stop.end()) continue;
      texts_[text].push_back(token);
      see(text, token);
      if (o_.on_token && !o_.on_token(active_[k], token)) return false;
      const bool full = decoder_.length(active_[k]) >= decoder_.capacity() && !can_slide();
      if (texts_[text].size() - begins_[text] == static_cast<std::size_t>(o_.tokens) || full) continue;
      active_[kept++] = active_[k];
      next_.push_back(token);
    }
    active_.resize(kept);
    return kept > 0;
  }
  bool can_slide() const { return decoder_.can_slide() && decoder_.capacity() > 1; }
  const Tensor& advance() {
    for (const Index row : active_)
      if (decoder_.length(row) == decoder_.capacity()) slide(row);
    return decoder_.step(active_, next_);
  }
  /// Reads the last part of a text again, but for its newest token.
  void slide(Index row) {
    const auto& text = texts_[static_cast<std::size_t>(row)];
    const auto count = static_cast<std::ptrdiff_t>(decoder_.capacity() / 2);
    const Tokens end(text.end() - 1 - count, text.end() - 1);
    decoder_.read(std::span(&row, 1), std::span(&end, 1));
  }

  Decoder& decoder_;
  const GenerateOptions& o_;
  Sampler sampler_;
  std::vector<Index> active_;  // texts under way, which are rows of the decoder
  Tokens next_;                // their newest tokens
  std::vector<Tokens> texts_;
  std::vector<std::size_t> begins_;  // of what is new
  std::vector<Rng> rngs_;
  std::vector<char> seen_;  // [texts, V]
};

Index longest(std::span<const Tokens> prompts) {
  std::size_t most = 1;
  for (const auto& p : prompts) most = std::max(most, p.size());
  return static_cast<Index>(most);
}
}  // namespace

std::vector<Tokens> generate(Decoder& decoder, std::span<const Tokens> prompts, const GenerateOptions& o,
                             const Rng& rng) {
  if (o.tokens < 0) throw ConfigError("tokens: expected a number from 0, found " + std::to_string(o.tokens));
  if (static_cast<Index>(prompts.size()) > decoder.rows())
    throw Error("generate: expected at most " + std::to_string(decoder.rows()) + " prompts, found " +
                std::to_string(prompts.size()));
  return Writer(decoder, prompts, o, rng).run();
}

std::vector<Tokens> generate(const Gpt& gpt, std::span<const Tokens> prompts, const GenerateOptions& o,
                             const Rng& rng) {
  if (prompts.empty()) return {};
  const Index needed = longest(prompts) + std::max<Index>(0, o.tokens);
  Decoder decoder(gpt, static_cast<Index>(prompts.size()), std::min(gpt.config.context, needed));
  return generate(decoder, prompts, o, rng);
}

}  // namespace atelier::inline v0::transformer
