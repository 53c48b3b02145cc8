/// Rules of a byte-pair encoding as files spell them: "LEFT RIGHT".
#pragma once

#include <string>
#include <string_view>

#include "atelier/data/tokenizer/bpe.hpp"

namespace atelier::inline v0::data::detail {

/// Bytes of a token by its spelling. Throws InputError that begins with `place`.
std::string bytes_of_token(const std::string& place, std::string_view spelling);
/// A rule by the spellings of its two tokens. Throws InputError that begins with `place`.
Merge merge_of(const std::string& place, const Vocabulary& vocabulary, std::string_view text);

}  // namespace atelier::inline v0::data::detail
