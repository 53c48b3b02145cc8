/// Long short-term memory.
#pragma once

#include "atelier/nn/dropout.hpp"
#include "atelier/nn/init.hpp"
#include "atelier/ops/lstm.hpp"

namespace atelier::inline v0::nn {

/// Where the layers of an LSTM stand: h and c, each [layers, B, hidden].
template <class T> struct LstmState { BasicTensor<T> h, c; };

/// Layers of LSTM cells over a sequence: x [T, B, input] -> [T, B, hidden].          Hochreiter & Schmidhuber 1997
/// Weights weight_ih_l0 [4 hidden, input], weight_hh_l0 [4 hidden, hidden], bias_ih_l0, bias_hh_l0 [4 hidden], and so
/// on for each layer, with the gates i, f, g, o, as in PyTorch; all drawn from U(-1/sqrt(hidden), 1/sqrt(hidden)).
template <class T> struct BasicLstm {
  Index input = 0, hidden = 0, layers = 1;
  double dropout = 0;      // of each layer's outputs but the last's
  bool locked = false;     // with one mask for all times
  double weight_drop = 0;  // of the recurrent weights, one mask for all times         Merity et al. 2018
  struct Layer {
    BasicParam<T> w_ih, w_hh, b_ih, b_hh;
  };
  std::vector<Layer> layer = make_layers();

  struct Result {
    BasicTensor<T> y;    // [T, B, hidden]
    LstmState<T> state;  // after the last time
  };

  /// From the given state, or from zeros. Training is said by handing in a generator.
  /// Throws Error when the shapes do not fit.
  Result operator()(const BasicTensor<T>& x, const LstmState<T>& from = {}, Rng* rng = nullptr) const {
    if (x.rank() != 3 || x.size(2) != input)
      throw Error("Lstm: expected [T, B, " + std::to_string(input) + "], found " + x.shape().str());
    const Index times = x.size(0);
    const Shape start{layers, x.size(1), hidden};
    const LstmState<T> before = from.h ? from : LstmState<T>{BasicTensor<T>(start, T(0)), BasicTensor<T>(start, T(0))};
    if (before.h.shape() != start || !before.c || before.c.shape() != start)
      throw Error("Lstm: expected a state of twice " + start.str() + ", found " + before.h.shape().str() + " and " +
                  (before.c ? before.c.shape().str() : "nothing"));
    BasicTensor<T> y = x;
    LstmState<T> after;
    for (Index k = 0; k < layers; ++k) {
      if (k > 0 && rng && dropout > 0) y = locked ? dropout_shared(y, dropout, 0, *rng) : drop(y, dropout, *rng);
      const auto all =
          run(layer[static_cast<std::size_t>(k)], y, select_index(before.h, 0, k), select_index(before.c, 0, k), rng);
      y = slice(all, 0, 0, times);
      add_layer(after.h, times > 0 ? select_index(all, 0, times - 1) : select_index(before.h, 0, k), k);
      add_layer(after.c, select_index(all, 0, times), k);
    }
    return {y, after};
  }
  void init(Rng& rng) {
    for (Layer& l : layer)
      for (auto* p : {&l.w_ih, &l.w_hh, &l.b_ih, &l.b_hh}) init_default(*p, static_cast<double>(hidden), rng);
  }
  static void visit(auto& m, auto&& f) {
    for (std::size_t k = 0; k < m.layer.size(); ++k) {
      const std::string at = "_l" + std::to_string(k);
      f(("weight_ih" + at).c_str(), m.layer[k].w_ih), f(("weight_hh" + at).c_str(), m.layer[k].w_hh);
      f(("bias_ih" + at).c_str(), m.layer[k].b_ih), f(("bias_hh" + at).c_str(), m.layer[k].b_hh);
    }
  }

 private:
  /// stack(), layer by layer, which takes no memory but the tensors'.
  void add_layer(BasicTensor<T>& all, const BasicTensor<T>& one, Index k) const {
    const auto placed = embed(unsqueeze(one, 0), 0, k, layers);
    all = k == 0 ? placed : add(all, placed);
  }
  static BasicTensor<T> drop(const BasicTensor<T>& x, double p, Rng& rng) { return atelier::dropout(x, p, rng); }
  std::vector<Layer> make_layers() const {
    if (layers < 1) throw ConfigError("Lstm: expected at least one layer, found " + std::to_string(layers));
    std::vector<Layer> all;
    for (Index k = 0; k < layers; ++k)
      all.push_back({Shape{4 * hidden, k == 0 ? input : hidden}, Shape{4 * hidden, hidden}, Shape{4 * hidden},
                     Shape{4 * hidden}});
    return all;
  }
  BasicTensor<T> run(const Layer& l, const BasicTensor<T>& x, const BasicTensor<T>& h, const BasicTensor<T>& c,
                     Rng* rng) const {
    const BasicTensor<T> w = rng && weight_drop > 0 ? drop(l.w_hh, weight_drop, *rng) : BasicTensor<T>(l.w_hh);
    return lstm(linear(x, l.w_ih, add(l.b_ih, l.b_hh)), w, h, c);
  }
};
using Lstm = BasicLstm<float>;

}  // namespace atelier::inline v0::nn
