/// Positions of a sequence: tables of sines, and rotations of queries and keys.
#pragma once

#include <cmath>

#include "atelier/kernels/rotary.hpp"
#include "atelier/ops/shape.hpp"

namespace atelier::inline v0 {

/// Numbers that tell positions apart, to be added to embeddings: [length, width], for position p and i < width / 2
///   [p, 2 i] = sin(p base^(-2 i / width)), [p, 2 i + 1] = cos(p base^(-2 i / width)).              Vaswani et al. 2017
/// The first row is that of position `first`. A constant: nothing is recorded.
template <class T = float>
BasicTensor<T> sinusoidal_positions(Index length, Index width, Index first = 0, double base = 10000) {
  auto y = BasicTensor<T>::empty({length, width});
  for (Index p = 0; p < length; ++p)
    for (Index c = 0; c < width; ++c) {
      const double i = static_cast<double>(c / 2 * 2) / static_cast<double>(width);
      const double angle = static_cast<double>(first + p) * std::pow(base, -i);
      y.mutable_data()[p * width + c] = T(static_cast<real_of<T>>(c % 2 == 0 ? std::sin(angle) : std::cos(angle)));
    }
  return y;
}

/// Cosines and sines of the angles of rotary(), made once for a model: [length, size / 2] each.
template <class T> struct RotaryTable { BasicTensor<T> cosine, sine; };

/// For positions 0, ..., length - 1 and heads of which `size` numbers are rotated: pair i of position p has the angle
/// p base^(-2 i / size). Throws Error unless the size is even and at least 2.
template <class T = float> RotaryTable<T> rotary_table(Index length, Index size, double base = 10000) {
  if (size < 2 || size % 2 != 0)
    throw Error("rotary_table: expected an even size of at least 2, found " + std::to_string(size));
  const Index half = size / 2;
  RotaryTable<T> table{BasicTensor<T>::empty({length, half}), BasicTensor<T>::empty({length, half})};
  for (Index p = 0; p < length; ++p)
    for (Index i = 0; i < half; ++i) {
      const double angle =
          static_cast<double>(p) * std::pow(base, -2 * static_cast<double>(i) / static_cast<double>(size));
      table.cosine.mutable_data()[p * half + i] = T(static_cast<real_of<T>>(std::cos(angle)));
      table.sine.mutable_data()[p * half + i] = T(static_cast<real_of<T>>(std::sin(angle)));
    }
  return table;
}

struct RotaryOptions {
  Index first = 0;   ///< position of the first time
  Index heads = -1;  ///< so many of the vectors at each time are rotated, the rest copied; -1: all
};

namespace detail {
template <class T>
BasicTensor<T> rotary_at(const BasicTensor<T>& x, const RotaryTable<T>& table, const RotaryOptions& o, T sign) {
  const Index half = table.cosine.size(1);
  const kernels::RotarySizes s{x.size(0), x.size(1), x.size(2), x.size(3), o.heads < 0 ? x.size(2) : o.heads, half};
  auto y = BasicTensor<T>::empty(x.shape());
  kernels::rotate_pairs(y.mutable_data(), x.data(), table.cosine.data() + o.first * half,
                        table.sine.data() + o.first * half, sign, s);
  return record("rotary", y,
                wrt(x, [table, o, sign](const BasicTensor<T>& g) { return rotary_at(g, table, o, T(0) - sign); }));
}
}  // namespace detail

/// Rotary position embedding: x [B, T, H, D] with each vector's pairs of numbers turned by angles that grow with the
/// position, so that products of queries and keys depend on their distance.                               Su et al.
/// 2021
///
/// Pairs are split in halves, (x[i], x[i + size / 2]), as in Llama and GPT-NeoX; not neighbours, as in the paper and
/// GPT-J. A table for fewer than D numbers leaves the rest of each vector alone. The fused projection
/// [B, T, 3 H, D] is rotated in one pass with {.heads = 2 H}: queries and keys, but not values.
/// Throws Error for another rank, or positions or sizes that the table does not have.
template <class T>
BasicTensor<T> rotary(const BasicTensor<T>& x, const RotaryTable<T>& table, const RotaryOptions& o = {}) {
  const Shape &s = x.shape(), &t = table.cosine.shape();
  if (s.rank() != 4 || 2 * t[1] > s[3] || o.heads > s[2])
    throw Error("rotary: expected [B, T, H, D] of at least " + std::to_string(o.heads) + " heads of " +
                std::to_string(2 * t[1]) + " numbers, found " + s.str());
  if (o.first < 0 || o.first + s[1] > t[0])
    throw Error("rotary: expected positions in [0, " + std::to_string(t[0]) + "), found [" + std::to_string(o.first) +
                ", " + std::to_string(o.first + s[1]) + ")");
  return detail::rotary_at(x, table, o, T(1));
}
ATELIER_OP(rotary)

}  // namespace atelier::inline v0
