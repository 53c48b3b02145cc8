/// Text files that say something of every image: a name, then whole numbers, separated by blanks or by commas.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "atelier/core/shape.hpp"

namespace atelier::inline v0::data {

struct TableFormat {
  bool named_columns = false;     // a line with the number of rows, then one with the columns' names
  std::vector<int> allowed = {};  // values; empty: any that is not negative
};

struct Table {
  std::string place;  // the file, fit for messages
  std::vector<std::string> columns;
  std::vector<std::int32_t> values;                   // [rows, columns]
  std::unordered_map<std::string, std::size_t> rows;  // by the image's name

  /// The row of an image: the last part of its name counts. Throws InputError when there is none.
  const std::int32_t* row(const std::string& name) const;
};

/// Reads a table. Ends of lines may be LF or CRLF, blanks may stand in any number, lines at the end may be empty. Files
/// with commas have a line of names that begins with image_id, and none with the number of rows. Throws InputError
/// naming file and line for a row with too few or too many values, or one that is not allowed, an image that stands
/// twice, another number of rows than the first line says; a file that is missing, empty or a web page.
Table read_table(const std::filesystem::path& path, const TableFormat& format);

}  // namespace atelier::inline v0::data
