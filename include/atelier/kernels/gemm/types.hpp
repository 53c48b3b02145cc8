/// What a matrix product is made of: sizes, operands, epilogue, and the choice of instruction set and precision.
#pragma once

#include <type_traits>

#include "atelier/core/precision.hpp"
#include "atelier/core/shape.hpp"
#include "atelier/kernels/isa.hpp"

namespace atelier::inline v0::kernels {

/// Sizes of C[m, n] = A[m, k] * B[k, n].
struct GemmShape {
  Index m = 0, n = 0, k = 0;
};

/// A row-major matrix in memory: its rows start `stride` elements apart (stride >= width).
template <class T> struct Matrix {
  T* data = nullptr;
  Index stride = 0;
  operator Matrix<const T>() const requires(!std::is_const_v<T>) { return {data, stride}; }
};
template <class T> Matrix(T*, Index) -> Matrix<T>;

/// Whether an operand stands in memory as the formula names it, or transposed.
enum class Transpose : bool { no, yes };

/// relu: max(x, 0), NaN stays. gelu_tanh: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))); Hendrycks & Gimpel 2016.
enum class Activation { none, relu, gelu_tanh };
/// gelu_tanh(x) = x sigmoid(x (slope + cubic x^2)), because (1 + tanh(u)) / 2 = sigmoid(2u).
inline constexpr double gelu_slope = 1.5957691216057308, gelu_cubic = 0.07135481627260025;

/// What happens to a product before it is stored: C = activation([C +] A B [+ bias]).
template <class T> struct GemmEpilogue {
  const T* bias = nullptr;                   ///< one number a column, [n]; may be absent
  Activation activation = Activation::none;  ///< applied last
  bool accumulate = false;                   ///< add to what C holds
};

/// How products are computed. `isa` is at most atelier::isa(), which asks for the registers of amx. A packed operand
/// may only be used under the mode it was packed for.
struct GemmMode {
  Isa isa = atelier::isa();
  Precision precision = PrecisionScope::current();

  /// Whether products take their inputs as bfloat16; those of attention do on avx512bf16 alone.
  bool rounds() const { return precision == Precision::medium && isa >= Isa::avx512bf16; }
};

}  // namespace atelier::inline v0::kernels
