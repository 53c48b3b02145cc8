/// Arrays of NumPy, one a file (numpy.lib.format: magic, version, header as a Python dictionary, data).
#pragma once

#include <filesystem>

#include "atelier/io/dtype.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::io {

/// Writes version 1.0, little-endian, C order, data aligned to 64 bytes, as numpy.save does; durably (write_durable).
/// Throws IoError when the system refuses.
template <Stored T> void write_npy(const std::filesystem::path& path, const BasicTensor<T>& tensor);

/// Reads version 1.0 or 2.0, C order, float32, float64, int32, int64 or uint8; float32 and float64 convert to each
/// other, other types are read as what they are. Everything is checked before memory is taken: the file's size must be
/// what the shape needs. Throws InputError naming file and place, IoError when the system refuses.
template <Stored T> BasicTensor<T> read_npy(const std::filesystem::path& path);

}  // namespace atelier::inline v0::io
