#include "atelier/data/text/read.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "atelier/core/error.hpp"
#include "atelier/data/text/unicode.hpp"
#include "atelier/io/checksum.hpp"
#include "atelier/io/durable_file.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const fs::path& folder, const std::string& extension) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    std::error_code ignored;
    const bool hidden = path.filename().string().starts_with('.');
    if (!hidden && fs::is_regular_file(path, ignored) && (extension.empty() || path.extension() == extension))
      files.push_back(path);
  }
  if (error) io::fail(folder, "read the folder", error.value());
  if (files.empty())
    throw InputError(io::printable(folder.string()) + ": expected files" +
                     (extension.empty() ? "" : " that end in " + io::printable(extension)) + ", found none");
  std::sort(files.begin(), files.end(),
            [](const fs::path& a, const fs::path& b) { return a.filename().native() < b.filename().native(); });
  return files;
}

void check_utf8(const fs::path& path, std::string_view text) {
  const auto bad = invalid_utf8(text);
  if (bad == text.npos) return;
  char byte[8];
  std::snprintf(byte, sizeof byte, "0x%02x", static_cast<unsigned>(static_cast<unsigned char>(text[bad])));
  throw InputError(io::printable(path.string()) + ": expected UTF-8, found the byte " + byte + " at offset " +
                   std::to_string(bad) + "; convert the file, or accept any bytes");
}

void append_file(const fs::path& path, const TextOptions& options, std::string& text) {
  const auto bytes = io::read_file(path, options.max_bytes - std::min(options.max_bytes, text.size()));
  const std::string_view content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (content.empty()) throw InputError(io::printable(path.string()) + ": expected a text, found an empty file");
  if (!options.any_bytes) check_utf8(path, content);
  text += content;
}

/// Start of the character number `n`.
std::size_t offset_of_character(std::string_view text, std::size_t n) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < n; ++i) at += code_point(text, at).bytes;
  return at;
}

/// Start of the character that byte `at` belongs to.
std::size_t start_of_character(std::string_view text, std::size_t at) {
  for (std::size_t back = 1; back <= 3 && back <= at; ++back)
    if (code_point(text, at - back).bytes > back) return at - back;
  return at;
}

}  // namespace

Text read_text(const fs::path& path, const TextOptions& options) {
  Text text;
  std::error_code ignored;
  text.files = fs::is_directory(path, ignored) ? files_in(path, options.extension) : std::vector{path};
  for (const fs::path& file : text.files) {
    if (!text.bytes.empty()) text.bytes += options.separator;
    append_file(file, options, text.bytes);
  }
  text.sha256 = io::sha256(io::bytes_of(text.bytes));
  return text;
}

TextSplit split_text(std::string_view text, double fraction, SplitUnit unit) {
  if (!(fraction > 0 && fraction < 1))
    throw ConfigError("split: expected a fraction above 0 and below 1, found " + number_text(fraction));
  const bool by_bytes = unit == SplitUnit::bytes;
  const std::size_t size = by_bytes ? text.size() : count_characters(text);
  const auto first = static_cast<std::size_t>(std::floor(fraction * static_cast<double>(size)));
  const std::size_t cut = by_bytes ? start_of_character(text, first) : offset_of_character(text, first);
  if (cut == 0 || cut == text.size())
    throw InputError("split: expected a text of which " + number_text(fraction) + " leaves two parts, found one of " +
                     std::to_string(size) + (by_bytes ? " bytes" : " characters"));
  return {text.substr(0, cut), text.substr(cut)};
}

}  // namespace atelier::inline v0::data
