#include "metrics/radix_sort.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <utility>

namespace atelier::inline v0::metrics {

namespace {
constexpr int digit_bits = 11;
constexpr std::size_t buckets = std::size_t{1} << digit_bits;

using Starts = std::array<std::array<std::uint32_t, buckets>, 3>;

/// Bits whose order as unsigned integers is that of the floats: negative ones complemented, others above them.
std::uint32_t key_of(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return bits ^ (0x80000000u | (0u - (bits >> 31)));
}
float float_of(std::uint32_t key) { return std::bit_cast<float>(key ^ (0x80000000u | ((key >> 31) - 1u))); }

std::size_t digit(std::uint32_t key, int pass) { return (key >> (pass * digit_bits)) % buckets; }

/// Where the first key of each digit goes, in every pass.
Starts starts_of(const float* values, Index n) {
  Starts starts{};
  for (Index i = 0; i < n; ++i) {
    const auto key = key_of(values[i]);
    for (int pass = 0; pass < 3; ++pass) ++starts[static_cast<std::size_t>(pass)][digit(key, pass)];
  }
  for (auto& counts : starts) {
    std::uint32_t sum = 0;
    for (auto& start : counts) sum += std::exchange(start, sum);
  }
  return starts;
}

template <int Pass, class From, class To>
void move_keys(const float* from, float* to, Index n, Starts& starts, const From& key, const To& value) {
  auto& next = starts[Pass];
  for (Index i = 0; i < n; ++i) {
    const std::uint32_t k = key(from[i]);
    to[next[digit(k, Pass)]++] = value(k);
  }
}
}  // namespace

void radix_sort(float* values, float* out, Index n) {
  // keys travel as the bits of floats, so that no array of another type is needed
  const auto bits_of = [](float x) { return std::bit_cast<std::uint32_t>(x); };
  const auto as_float = [](std::uint32_t key) { return std::bit_cast<float>(key); };
  auto starts = starts_of(values, n);
  move_keys<0>(values, out, n, starts, key_of, as_float);
  move_keys<1>(out, values, n, starts, bits_of, as_float);
  move_keys<2>(values, out, n, starts, bits_of, float_of);
}

}  // namespace atelier::inline v0::metrics
