/// The pointwise part of an LSTM's step, and its gradient.                            Hochreiter & Schmidhuber 1997
///
/// z: [rows, 4 n], the sums of the gates i, f, g, o side by side, as PyTorch orders them:
///   i, f, o = sigmoid(z_i, z_f, z_o), g = tanh(z_g), c = f c_before + i g, h = o tanh(c)
#pragma once

#include "atelier/kernels/channels.hpp"

namespace atelier::inline v0::kernels {

/// What a step reads and writes; gates: [rows, 4 n], the rest [rows, n].
template <class T> struct LstmStep {
  const T *z, *before;  ///< before: the cell's state before the step
  T *gates, *c, *h;
};
/// dz: [rows, 4 n]. dc comes in as the gradient of the new state c, and goes out as that of the state before, at `dc`.
template <class T> struct LstmStepBack {
  const T *gates, *before, *c, *dh, *dc_in;
  T *dz, *dc;
};

namespace detail {
/// body.operator()<L>(r) for rows of n > 0 numbers.
template <class T, class F> void each_lstm_row(Index rows, Index n, const F& body) {
  if (n == 0) return;
  parallel_for(rows, map_grain / (16 * n) + 1, [&](Index begin, Index end) {
    dispatch([&]<int Bytes>() ATELIER_LAMBDA {
      with_lanes<T, Bytes>(n, [&]<class L>() ATELIER_LAMBDA {
        for (Index r = begin; r < end; ++r) body.template operator()<L>(r);
      });
    });
  });
}
}  // namespace detail

template <Real T> void lstm_step(const LstmStep<T>& s, Index rows, Index n) {
  detail::each_lstm_row<T>(rows, n, [&]<class L>(Index r) ATELIER_LAMBDA {
    const T *z = s.z + r * 4 * n, *before = s.before + r * n;
    T *gates = s.gates + r * 4 * n, *c = s.c + r * n, *h = s.h + r * n;
    each_vector<L>(n, [&](Index j) ATELIER_LAMBDA {
      const auto i = sigmoid(L::load(z + j)), f = sigmoid(L::load(z + n + j)), g = tanh(L::load(z + 2 * n + j)),
                 o = sigmoid(L::load(z + 3 * n + j));
      const auto state = f * L::load(before + j) + i * g;
      L::store(i, gates + j), L::store(f, gates + n + j), L::store(g, gates + 2 * n + j),
          L::store(o, gates + 3 * n + j);
      L::store(state, c + j);
      L::store(o * tanh(state), h + j);
    });
  });
}

template <Real T> void lstm_step_gradient(const LstmStepBack<T>& s, Index rows, Index n) {
  detail::each_lstm_row<T>(rows, n, [&]<class L>(Index r) ATELIER_LAMBDA {
    const T *gates = s.gates + r * 4 * n, *before = s.before + r * n, *c = s.c + r * n, *dh = s.dh + r * n;
    const T* dc_in = s.dc_in + r * n;
    T *dz = s.dz + r * 4 * n, *dc = s.dc + r * n;
    each_vector<L>(n, [&](Index j) ATELIER_LAMBDA {
      const auto i = L::load(gates + j), f = L::load(gates + n + j), g = L::load(gates + 2 * n + j),
                 o = L::load(gates + 3 * n + j);
      const auto t = tanh(L::load(c + j)), d = L::load(dh + j), state = L::load(dc_in + j) + d * o * (1 - t * t);
      L::store(state * g * i * (1 - i), dz + j);
      L::store(state * L::load(before + j) * f * (1 - f), dz + n + j);
      L::store(state * i * (1 - g * g), dz + 2 * n + j);
      L::store(d * t * o * (1 - o), dz + 3 * n + j);
      L::store(state * f, dc + j);
    });
  });
}

}  // namespace atelier::inline v0::kernels
