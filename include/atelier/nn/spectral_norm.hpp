/// Spectral normalisation of weights: layers whose largest singular value is kept at 1.
#pragma once

#include "atelier/nn/init.hpp"
#include "atelier/nn/mode.hpp"
#include "atelier/ops/spectral.hpp"

namespace atelier::inline v0::nn {

/// Divides a weight by its largest singular value, which a power iteration follows: u = W v / |W v|, v = W^T u / |W^T
/// u|, sigma = u^T W v, with W the matrix of the weight's dimension `dim` by all others.           Miyato et al. 2018
/// Holds u and v, as PyTorch's parametrization does; for a weight of any layer:
///   nn::SpectralNorm norm{{64, 4, 4, 3}};    conv2d(x, norm(w, mode), b)
template <class T> struct BasicSpectralNorm {
  Shape shape;         // of the weight
  int dim = 0;         // of the outputs: 1 in PyTorch's transposed convolutions
  int iterations = 1;  // for each pass in training
  double eps = 1e-12;  // least norm that is divided by
  mutable BasicBuffer<T> u{{rows()}}, v{{shape.size() / std::max<Index>(1, rows())}};

  /// Throws Error for another weight.
  BasicTensor<T> operator()(const BasicTensor<T>& w, Mode mode) const {
    if (mode == Mode::train) iterate(w, iterations);
    return spectral_norm(w, u, v, dim);
  }
  /// So many power iterations; nothing is recorded.
  void iterate(const BasicTensor<T>& w, int times) const {
    if (w.shape() != shape)
      throw Error("SpectralNorm: expected a weight " + shape.str() + ", found " + w.shape().str());
    Tape::Pause pause;
    const PrecisionScope exact(Precision::highest);
    const auto least = static_cast<real_of<T>>(eps);
    const auto m = atelier::detail::as_rows("SpectralNorm", w, dim);
    for (int i = 0; i < times; ++i) {
      u.assign(atelier::detail::unit_vector(reshape(matmul(m, reshape(v, Shape{v.size(), 1})), u.shape()), least));
      v.assign(atelier::detail::unit_vector(reshape(matmul(reshape(u, Shape{1, u.size()}), m), v.shape()), least));
    }
  }
  /// Random unit vectors; then, as PyTorch does, 15 iterations on the weight should follow.
  void init(Rng& rng) {
    for (auto* x : {&u, &v}) {
      fill_normal(*x, 0, 1, rng);
      x->assign(atelier::detail::unit_vector<T>(*x, static_cast<real_of<T>>(eps)));
    }
  }
  static void visit(auto& m, auto&& f) { f("_u", m.u), f("_v", m.v); }

 private:
  Index rows() const { return shape.rank() < 2 ? 1 : shape[dim]; }
};
using SpectralNorm = BasicSpectralNorm<float>;

/// A weight that is used divided by its largest singular value: weight(mode).
template <class T> struct BasicSpectralWeight {
  Shape shape;
  int dim = 0;
  int iterations = 1;
  double eps = 1e-12;
  BasicParam<T> original{shape};
  BasicSpectralNorm<T> norm{shape, dim, iterations, eps};

  BasicTensor<T> operator()(Mode mode) const { return norm(original, mode); }
  /// Once `original` has its first values.
  void start(Rng& rng) {
    norm.init(rng);
    norm.iterate(original, 15);
  }
  static void visit(auto& m, auto&& f) { f("original", m.original), f("0", m.norm); }
};
using SpectralWeight = BasicSpectralWeight<float>;

/// A fully connected layer with spectral normalisation: [..., in] -> [..., out]. Named as in PyTorch:
/// bias, parametrizations.weight.original, parametrizations.weight.0._u and ._v.
template <class T> struct BasicSpectralLinear {
  Index in = 0, out = 0;
  bool bias = true;
  BasicSpectralWeight<T> w{Shape{out, in}};
  BasicParam<T> b{{bias ? out : 0}};

  BasicTensor<T> operator()(const BasicTensor<T>& x, Mode mode, Activation activation = Activation::none) const {
    return bias ? linear(x, w(mode), b, activation) : activate(matmul(x, w(mode), {.transpose_b = true}), activation);
  }
  void init(Rng& rng) {
    init_default(w.original, static_cast<double>(in), rng);
    if (bias) init_default(b, static_cast<double>(in), rng);
    w.start(rng);
  }
  static void visit(auto& m, auto&& f) {
    if (m.bias) f("bias", m.b);
    f("parametrizations.weight", m.w);
  }
};
using SpectralLinear = BasicSpectralLinear<float>;

}  // namespace atelier::inline v0::nn
