/// Element types of tensors in files.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace atelier::inline v0::io {

/// Named as safetensors names them. Bytes are little-endian.
enum class DType : std::uint8_t { F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL };

const char* name(DType dtype);
/// Bytes of one element: 1, 2, 4 or 8.
std::size_t byte_size(DType dtype);
std::optional<DType> dtype_from(std::string_view name);

/// Scalars that files can be read to and written from.
template <class T>
concept Stored = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int32_t> ||
    std::same_as<T, std::int64_t> || std::same_as<T, std::uint8_t>;

template <Stored T>
inline constexpr DType dtype_of = std::same_as<T, float>          ? DType::F32
                                  : std::same_as<T, double>       ? DType::F64
                                  : std::same_as<T, std::int32_t> ? DType::I32
                                  : std::same_as<T, std::int64_t> ? DType::I64
                                                                  : DType::U8;

}  // namespace atelier::inline v0::io
