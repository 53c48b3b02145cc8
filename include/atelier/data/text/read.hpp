/// Texts from files, and their parts for training and validation.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::inline v0::data {

struct TextOptions {
  std::size_t max_bytes = std::size_t{1} << 31;  // of all files together
  bool any_bytes = false;                        // accept what is no UTF-8
  std::string extension = ".txt";                // of the files of a folder that are read; empty: all
  std::string separator = {};                    // put between the files of a folder
};

struct Text {
  std::string bytes;
  std::string sha256;                        // of the bytes
  std::vector<std::filesystem::path> files;  // where they came from, in order
};

/// A file, or the files of a folder with the extension, in the order of their names (by bytes), without hidden ones and
/// without folders in it. Throws InputError naming the file: missing, empty, too long, or with a byte that is no UTF-8
/// (by offset); IoError when the system refuses.
Text read_text(const std::filesystem::path& path, const TextOptions& options = {});

enum class SplitUnit { characters, bytes };
struct TextSplit {
  std::string_view train, validation;  // of the text that was split
};
/// The first floor(fraction * n) of n characters (code points; an invalid byte counts as one) or bytes are for
/// training, the rest for validation; no character is cut: a byte inside one counts as its first. Throws ConfigError
/// unless 0 < fraction < 1, and InputError when a part would be empty.
TextSplit split_text(std::string_view text, double fraction, SplitUnit unit = SplitUnit::characters);

}  // namespace atelier::inline v0::data
