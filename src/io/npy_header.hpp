/// The header of an .npy file.
#pragma once

#include <string>
#include <string_view>

#include "atelier/core/shape.hpp"
#include "atelier/io/dtype.hpp"

namespace atelier::inline v0::io {

struct NpyHeader {
  DType dtype;
  Shape shape;
};

/// NumPy's name of a type, such as "<f4"; nothing but the types of .npy files that are supported.
const char* npy_descr(DType dtype);

/// `text`: the dictionary, from byte `offset` of the file on. Throws InputError that begins with `place`.
NpyHeader parse_npy_header(const std::string& place, std::string_view text, std::size_t offset);

}  // namespace atelier::inline v0::io
