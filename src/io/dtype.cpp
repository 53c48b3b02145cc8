#include "atelier/io/dtype.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include "io/convert.hpp"

static_assert(std::endian::native == std::endian::little,
              "files hold little-endian numbers, which are read as they lie");

namespace atelier::inline v0::io {
namespace {

struct Row {
  DType dtype;
  const char* name;
  std::size_t size;
};

constexpr std::array<Row, 13> table = {{{DType::F64, "F64", 8},
                                        {DType::F32, "F32", 4},
                                        {DType::F16, "F16", 2},
                                        {DType::BF16, "BF16", 2},
                                        {DType::I64, "I64", 8},
                                        {DType::I32, "I32", 4},
                                        {DType::I16, "I16", 2},
                                        {DType::I8, "I8", 1},
                                        {DType::U64, "U64", 8},
                                        {DType::U32, "U32", 4},
                                        {DType::U16, "U16", 2},
                                        {DType::U8, "U8", 1},
                                        {DType::BOOL, "BOOL", 1}}};

const Row& row(DType dtype) { return table[static_cast<std::size_t>(dtype)]; }

bool floating(DType t) { return t == DType::F64 || t == DType::F32 || t == DType::F16 || t == DType::BF16; }

/// bfloat16 is the upper half of a float.
float from_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

/// IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. Exact, as every half is a float.
float from_f16(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t{bits & 0x8000u} << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
  if (exponent == 0) {  // zero and subnormals: fraction * 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;  // 112 = 127 - 15, the difference of the biases
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

template <class From, class T, class F> void each(std::span<const std::byte> from, T* to, F&& f) {
  for (std::size_t i = 0; i < from.size() / sizeof(From); ++i) {
    From value;
    std::memcpy(&value, from.data() + i * sizeof(From), sizeof(From));
    to[i] = static_cast<T>(f(value));
  }
}

}  // namespace

const char* name(DType dtype) { return row(dtype).name; }

std::size_t byte_size(DType dtype) { return row(dtype).size; }

std::optional<DType> dtype_from(std::string_view name) {
  for (const Row& r : table)
    if (name == r.name) return r.dtype;
  return std::nullopt;
}

bool convertible(DType from, DType to) {
  return from == to || (from == DType::BOOL && to == DType::U8) || (floating(from) && floating(to));
}

template <Stored T> void convert(DType dtype, std::span<const std::byte> from, T* to) {
  const auto same = [](auto x) { return x; };
  if constexpr (std::is_floating_point_v<T>) {
    if (dtype == DType::F64) return each<double>(from, to, same);
    if (dtype == DType::F32) return each<float>(from, to, same);
    if (dtype == DType::F16) return each<std::uint16_t>(from, to, from_f16);
    if (dtype == DType::BF16) return each<std::uint16_t>(from, to, from_bf16);
  } else {
    each<T>(from, to, same);
  }
}

template void convert(DType, std::span<const std::byte>, float*);
template void convert(DType, std::span<const std::byte>, double*);
template void convert(DType, std::span<const std::byte>, std::int32_t*);
template void convert(DType, std::span<const std::byte>, std::int64_t*);
template void convert(DType, std::span<const std::byte>, std::uint8_t*);

}  // namespace atelier::inline v0::io
