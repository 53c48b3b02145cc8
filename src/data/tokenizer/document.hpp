/// The JSON of tokenizer files, which anyone may have written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "atelier/data/tokenizer/tokenizer.hpp"

namespace atelier::inline v0::data {

/// Throws InputError: "PLACE: expected ..., found ...".
[[noreturn]] void refuse(const std::string& place, const std::string& expected, const std::string& found);

/// The bytes of a file of at most 64 MiB that is not empty. Throws InputError and IoError as io::read_file does.
std::string read_document(const std::filesystem::path& path);

/// Parses JSON. Throws InputError that begins with `place` for what is no JSON (by byte), a key that an object has
/// twice, nesting deeper than 8, more than 2^22 values, and numbers that no double holds.
nlohmann::json parse_document(const std::string& place, std::string_view text);

/// What stands in a JSON value, in a few words for messages.
std::string describe(const nlohmann::json& value);

/// Texts of a list of at most `limit`. Throws InputError that begins with `place`.
std::vector<std::string> texts_of(const std::string& place, const nlohmann::json& list, std::size_t limit);

/// A tokenizer as a file: one value a line, a line feed at the end.
std::string tokenizer_document(std::string_view kind, const nlohmann::ordered_json& fields);
/// Texts of the special tokens, in their order.
std::vector<std::string> special_texts(const Tokenizer& tokenizer);

}  // namespace atelier::inline v0::data
