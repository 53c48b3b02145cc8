/// Matrix products, and the fully connected layer with its bias and activation in the product's epilogue.
#pragma once

#include "atelier/kernels/gemm.hpp"
#include "atelier/kernels/gemv.hpp"
#include "atelier/ops/activation.hpp"
#include "atelier/ops/reduce.hpp"

namespace atelier::inline v0 {

struct MatmulOptions {
  bool transpose_a = false, transpose_b = false;  // of the two innermost dimensions; nothing is copied
};

namespace detail {
inline kernels::Transpose transpose_if(bool yes) { return yes ? kernels::Transpose::yes : kernels::Transpose::no; }

/// A product a w^T of so few rows that to read w is most of the work: in plain floats at any precision.
template <class T>
bool gemv_serves(const kernels::GemmShape& s, bool ta, bool tb, const kernels::GemmEpilogue<T>& epilogue) {
  constexpr Index most_rows = 16;
  return !ta && tb && s.m <= most_rows && !epilogue.accumulate && epilogue.activation != kernels::Activation::gelu_tanh;
}
template <class T>
void gemv(const kernels::GemmShape& s, const T* a, const T* w, T* c, const kernels::GemmEpilogue<T>& epilogue) {
  kernels::gemv<T>({s.m, s.n, s.k}, a, w, epilogue.bias, c);
  if (epilogue.activation == kernels::Activation::relu)
    std::transform(c, c + s.m * s.n, c, [](T v) { return v <= 0 ? T(0) : v; });
}

/// One product of row-major, gap-free matrices; the workspace comes from the pool.
template <class T>
void gemm(const kernels::GemmShape& s, bool ta, const T* a, bool tb, const T* b, T* c, Precision precision,
          const kernels::GemmEpilogue<T>& epilogue = {}) {
  if constexpr (kernels::GemmScalar<T>)
    if (gemv_serves(s, ta, tb, epilogue)) return gemv(s, a, b, c, epilogue);
  const kernels::GemmMode mode{.precision = precision};
  const auto at = transpose_if(ta), bt = transpose_if(tb);
  const Index size = kernels::gemm_workspace_size<T>(s, at, bt, mode);
  auto workspace = BasicTensor<T>::empty({size});
  kernels::gemm<T>(s, at, {a, ta ? s.m : s.k}, bt, {b, tb ? s.k : s.n}, kernels::Matrix<T>{c, s.n}, epilogue,
                   std::span<T>(workspace.mutable_data(), static_cast<std::size_t>(size)), mode);
}

/// Sizes of a (batched) product: c[batch, m, n] = a[batch, m, k] b[batch, k, n], or one b for all.
struct MatmulPlan {
  Index batch = 1;
  kernels::GemmShape one;
  Shape result;
  bool shared_b = false;

  MatmulPlan(const Shape& a, const Shape& b, const MatmulOptions& o) {
    if (a.rank() < 2 || b.rank() < 2) fail("expected matrices", a, b, o);
    one = {.m = a[o.transpose_a ? -1 : -2], .n = b[o.transpose_b ? -2 : -1], .k = a[o.transpose_a ? -2 : -1]};
    if (b[o.transpose_b ? -1 : -2] != one.k) fail("inner sizes differ", a, b, o);
    shared_b = b.rank() == 2;
    for (int d = 0; d < a.rank() - 2; ++d) result.push_back(a[d]);
    if (!shared_b) {
      for (int d = 0; d < b.rank() - 2; ++d)
        if (a.rank() != b.rank() || a[d] != b[d]) fail("batches differ", a, b, o);
    }
    batch = result.size();
    if (shared_b && !o.transpose_a) one.m *= std::exchange(batch, 1);  // all rows at once
    result.push_back(a[o.transpose_a ? -1 : -2]);
    result.push_back(one.n);
  }
  [[noreturn]] static void fail(const char* why, const Shape& a, const Shape& b, const MatmulOptions& o) {
    throw Error(std::string("matmul: ") + why + ", " + a.str() + (o.transpose_a ? "^T" : "") + " x " + b.str() +
                (o.transpose_b ? "^T" : ""));
  }
};

template <class T>
BasicTensor<T> matmul_value(const BasicTensor<T>& a, const BasicTensor<T>& b, const MatmulOptions& o,
                            Precision precision) {
  const MatmulPlan plan(a.shape(), b.shape(), o);
  auto y = BasicTensor<T>::empty(plan.result);
  const auto& s = plan.one;
  const auto product = [&](Index i) {
    gemm(s, o.transpose_a, a.data() + i * s.m * s.k, o.transpose_b, b.data() + (plan.shared_b ? 0 : i * s.k * s.n),
         y.mutable_data() + i * s.m * s.n, precision);
  };
  if (plan.batch == 1) {
    product(0);
  } else {
    const Index grain = (Index{1} << 18) / std::max<Index>(1, s.m * s.n * s.k) + 1;
    parallel_for(plan.batch, grain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) product(i);
    });
  }
  return y;
}

/// The matrices of a batch one below the other.
template <class T> BasicTensor<T> fold(const BasicTensor<T>& x) {
  return x.rank() == 2 ? x : reshape(x, Shape{x.shape().count(0, x.rank() - 1), x.size(-1)});
}

