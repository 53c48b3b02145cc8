#include "atelier/data/text/pairs.hpp"

#include <algorithm>

#include "atelier/core/error.hpp"
#include "atelier/data/text/unicode.hpp"
#include "atelier/io/checksum.hpp"
#include "atelier/io/durable_file.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr std::size_t max_bytes = std::size_t{1} << 31;
constexpr std::size_t named_lines = 5;  // at most so many bad lines stand in a message

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \r");
  return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \r") - first + 1);
}

std::vector<std::string_view> columns_of(std::string_view line) {
  std::vector<std::string_view> columns;
  std::size_t tab = 0;
  do {
    const std::size_t at = columns.empty() ? 0 : tab + 1;
    tab = line.find('\t', at);
    columns.push_back(trimmed(line.substr(at, tab == line.npos ? tab : tab - at)));
  } while (tab != line.npos);
  return columns;
}

/// What is wrong with a line; empty when it is a pair.
std::string reason_against(std::string_view line, const std::vector<std::string_view>& columns) {
  if (trimmed(line).empty()) return "blank";
  if (columns.size() < 2) return "no tab";
  if (columns.size() > 3) return std::to_string(columns.size()) + " columns";
  if (columns[0].empty()) return "an empty first sentence";
  if (columns[1].empty()) return "an empty second sentence";
  if (const auto bad = invalid_utf8(line); bad != line.npos) return "no UTF-8 at byte " + std::to_string(bad);
  return "";
}

[[noreturn]] void refuse_lines(const std::filesystem::path& path, const std::vector<BadLine>& bad) {
  std::string found;
  for (std::size_t i = 0; i < std::min(bad.size(), named_lines); ++i)
    found += (i ? ", line " : "line ") + std::to_string(bad[i].number) + ": " + bad[i].reason;
  if (bad.size() > named_lines) found += " and " + std::to_string(bad.size() - named_lines) + " more";
  throw InputError(io::printable(path.string()) + ": expected lines SOURCE<tab>TARGET, found " + found +
                   "; mend or skip them");
}

void add_line(std::string_view line, std::int64_t number, const PairOptions& options, PairFile& file) {
  const auto columns = columns_of(line);
  if (auto reason = reason_against(line, columns); !reason.empty()) {
    file.skipped.push_back({number, std::move(reason)});
    return;
  }
  SentencePair pair{std::string(columns[0]), std::string(columns[1])};
  if (options.swap) std::swap(pair.source, pair.target);
  file.pairs.push_back(std::move(pair));
}

}  // namespace

PairFile read_pairs(const std::filesystem::path& path, const PairOptions& options) {
  const auto bytes = io::read_file(path, max_bytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  PairFile file{{}, {}, io::sha256(bytes)};
  std::int64_t number = 1;
  for (std::size_t at = 0; at < text.size() && std::ssize(file.pairs) < options.limit; ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    add_line(text.substr(at, end - at), number, options, file);
    at = end + 1;
  }
  if (options.bad_lines == BadLines::refuse && !file.skipped.empty()) refuse_lines(path, file.skipped);
  if (file.pairs.empty())
    throw InputError(io::printable(path.string()) + ": expected lines SOURCE<tab>TARGET, found " +
                     (text.empty() ? "an empty file" : "no such line"));
  return file;
}

}  // namespace atelier::inline v0::data
