/// A layer of LSTM cells over a whole sequence, as one operation.
#pragma once

#include "atelier/kernels/lstm.hpp"
#include "atelier/ops/matmul.hpp"

namespace atelier::inline v0 {

namespace detail {
/// The composed definition of lstm().
template <class T>
BasicTensor<T> lstm_definition(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& h0,
                               const BasicTensor<T>& c0, Precision precision) {
  const Index n = w.size(1);
  std::vector<BasicTensor<T>> states;
  BasicTensor<T> h = h0, c = c0;
  for (Index t = 0; t < x.size(0); ++t) {
    const auto z = add(select_index(x, 0, t), matmul_at(h, w, {.transpose_b = true}, precision));
    const auto gate = [&](Index k) { return slice(z, 1, k * n, (k + 1) * n); };
    c = add(mul(sigmoid(gate(1)), c), mul(sigmoid(gate(0)), tanh(gate(2))));
    h = mul(sigmoid(gate(3)), tanh(c));
    states.push_back(h);
  }
  states.push_back(c);
  return stack(states, 0);
}

/// The passes of lstm(): products with the recurrent weights, packed once, and the pointwise part between them.
template <class T> struct LstmPasses {
  Index times, rows, n;
  Precision precision;
  kernels::GemmMode mode{.precision = precision};
  BasicTensor<T> w{}, h0{}, c0{};    // [4 n, n], [rows, n], [rows, n]
  BasicTensor<T> gates{}, states{};  // [times, rows, 4 n], [times, rows, n]: kept for the gradient

  Index step() const { return rows * n; }
  const T* state_before(Index t) const { return t == 0 ? c0.data() : states.data() + (t - 1) * step(); }

  /// Recurrent weights packed for products [rows, k] x [k, columns], and their workspace.
  struct Packed {
    kernels::GemmShape shape;
    BasicTensor<T> b, workspace;
  };
  Packed pack(kernels::Transpose turn, Index columns, Index k) const {
    const kernels::GemmShape shape{.m = rows, .n = columns, .k = k};
    Packed p{shape, BasicTensor<T>::empty({kernels::gemm_packed_size<T>(columns, k, mode)}),
             BasicTensor<T>::empty({kernels::gemm_packed_workspace_size<T>(shape, mode)})};
    kernels::gemm_pack<T>(columns, k, turn, {w.data(), n}, p.b.mutable_data(), mode);
    return p;
  }
  /// c += a w (or w^T), as packed.
  void add_product(Packed& p, const T* a, T* c) const {
    const std::span<T> workspace(p.workspace.mutable_data(), static_cast<std::size_t>(p.workspace.size()));
    kernels::gemm_packed<T>(p.shape, {a, p.shape.k}, p.b.data(), kernels::Matrix<T>{c, p.shape.n}, {.accumulate = true},
                            workspace, mode);
  }

  /// h_1, ..., h_T and the last state: [times + 1, rows, n].
  BasicTensor<T> forward(const BasicTensor<T>& x) {
    auto y = BasicTensor<T>::empty({times + 1, rows, n}), z = BasicTensor<T>::empty({rows, 4 * n});
    gates = BasicTensor<T>::empty({times, rows, 4 * n}), states = BasicTensor<T>::empty({times, rows, n});
    auto packed = pack(kernels::Transpose::yes, 4 * n, n);
    for (Index t = 0; t < times; ++t) {
      T* const h = y.mutable_data() + t * step();
      std::copy_n(x.data() + t * 4 * step(), 4 * step(), z.mutable_data());
      add_product(packed, t == 0 ? h0.data() : h - step(), z.mutable_data());
      kernels::lstm_step<T>(
          {z.data(), state_before(t), gates.mutable_data() + t * 4 * step(), states.mutable_data() + t * step(), h},
          rows, n);
    }
    std::copy_n(state_before(times), step(), y.mutable_data() + times * step());
    return y;
  }

  /// dx, dw, dh0, dc0.
  Cotangents<T, 4> backward(const BasicTensor<T>& g, const BasicTensor<T>& y) const {
    const Shape row{rows, n};
    Cotangents<T, 4> d{BasicTensor<T>::empty({times, rows, 4 * n}), BasicTensor<T>::empty(w.shape()), copy(h0),
                       BasicTensor<T>::empty(row)};
    auto dh = BasicTensor<T>::zeros(row), dc = copy(g.view(row, times * step()));
    auto packed = pack(kernels::Transpose::no, n, 4 * n);
    for (Index t = times; t-- > 0;) {
      add_into(dh, g.view(row, t * step()));
      T* const dz = d[0].mutable_data() + t * 4 * step();
      auto before = BasicTensor<T>::empty(row);
      kernels::lstm_step_gradient<T>({gates.data() + t * 4 * step(), state_before(t), states.data() + t * step(),
                                      dh.data(), dc.data(), dz, before.mutable_data()},
                                     rows, n);
      dc = before;
      dh = BasicTensor<T>::zeros(row);
      add_product(packed, dz, dh.mutable_data());
    }
    d[2] = dh, d[3] = dc;
    weight_gradient(d[0], y, d[1]);
    return d;
  }

 private:
  /// dw = sum over t of dz_t^T h_(t - 1): one product for h0, one for all that follow.
  void weight_gradient(const BasicTensor<T>& dz, const BasicTensor<T>& y, BasicTensor<T>& dw) const {
    if (times == 0) return std::fill_n(dw.mutable_data(), dw.size(), T(0)), void();
    gemm<T>({.m = 4 * n, .n = n, .k = rows}, true, dz.data(), false, h0.data(), dw.mutable_data(), precision);
    gemm<T>({.m = 4 * n, .n = n, .k = (times - 1) * rows}, true, dz.data() + 4 * step(), false, y.data(),
            dw.mutable_data(), precision, {.accumulate = true});
  }
};
}  // namespace detail

/// A layer of LSTM cells. x [T, B, 4 N] are the inputs' parts of the gates' sums, biases included, in PyTorch's order
/// i, f, g, o; w [4 N, N] recurrent weights, h0 and c0 [B, N] the states before
///   -> [T + 1, B, N]: the outputs h_1, ..., h_T, and behind them the last state c_T.
/// The gradient keeps the gates; products over all times are one. Float products at the precision of the innermost
/// PrecisionScope. Throws Error when the shapes do not fit.
template <class T>
BasicTensor<T> lstm(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& h0,
                    const BasicTensor<T>& c0) {
  const Index n = w.rank() == 2 ? w.size(1) : -1;
  if (n < 0 || x.rank() != 3 || w.size(0) != 4 * n || x.size(2) != 4 * n || h0.shape() != Shape{x.size(1), n} ||
      c0.shape() != h0.shape())
    throw Error("lstm: expected [T, B, 4 N], [4 N, N] and twice [B, N], found " + x.shape().str() + ", " +
                w.shape().str() + ", " + h0.shape().str() + ", " + c0.shape().str());
  const Precision precision = PrecisionScope::current();
  const auto define = [precision](const auto&... in) { return detail::lstm_definition(in..., precision); };
  if constexpr (!Real<T>) {
    return define(x, w, h0, c0);
  } else {
    detail::LstmPasses<T> passes{
        .times = x.size(0), .rows = x.size(1), .n = n, .precision = precision, .w = w, .h0 = h0, .c0 = c0};
    const auto y = passes.forward(x);
    const auto backward = [passes](const BasicTensor<T>& g, const BasicTensor<T>& out, const Wanted<4>&) {
      return passes.backward(g, out);
    };
    return record_fused("lstm", y, {x, w, h0, c0}, backward, define);
  }
}
ATELIER_OP(lstm)

}  // namespace atelier::inline v0
