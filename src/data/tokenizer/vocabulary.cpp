#include "atelier/data/tokenizer/vocabulary.hpp"

#include "atelier/core/error.hpp"
#include "atelier/data/text/unicode.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {

Vocabulary::Vocabulary(std::vector<std::string> tokens, const std::vector<std::string>& special)
    : tokens_(std::move(tokens)) {
  if (tokens_.size() > max_size)
    throw Error("vocabulary: expected at most " + std::to_string(max_size) + " tokens, found " +
                std::to_string(tokens_.size()));
  ids_.reserve(tokens_.size());
  for (const std::string& token : tokens_) {
    const auto id = static_cast<std::int32_t>(ids_.size());
    if (token.empty()) throw Error("vocabulary: token " + std::to_string(id) + ": expected a text, found an empty one");
    const auto [first, is_new] = ids_.try_emplace(token, id);
    if (!is_new)
      throw Error("vocabulary: token " + std::to_string(id) + ": expected every token once, found " +
                  io::in_quotes(token) + " again, which is token " + std::to_string(first->second));
  }
  marked_.resize(tokens_.size());
  for (const std::string& token : special) {
    const auto id = find(token);
    if (!id) throw Error("vocabulary: expected special tokens of the vocabulary, found " + io::in_quotes(token));
    if (invalid_utf8(token) != token.npos)
      throw Error("vocabulary: special token " + std::to_string(*id) + ": expected valid UTF-8, found other bytes");
    if (is_special(*id))
      throw Error("vocabulary: expected every special token once, found " + io::in_quotes(token) + " twice");
    special_.push_back(*id);
    marked_[static_cast<std::size_t>(*id)] = true;
  }
}

const std::string& Vocabulary::token(std::int32_t id) const {
  if (id < 0 || id >= size())
    throw Error("token: expected an id from 0 to " + std::to_string(size() - 1) + ", found " + std::to_string(id));
  return tokens_[static_cast<std::size_t>(id)];
}

std::optional<std::int32_t> Vocabulary::find(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace atelier::inline v0::data
