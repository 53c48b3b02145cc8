#include "data/tokenizer/merge_text.hpp"

#include "data/tokenizer/document.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data::detail {
namespace {

std::int32_t id_of(const std::string& place, const Vocabulary& vocabulary, std::string_view spelling) {
  const auto id = vocabulary.find(bytes_of_token(place, spelling));
  if (!id) refuse(place, "tokens of the vocabulary", io::in_quotes(std::string(spelling)) + ", which is none");
  return *id;
}

}  // namespace

std::string bytes_of_token(const std::string& place, std::string_view spelling) {
  const auto bytes = from_byte_text(spelling);
  if (!bytes) refuse(place, "a token in the spelling of byte-level tokens", io::in_quotes(std::string(spelling)));
  return *bytes;
}

Merge merge_of(const std::string& place, const Vocabulary& vocabulary, std::string_view text) {
  const auto blank = text.find(' ');
  if (blank == text.npos || text.find(' ', blank + 1) != text.npos)
    refuse(place, "two tokens with a blank between them", io::in_quotes(std::string(text)));
  return {id_of(place, vocabulary, text.substr(0, blank)), id_of(place, vocabulary, text.substr(blank + 1))};
}

}  // namespace atelier::inline v0::data::detail
