#include "atelier/data/tokenizer/tokenizer.hpp"

#include <algorithm>

#include "atelier/core/error.hpp"
#include "atelier/io/durable_file.hpp"
#include "atelier/parallel/team.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

/// Where the next special token begins, and which.
struct Occurrence {
  std::size_t at = std::string_view::npos;
  std::int32_t id = -1;
};

/// Finds special tokens from the left, each text searched for only as far as it is needed again.
class SpecialSearch {
 public:
  SpecialSearch(const Vocabulary& vocabulary, const std::vector<std::int32_t>& longest_first, std::string_view text)
      : vocabulary_(vocabulary), text_(text) {
    for (std::int32_t id : longest_first) next_.push_back({text.find(vocabulary.token(id)), id});
  }
  /// The leftmost at or behind `from`, of several the longest.
  Occurrence operator()(std::size_t from) {
    Occurrence best;
    for (Occurrence& o : next_) {
      if (o.at < from) o.at = text_.find(vocabulary_.token(o.id), from);
      if (o.at < best.at) best = o;
    }
    return best;
  }

 private:
  const Vocabulary& vocabulary_;
  std::string_view text_;
  std::vector<Occurrence> next_;
};

}  // namespace

Tokenizer::Tokenizer(Vocabulary vocabulary)
    : vocabulary_(std::move(vocabulary)), longest_first_(vocabulary_.special()) {
  const auto length = [&](std::int32_t id) { return vocabulary_.token(id).size(); };
  std::stable_sort(longest_first_.begin(), longest_first_.end(),
                   [&](std::int32_t a, std::int32_t b) { return length(a) > length(b); });
}

TokenIds Tokenizer::encode(std::string_view text, SpecialTokens specials) const {
  TokenIds ids;
  std::size_t at = 0;
  if (specials == SpecialTokens::recognised) {
    SpecialSearch search(vocabulary_, longest_first_, text);
    for (auto next = search(0); next.id >= 0; next = search(at)) {
      encode_text(text.substr(at, next.at - at), ids);
      ids.push_back(next.id);
      at = next.at + token(next.id).size();
    }
  }
  encode_text(text.substr(at), ids);
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, DecodeSpecial specials) const {
  std::string text;
  for (std::int32_t id : ids) {
    token(id);  // for its range
    if (specials == DecodeSpecial::drop && droppable(id)) continue;
    decode_token(id, text);
  }
  return text;
}

void Tokenizer::decode_token(std::int32_t id, std::string& text) const { text += token(id); }

std::int32_t Tokenizer::special(std::string_view text) const {
  std::string there;
  for (std::int32_t id : vocabulary_.special()) {
    if (token(id) == text) return id;
    there += (there.empty() ? "" : " ") + token(id);
  }
  throw Error("special: expected one of the special tokens (" + io::printable(there.empty() ? "none" : there) +
              "), found " + io::in_quotes(std::string(text)));
}

void Tokenizer::save(const std::filesystem::path& path) const { io::write_durable(path, json()); }

std::vector<TokenIds> encode_all(const Tokenizer& tokenizer, std::span<const std::string> texts,
                                 SpecialTokens specials) {
  std::vector<TokenIds> ids(texts.size());
  parallel_for(static_cast<std::int64_t>(texts.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
      ids[i] = tokenizer.encode(texts[i], specials);
  });
  return ids;
}

}  // namespace atelier::inline v0::data
