/// Learning merges: counts of pairs are kept up to date word by word, and the best pair comes from a heap.
#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "atelier/core/error.hpp"
#include "atelier/data/tokenizer/bpe.hpp"
#include "atelier/data/tokenizer/pretokenize.hpp"
#include "data/tokenizer/byte_order.hpp"
#include "data/tokenizer/pair_table.hpp"

namespace atelier::inline v0::data {
namespace {

using detail::pair_key;

/// A different word of the text, as the tokens that it consists of so far.
struct TrainingWord {
  TokenIds ids;
  std::int64_t count = 0;
};

struct PairCount {
  std::int64_t count = 0;
  std::vector<std::uint32_t> words;  // where the pair may stand: words are added, never taken out
};

/// A pair that waits; its count may have fallen since.
struct Waiting {
  std::int64_t count;
  std::uint64_t pair;
  friend bool operator<(const Waiting& a, const Waiting& b) {
    return a.count != b.count ? a.count < b.count : a.pair > b.pair;
  }
};

class BpeTrainer {
 public:
  explicit BpeTrainer(const BpeTraining& training) : training_(training), tokens_(detail::bytes_in_order()) {
    known_.insert(tokens_.begin(), tokens_.end());
    known_.insert(training.special.begin(), training.special.end());
    for (std::size_t id = 0; id < 256; ++id)
      byte_ids_[static_cast<unsigned char>(tokens_[id][0])] = static_cast<std::int32_t>(id);
  }

  /// Words of a text in which nothing is special.
  void count_words(std::string_view text) {
    for_each_word(text, [&](std::string_view word) {
      const auto [number, is_new] = numbers_.try_emplace(word, words_.size());
      if (is_new) words_.push_back({ids_of(word), 0});
      ++words_[number->second].count;
    });
  }

  BpeTokenizer learn() {
    for (std::uint32_t w = 0; w < words_.size(); ++w) count_pairs(w);
    for (const auto& [pair, info] : pairs_) waiting_.push({info.count, pair});
    const auto size = static_cast<std::size_t>(training_.vocabulary) - training_.special.size();
    while (tokens_.size() < size && merge_best()) {
    }
    tokens_.insert(tokens_.end(), training_.special.begin(), training_.special.end());
    return BpeTokenizer(std::move(tokens_), std::move(merges_), training_.special);
  }

 private:
  TokenIds ids_of(std::string_view word) const {
    TokenIds ids;
    for (char c : word) ids.push_back(byte_ids_[static_cast<unsigned char>(c)]);
    return ids;
  }
  void change(std::int32_t left, std::int32_t right, std::uint32_t word, std::int64_t by) {
    PairCount& pair = pairs_[pair_key(left, right)];
    pair.count += by;
    if (by > 0 && (pair.words.empty() || pair.words.back() != word)) pair.words.push_back(word);
  }
  void count_pairs(std::uint32_t w) {
    const TrainingWord& word = words_[w];
    for (std::size_t i = 0; i + 1 < word.ids.size(); ++i) change(word.ids[i], word.ids[i + 1], w, word.count);
  }

  /// False when no pair is left that occurs often enough.
  bool merge_best() {
    while (!waiting_.empty()) {
      const Waiting best = waiting_.top();
      waiting_.pop();
      const auto found = pairs_.find(best.pair);
      if (found == pairs_.end()) continue;
      const std::int64_t count = found->second.count;
      if (count < std::max<std::int64_t>(training_.min_frequency, 1)) continue;
      if (count != best.count) {
        waiting_.push({count, best.pair});
        continue;
      }
      const Merge merge{static_cast<std::int32_t>(best.pair >> 32), static_cast<std::int32_t>(best.pair & 0xffffffff)};
      std::string result =
          tokens_[static_cast<std::size_t>(merge.left)] + tokens_[static_cast<std::size_t>(merge.right)];
      if (!known_.insert(result).second) continue;  // and never waits again, unless its count grows
      apply(merge, std::move(found->second.words), std::move(result));
      return true;
    }
    return false;
  }

