#include "data/table.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "atelier/core/error.hpp"
#include "atelier/io/durable_file.hpp"
#include "io/descriptor.hpp"
#include "io/file_kind.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 28;

using Words = std::vector<std::string_view>;

Words words_of(std::string_view line) {
  constexpr std::string_view separators = " \t\r,";
  Words words;
  for (auto at = line.find_first_not_of(separators); at != line.npos; at = line.find_first_not_of(separators, at)) {
    const auto end = std::min(line.find_first_of(separators, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::optional<std::int32_t> whole_number(std::string_view word) {
  std::int32_t n = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), n);
  if (error != std::errc() || end != word.data() + word.size()) return {};
  return n;
}

class TableReader {
 public:
  TableReader(const std::filesystem::path& path, const TableFormat& format) : format_(format) {
    table_.place = io::printable(path.string());
    bytes_ = io::read_file(path, most_bytes);
    rest_ = io::text_of(bytes_);
    const auto head = rest_.substr(0, io::kind_bytes);
    if (!head.empty() && !io::looks_like_a_web_page(head) && !head.starts_with("PK\3\4")) return;
    const auto found = io::describe_kind(head);
    throw InputError(table_.place + ": expected a text with a line for each image, found " + found + "; " +
                     io::kind_advice(found));
  }

  Table read() {
    Words words = next();
    std::optional<std::int32_t> count;
    if (format_.named_columns && words.size() == 1 && (count = whole_number(words[0]))) words = next();
    const bool commas = !words.empty() && words[0] == "image_id";
    if (format_.named_columns && !count && !commas) refuse("the number of images alone", text(words));
    if (commas) words.erase(words.begin());
    if (format_.named_columns || commas) {
      table_.columns.assign(words.begin(), words.end());
      words = next();
    } else {
      table_.columns = {""};
    }
    if (table_.columns.empty()) refuse("names of columns", "none");
    for (; !words.empty(); words = next()) add(words);
    if (!rest_.empty()) refuse("a line for an image", "an empty one");
    if (count && static_cast<std::size_t>(*count) != table_.rows.size())
      throw InputError(table_.place + ": expected " + std::to_string(*count) + " rows, as line 1 says, found " +
                       std::to_string(table_.rows.size()) + "; the file is cut short or damaged, fetch it again");
    return std::move(table_);
  }

 private:
  [[noreturn]] void refuse(const std::string& expected, const std::string& found) const {
    throw InputError(table_.place + ": line " + std::to_string(line_) + ": expected " + expected + ", found " + found +
                     "; the file is damaged or of another kind, fetch it again");
  }
  static std::string text(const Words& words) {
    return words.empty() ? "an empty line" : io::in_quotes(std::string(words[0].substr(0, 60)));
  }

  /// The words of the next line; none at the end, where only empty lines may follow an empty one.
  Words next() {
    if (rest_.empty()) return {};
    const auto end = std::min(rest_.find('\n'), rest_.size());
    const Words words = words_of(rest_.substr(0, end));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++line_;
    if (words.empty() && rest_.find_first_not_of(" \t\r\n") == rest_.npos) rest_ = {};
    return words;
  }

  void add(const Words& words) {
    const auto expected = table_.columns.size();
    if (words.size() != expected + 1)
      refuse(std::to_string(expected) + (expected == 1 ? " value" : " values") + " behind the image's name",
             std::to_string(words.size() - 1));
    const std::string name(words[0]);
    if (!table_.rows.emplace(name, table_.rows.size()).second)
      refuse("every image once", io::in_quotes(name) + " again");
    for (std::size_t i = 1; i < words.size(); ++i) table_.values.push_back(value(words[i]));
  }
  std::int32_t value(std::string_view word) const {
    const auto n = whole_number(word);
    const auto& allowed = format_.allowed;
    if (n && (allowed.empty() ? *n >= 0 : std::find(allowed.begin(), allowed.end(), *n) != allowed.end())) return *n;
    std::string expected;
    for (int a : allowed) expected += (expected.empty() ? "" : " or ") + std::to_string(a);
    refuse(allowed.empty() ? "a number that is not negative" : expected,
           io::in_quotes(std::string(word.substr(0, 60))));
  }

  const TableFormat& format_;
  Table table_;
  std::vector<std::byte> bytes_;
  std::string_view rest_;
  int line_ = 0;
};

}  // namespace

const std::int32_t* Table::row(const std::string& name) const {
  const auto last = name.substr(name.rfind('/') + 1);
  const auto it = rows.find(last);
  if (it == rows.end())
    throw InputError(place + ": expected a row for image " + io::in_quotes(last) + ", found none among " +
                     std::to_string(rows.size()) + "; the files do not belong together, fetch them again");
  return values.data() + it->second * columns.size();
}

Table read_table(const std::filesystem::path& path, const TableFormat& format) {
  return TableReader(path, format).read();
}

}  // namespace atelier::inline v0::data
