/// Files in the IDX format of the MNIST database (http://yann.lecun.com/exdb/mnist, "file formats"): big-endian magic
/// 0x0000TTDD with element type TT and DD dimensions, their sizes as 32-bit numbers, elements row by row.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "atelier/core/shape.hpp"

namespace atelier::inline v0::data {

/// An array of bytes (element type 0x08).
struct Idx {
  Shape shape;
  std::vector<std::uint8_t> values;
  std::string sha256;  // of the decompressed file, header included
};

/// Reads an IDX file of bytes with `rank` dimensions: 3 for images (magic 2051), 1 for labels (magic 2049). Plain or
/// gzip, told by the content. Counts are checked against the file before memory is taken. Throws InputError naming the
/// file and what is wrong: another kind of file (a saved web page is named as such), sizes of 0, data missing or left
/// over, damaged compression; IoError when the system refuses.
Idx read_idx(const std::filesystem::path& path, int rank);

}  // namespace atelier::inline v0::data
