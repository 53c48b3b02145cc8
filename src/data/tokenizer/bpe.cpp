#include "atelier/data/tokenizer/bpe.hpp"

#include <algorithm>

#include "atelier/core/error.hpp"
#include "atelier/data/tokenizer/pretokenize.hpp"
#include "atelier/parallel/team.hpp"
#include "data/tokenizer/document.hpp"
#include "data/tokenizer/word_merger.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr std::size_t part_bytes = std::size_t{1} << 20;  // of a long text, for one task

std::string rule_text(const Vocabulary& v, std::size_t rank, const Merge& m) {
  const auto text = [&](std::int32_t id) {
    return id >= 0 && id < v.size() ? io::in_quotes(to_byte_text(v.token(id))) : std::to_string(id);
  };
  return "bpe: merge " + std::to_string(rank) + " (" + text(m.left) + ", " + text(m.right) + ")";
}

/// Token that a rule makes.
std::int32_t result_of(const Vocabulary& v, std::size_t rank, const Merge& m) {
  for (std::int32_t id : {m.left, m.right})
    if (id < 0 || id >= v.size() || v.is_special(id))
      throw Error(rule_text(v, rank, m) + ": expected ordinary tokens of the vocabulary, found " + std::to_string(id));
  const auto result = v.find(v.token(m.left) + v.token(m.right));
  if (!result || v.is_special(*result))
    throw Error(rule_text(v, rank, m) + ": expected a result that is a token, found none; the merges are of another " +
                "vocabulary");
  return *result;
}

detail::PairTable table_of(const Vocabulary& v, const std::vector<Merge>& merges) {
  detail::PairTable table(merges.size());
  std::vector<bool> made(static_cast<std::size_t>(v.size()));
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const Merge& m = merges[rank];
    const std::int32_t result = result_of(v, rank, m);
    if (!table.insert(detail::pair_key(m.left, m.right), {static_cast<std::uint32_t>(rank), result}))
      throw Error(rule_text(v, rank, m) + ": expected every pair once, found it again");
    made[static_cast<std::size_t>(result)] = true;
  }
  for (std::int32_t id = 0; id < v.size(); ++id)
    if (!made[static_cast<std::size_t>(id)] && v.token(id).size() > 1 && !v.is_special(id))
      throw Error("bpe: token " + std::to_string(id) + " (" + io::in_quotes(to_byte_text(v.token(id))) +
                  "): expected a merge that makes it, found none; the merges are of another vocabulary or cut short");
  return table;
}

/// Places where a long text is cut, its end included; a function of the text alone.
std::vector<std::size_t> cuts_of(std::string_view text) {
  std::vector<std::size_t> cuts{0};
  while (cuts.back() < text.size()) cuts.push_back(cut_between_words(text, cuts.back() + part_bytes));
  return cuts;
}

}  // namespace

BpeTokenizer::BpeTokenizer(std::vector<std::string> tokens, std::vector<Merge> merges,
                           const std::vector<std::string>& special)
    : Tokenizer(Vocabulary(std::move(tokens), special)), merges_(std::move(merges)) {
  for (std::size_t b = 0; b < 256; ++b) {
    const auto id = vocabulary().find(std::string(1, static_cast<char>(b)));
    if (!id || vocabulary().is_special(*id))
      throw Error("bpe: expected a token for each of the 256 bytes, found none for byte " + std::to_string(b));
    byte_ids_[b] = *id;
  }
  if (merges_.size() > Vocabulary::max_size)
    throw Error("bpe: expected at most " + std::to_string(Vocabulary::max_size) + " merges, found " +
                std::to_string(merges_.size()));
  table_ = std::make_shared<const detail::PairTable>(table_of(vocabulary(), merges_));
}

void BpeTokenizer::encode_text(std::string_view text, TokenIds& ids) const {
  const auto cuts = cuts_of(text);
  std::vector<TokenIds> parts(cuts.size() - 1);
  parallel_tasks(static_cast<int>(parts.size()), [&](int task) {
    const auto part = static_cast<std::size_t>(task);
    detail::WordMerger merger(*table_, byte_ids_);
    for_each_word(text.substr(cuts[part], cuts[part + 1] - cuts[part]),
                  [&](std::string_view word) { merger(word, parts[part]); });
  });
  for (const TokenIds& part : parts) ids.insert(ids.end(), part.begin(), part.end());
}

std::string BpeTokenizer::json() const {
  std::vector<std::string> tokens, merges;
  for (const std::string& bytes : vocabulary().tokens()) tokens.push_back(to_byte_text(bytes));
  for (const Merge& m : merges_) merges.push_back(to_byte_text(token(m.left)) + " " + to_byte_text(token(m.right)));
  return tokenizer_document("bpe", {{"special", special_texts(*this)}, {"tokens", tokens}, {"merges", merges}});
}

}  // namespace atelier::inline v0::data