  void apply(const Merge& merge, std::vector<std::uint32_t> where, std::string result) {
    const auto id = static_cast<std::int32_t>(tokens_.size());
    tokens_.push_back(std::move(result));
    merges_.push_back(merge);
    grown_.clear();
    for (std::uint32_t w : where) merge_in(w, merge, id);
    pairs_.erase(pair_key(merge.left, merge.right));
    std::sort(grown_.begin(), grown_.end());
    grown_.erase(std::unique(grown_.begin(), grown_.end()), grown_.end());
    for (std::uint64_t pair : grown_)
      if (const auto found = pairs_.find(pair); found != pairs_.end()) waiting_.push({found->second.count, pair});
  }

  /// Replaces the pair by `id` in one word, from the left, and counts the neighbours that this changes.
  void merge_in(std::uint32_t w, const Merge& merge, std::int32_t id) {
    TokenIds& ids = words_[w].ids;
    const std::int64_t count = words_[w].count;
    std::size_t to = 0;
    for (std::size_t from = 0; from < ids.size(); ++from, ++to) {
      const bool here = from + 1 < ids.size() && ids[from] == merge.left && ids[from + 1] == merge.right;
      if (!here) {
        ids[to] = ids[from];
        continue;
      }
      if (to > 0) replace(ids[to - 1], merge.left, ids[to - 1], id, w, count);
      if (from + 2 < ids.size()) replace(merge.right, ids[from + 2], id, ids[from + 2], w, count);
      ids[to] = id;
      ++from;
    }
    ids.resize(to);
  }
  void replace(std::int32_t left, std::int32_t right, std::int32_t new_left, std::int32_t new_right, std::uint32_t w,
               std::int64_t count) {
    change(left, right, w, -count);
    change(new_left, new_right, w, count);
    grown_.push_back(pair_key(new_left, new_right));
  }

  const BpeTraining& training_;
  std::vector<std::string> tokens_;
  std::vector<Merge> merges_;
  std::array<std::int32_t, 256> byte_ids_{};
  std::unordered_set<std::string> known_;  // tokens, special ones too
  std::unordered_map<std::string_view, std::size_t> numbers_;
  std::vector<TrainingWord> words_;
  std::unordered_map<std::uint64_t, PairCount> pairs_;
  std::priority_queue<Waiting> waiting_;  // every pair whose count is above 0, with a count that is not too small
  std::vector<std::uint64_t> grown_;
};

void check(const BpeTraining& training) {
  const auto least = 256 + static_cast<std::int64_t>(training.special.size());
  if (training.vocabulary < least || training.vocabulary > static_cast<std::int64_t>(Vocabulary::max_size))
    throw Error("train_bpe: expected a vocabulary of " + std::to_string(least) + " (bytes and special tokens) to " +
                std::to_string(Vocabulary::max_size) + " tokens, found " + std::to_string(training.vocabulary));
}

/// Calls f for what stands between special tokens.
template <class F> void between_special(std::string_view text, const std::vector<std::string>& special, const F& f) {
  std::size_t at = 0;
  while (true) {
    std::size_t best = text.npos, length = 0;
    for (const std::string& token : special) {
      const std::size_t found = token.empty() ? text.npos : text.find(token, at);
      if (found < best || (found == best && found != text.npos && token.size() > length))
        best = found, length = token.size();
    }
    f(text.substr(at, best == text.npos ? best : best - at));
    if (best == text.npos) return;
    at = best + length;
  }
}

}  // namespace

BpeTokenizer train_bpe(std::string_view text, const BpeTraining& training) {
  check(training);
  BpeTrainer trainer(training);
  between_special(text, training.special, [&](std::string_view part) { trainer.count_words(part); });
  return trainer.learn();
}

}  // namespace atelier::inline v0::data