template <class T>
BasicTensor<T> matmul_at(const BasicTensor<T>& a, const BasicTensor<T>& b, const MatmulOptions& o,
                         Precision precision) {
  if (b.rank() == 2 && a.rank() > 2 && !o.transpose_a) {  // rows of all batches are rows of one product
    Shape shape = a.shape();
    shape[-1] = b.size(o.transpose_b ? 0 : 1);
    return reshape(matmul_at(fold(a), b, o, precision), shape);
  }
  const bool ta = o.transpose_a, tb = o.transpose_b;
  return record("matmul", matmul_value(a, b, o, precision),
                wrt(a,
                    [b, ta, tb, precision](const BasicTensor<T>& g) {
                      return ta ? matmul_at(b, g, {tb, true}, precision) : matmul_at(g, b, {false, !tb}, precision);
                    }),
                wrt(b, [a, ta, tb, precision](const BasicTensor<T>& g) {
                  return tb ? matmul_at(g, a, {true, ta}, precision) : matmul_at(a, g, {!ta, false}, precision);
                }));
}
}  // namespace detail

/// a b: [..., M, K] x [..., K, N] -> [..., M, N], with equal leading dimensions; or [..., M, K] x [K, N].
/// Float products at the precision of the innermost PrecisionScope. Throws Error when sizes do not fit.
template <class T> BasicTensor<T> matmul(const BasicTensor<T>& a, const BasicTensor<T>& b, MatmulOptions o = {}) {
  if (b.rank() == 2 && a.rank() > 2 && o.transpose_a)
    throw Error("matmul: a batch of transposed matrices needs a batch on both sides, found " + a.shape().str() +
                "^T x " + b.shape().str());
  return detail::matmul_at(a, b, o, PrecisionScope::current());
}
ATELIER_OP(matmul)

namespace detail {
/// The composed definition of linear().
template <class T>
BasicTensor<T> linear_definition(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                                 bool rectify, Precision precision) {
  if (x.rank() == 1) {
    const auto row = linear_definition(reshape(x, Shape{1, x.size(0)}), w, b, rectify, precision);
    return reshape(row, b.shape());
  }
  const auto y = add(matmul_at(x, w, {.transpose_b = true}, precision), b);
  return rectify ? relu(y) : y;
}

/// Backward of y = relu?(x w^T + b): dx = g w, dw = g^T x, db = column sums of g, g masked where y = 0.
template <class T>
Cotangents<T, 3> linear_backward(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& g,
                                 const Wanted<3>& wanted, Precision precision) {
  Cotangents<T, 3> d;
  const kernels::GemmShape s{.m = x.shape().count(0, x.rank() - 1), .n = w.size(1), .k = w.size(0)};  // of dx
  if (wanted[0]) {
    d[0] = BasicTensor<T>::empty(x.shape());
    gemm(s, false, g.data(), false, w.data(), d[0].mutable_data(), precision);
  }
  if (wanted[1]) {
    d[1] = BasicTensor<T>::empty(w.shape());
    gemm({.m = s.k, .n = s.n, .k = s.m}, true, g.data(), false, x.data(), d[1].mutable_data(), precision);
  }
  if (wanted[2]) {
    d[2] = BasicTensor<T>::empty({s.k});
    kernels::sum_columns(d[2].mutable_data(), g.data(), s.m, s.k);
  }
  return d;
}
}  // namespace detail

/// x w^T + b, then the activation: x [..., in], w [out, in], b [out] -> [..., out].
template <class T>
BasicTensor<T> linear(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                      Activation activation = Activation::none) {
  const bool rectify = activation == Activation::relu;
  if (!rectify && activation != Activation::none) return activate(linear(x, w, b), activation);
  if (x.rank() < 1 || w.rank() != 2 || x.size(-1) != w.size(1) || b.shape() != Shape{w.size(0)})
    throw Error("linear: expected [..., in], [out, in], [out], found " + x.shape().str() + ", " + w.shape().str() +
                ", " + b.shape().str());
  const Precision precision = PrecisionScope::current();
  const auto define = [rectify, precision](const auto&... xwb) {
    return detail::linear_definition(xwb..., rectify, precision);
  };
  if constexpr (!Real<T>) {
    return define(x, w, b);
  } else {
    Shape shape = x.shape();
    shape[-1] = w.size(0);
    auto y = BasicTensor<T>::empty(shape);
    const kernels::GemmShape s{.m = shape.count(0, shape.rank() - 1), .n = w.size(0), .k = w.size(1)};
    detail::gemm(s, false, x.data(), true, w.data(), y.mutable_data(), precision,
                 {.bias = b.data(), .activation = rectify ? kernels::Activation::relu : kernels::Activation::none});
    const auto backward = [x, w, rectify, precision](const BasicTensor<T>& g, const BasicTensor<T>& out,
                                                     const Wanted<3>& wanted) {
      const auto mask = [](auto c, auto v) ATELIER_LAMBDA { return select(v <= 0, 0, c); };
      return detail::linear_backward(x, w, rectify ? detail::map_value<true>("linear", mask, g, out) : g, wanted,
                                     precision);
    };
    return record_fused("linear", y, {x, w, b}, backward, define);
  }
}
ATELIER_OP(linear)

}  // namespace atelier::inline v0
