/// What happens to a tile of C while it is in the first-level cache: activations that do not fit the micro-kernel's
/// registers, storing it turned, and adding results of parts.
#pragma once

#include <cmath>

#include "atelier/kernels/gemm/lanes.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

/// exp(x) to 2 units in the last place for x in [-87, 88], clamped outside; NaN gives NaN.
/// exp(x) = 2^n exp(r), n = round(x / log 2), |r| <= log(2) / 2, by a polynomial of degree 6.
template <int N> ATELIER_INLINE simd::Vec<float, N> exp_clamped(const simd::Vec<float, N>& x) {
  using V = simd::Vec<float, N>;
  const V y = simd::max(broadcast<V>(-87.0f), simd::min(broadcast<V>(88.0f), x));
  const V shifter = broadcast<V>(12582912.0f);  // 1.5 * 2^23: its sum with a small number holds the nearest integer
  const V shifted = y * broadcast<V>(1.44269504f) + shifter;
  const V n = shifted - shifter;
  const V r = (y - n * broadcast<V>(0.693145752f)) - n * broadcast<V>(1.42860677e-6f);
  V p = broadcast<V>(1.0f / 720) * r + broadcast<V>(1.0f / 120);
  p = p * r + broadcast<V>(1.0f / 24);
  p = p * r + broadcast<V>(1.0f / 6);
  p = p * r + broadcast<V>(0.5f);
  p = p * r + broadcast<V>(1.0f);
  p = p * r + broadcast<V>(1.0f);
  return simd::from_bits<float, N>(simd::bits(p) + (simd::bits(shifted) << 23));  // the integer stands in the low bits
}
template <int N> ATELIER_INLINE simd::Vec<double, N> exp_clamped(const simd::Vec<double, N>& x) {
  double lane[N];
  x.store(lane);
  for (double& e : lane) e = std::exp(e);
  return simd::Vec<double, N>::load(lane);
}

/// GELU in its tanh form.
template <class V> ATELIER_INLINE V gelu_tanh(const V& x) {
  using T = typename V::scalar;
  const V slope = broadcast<V>(T(-gelu_slope)), cubic = broadcast<V>(T(-gelu_cubic));
  const V one = broadcast<V>(T(1));
  return x / (one + exp_clamped(x * (slope + cubic * (x * x))));
}

template <class T> struct ActivateArgs {
  T* c = nullptr;
  Index c_row = 0;
  int rows = 0, vectors = 0;
};

template <class P> struct GeluTile {
  ATELIER_INLINE static void run(const ActivateArgs<typename P::T>& t) {
    for (int i = 0; i < t.rows; ++i)
      for (int v = 0; v < t.vectors; ++v) {
        auto* c = t.c + i * t.c_row + v * P::lanes;
        gelu_tanh(P::V::load(c)).store(c);
      }
  }
};

template <class T> struct TurnedArgs {
  T* tile = nullptr;  ///< [rows, tile_row]
  Index tile_row = 0;
  int rows = 0, columns = 0;  ///< of the tile
  T* c = nullptr;             ///< element (i, j) of the tile belongs at c[j * c_row + i]
  Index c_row = 0;
  const T* bias = nullptr;  ///< [rows]
  Activation activation = Activation::none;
};

/// C^T = activation(tile + bias of each row), square of lanes by square of lanes.
template <class P> struct StoreTurned {
  using T = typename P::T;
  using V = typename P::V;
  ATELIER_INLINE static void run(const TurnedArgs<T>& t) {
    for (int i = 0; i < t.rows; i += P::lanes)
      for (int j = 0; j < t.columns; j += P::lanes) square(t, i, j);
  }
  ATELIER_INLINE static void square(const TurnedArgs<T>& t, int first, int column) {
    const Index rows = std::min(t.rows - first, P::lanes), columns = std::min(t.columns - column, P::lanes);
    V r[P::lanes];
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i)
      r[i] = i < rows ? V::load(t.tile + (first + i) * t.tile_row + column) : V(typename V::Raw{});
    transpose(r);
    const V zero(typename V::Raw{}), bias = t.bias ? load_part<P>(t.bias + first, rows) : zero;
#pragma GCC unroll 16
    for (int j = 0; j < P::lanes; ++j) {
      if (j >= columns) break;
      V y = r[j];
      if (t.bias) y.raw += bias.raw;
      if (t.activation == Activation::relu) y = simd::max(zero, y);  // the second one where unordered
      if (t.activation == Activation::gelu_tanh) y = gelu_tanh(y);
      store_part<P>(y, t.c + (column + j) * t.c_row + first, rows);
    }
  }
};

/// tile = C^T, square of lanes by square of lanes; bias and activation are left alone.
template <class P> struct LoadTurned {
  using T = typename P::T;
  using V = typename P::V;
  ATELIER_INLINE static void run(const TurnedArgs<T>& t) {
    for (int i = 0; i < t.rows; i += P::lanes)
      for (int j = 0; j < t.columns; j += P::lanes) square(t, i, j);
  }
  ATELIER_INLINE static void square(const TurnedArgs<T>& t, int first, int column) {
    const Index rows = std::min(t.rows - first, P::lanes), columns = std::min(t.columns - column, P::lanes);
    V r[P::lanes];
#pragma GCC unroll 16
    for (int j = 0; j < P::lanes; ++j)
      r[j] = j < columns ? load_part<P>(t.c + (column + j) * t.c_row + first, rows) : V(typename V::Raw{});
    transpose(r);
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i)
      if (i < rows) r[i].store(t.tile + (first + i) * t.tile_row + column);
  }
};

/// Rows [begin, end) of C = [C +] the sum of the parts, each [m, n]; see split.hpp.
template <class T> struct AddArgs {
  const T* parts = nullptr;
  Index count = 0, size = 0;  ///< parts, and numbers in one
  Index begin = 0, end = 0, columns = 0;
  Matrix<T> c;
  bool accumulate = false;
};
template <class P> struct AddParts {
  using T = typename P::T;
  using V = typename P::V;
  using Args = AddArgs<T>;
  ATELIER_INLINE static void run(const Args& s) {
    for (Index i = s.begin; i < s.end; ++i)
      for (Index j = 0; j < s.columns; j += P::lanes) {
        const Index rest = s.columns - j;
        const T* from = s.parts + i * s.columns + j;
        T* const to = s.c.data + i * s.c.stride + j;
        V sum = load_part<P>(from, rest);
        for (Index p = 1; p < s.count; ++p) sum.raw += load_part<P>(from + p * s.size, rest).raw;
        if (s.accumulate) sum.raw += load_part<P>(to, rest).raw;
        store_part<P>(sum, to, rest);
      }
  }
};

}  // namespace atelier::inline v0::kernels::gemm_impl
