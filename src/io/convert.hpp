/// Elements of files to numbers in memory.
#pragma once

#include <span>

#include "atelier/io/dtype.hpp"

namespace atelier::inline v0::io {

/// Floating types convert to float and double, rounding to nearest where they are wider; a BOOL reads as uint8;
/// anything else only as what it is.
bool convertible(DType from, DType to);

/// Converts from.size() / byte_size(dtype) elements; `dtype` is convertible.
template <Stored T> void convert(DType dtype, std::span<const std::byte> from, T* to);

}  // namespace atelier::inline v0::io
