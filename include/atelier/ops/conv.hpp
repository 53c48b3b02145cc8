/// Two-dimensional convolutions.
///
/// Images are channels last, x: [B, H, W, C] row-major. Weights have PyTorch's shapes, so that its numbers load
/// unchanged: [out, in / groups, kh, kw], for transposed convolutions [in, out / groups, kh, kw], bias [out].
///
/// A convolution is linear in the image and in the weights, and the three maps that arise, forward, to the data (a
/// transposed convolution) and to the weights, are each other's derivatives: all of them are recorded and can be
/// differentiated any number of times.
#pragma once

#include "atelier/kernels/conv.hpp"
#include "atelier/ops/activation.hpp"
#include "atelier/ops/reduce.hpp"

namespace atelier::inline v0 {

/// Height and width; one number stands for both.
struct Size2d {
  Index height = 0, width = 0;
  constexpr Size2d(Index both) : height(both), width(both) {}
  constexpr Size2d(Index h, Index w) : height(h), width(w) {}
  std::string str() const { return "[" + std::to_string(height) + ", " + std::to_string(width) + "]"; }
  friend bool operator==(const Size2d&, const Size2d&) = default;
};

/// conv2d(x, w, b, {.stride = 2, .padding = 1}). Padding is of zeros, on both sides.
struct Conv2dOptions {
  Size2d stride = 1, padding = 0, dilation = 1;
  Index groups = 1;  ///< channels are cut into so many groups that do not meet
};

/// As in PyTorch; `output_padding` adds rows below and columns to the right of the result.
struct ConvTranspose2dOptions {
  Size2d stride = 1, padding = 0, output_padding = 0, dilation = 1;
  Index groups = 1;
};

namespace detail {
using kernels::ConvPass;
using kernels::ConvShape;

inline ConvShape::Pair pair(const Size2d& s) { return {s.height, s.width}; }
inline std::string text(const ConvShape::Pair& p) { return Size2d(p[0], p[1]).str(); }

/// What every convolution asks of its operands: images of rank 4, weights of rank 4, sane numbers.
inline void check_conv(const char* op, const ConvShape& s) {
  constexpr Index most = Index{1} << 31;
  const auto within = [&](const char* what, const ConvShape::Pair& p, Index least) {
    if (std::min(p[0], p[1]) >= least && std::max(p[0], p[1]) < most) return;
    throw Error(std::string(op) + ": expected a " + what + " of at least " + std::to_string(least) + ", found " +
                text(p));
  };
  within("kernel", s.kernel, 1);
  within("stride", s.stride, 1);
  within("padding", s.padding, 0);
  within("dilation", s.dilation, 1);
}
inline void check_groups(const char* op, Index groups, Index channels, const char* what) {
  if (groups < 1 || channels % groups != 0)
    throw Error(std::string(op) + ": " + std::to_string(groups) + " groups do not divide " + std::to_string(channels) +
                " " + what);
}
inline void check_images(const char* op, const Shape& x, const Shape& w) {
  if (x.rank() != 4 || w.rank() != 4)
    throw Error(std::string(op) + ": expected images [B, H, W, C] and weights of rank 4, found " + x.str() + " and " +
                w.str());
}

/// Sizes of the convolution of x [B, H, W, C] with w [out, in / groups, kh, kw].
inline ConvShape conv_shape(const char* op, const Shape& x, const Shape& w, const Conv2dOptions& o) {
  check_images(op, x, w);
  ConvShape s{.batch = x[0],
              .size = {x[1], x[2]},
              .in = x[3],
              .out = w[0],
              .kernel = {w[2], w[3]},
              .stride = pair(o.stride),
              .padding = pair(o.padding),
              .dilation = pair(o.dilation),
              .groups = o.groups};
  check_conv(op, s);
  check_groups(op, s.groups, s.in, "input channels");
  check_groups(op, s.groups, s.out, "output channels");
  if (w[1] != s.group_in())
    throw Error(std::string(op) + ": channels differ, images " + x.str() + ", weights " + w.str() + ", groups " +
                std::to_string(s.groups));
  for (std::size_t d = 0; d < 2; ++d) {
    const Index room = s.size[d] + 2 * s.padding[d] - s.dilation[d] * (s.kernel[d] - 1) - 1;
    if (room < 0)
      throw Error(std::string(op) + ": the kernel does not fit, images " + x.str() + ", weights " + w.str() +
                  ", padding " + o.padding.str() + ", dilation " + o.dilation.str());
    s.out_size[d] = room / s.stride[d] + 1;
  }
  return s;
}

/// Sizes of the convolution whose transpose takes x [B, H, W, in] to the result, w [in, out / groups, kh, kw].
inline ConvShape conv_transpose_shape(const char* op, const Shape& x, const Shape& w, const ConvTranspose2dOptions& o) {
  check_images(op, x, w);
  check_groups(op, o.groups, x[3], "input channels");
  ConvShape s{.batch = x[0],
              .in = w[1] * o.groups,
              .out_size = {x[1], x[2]},
              .out = x[3],
              .kernel = {w[2], w[3]},
              .stride = pair(o.stride),
              .padding = pair(o.padding),
              .dilation = pair(o.dilation),
              .groups = o.groups};
  check_conv(op, s);
  if (w[0] != s.out) throw Error(std::string(op) + ": channels differ, images " + x.str() + ", weights " + w.str());
  const auto more = pair(o.output_padding);
  for (std::size_t d = 0; d < 2; ++d) {
    if (more[d] < 0 || more[d] >= std::max(s.stride[d], s.dilation[d]))
      throw Error(std::string(op) + ": expected an output padding below stride or dilation, found " +
                  o.output_padding.str() + ", stride " + o.stride.str() + ", dilation " + o.dilation.str());
    s.size[d] = (x[static_cast<int>(d) + 1] - 1) * s.stride[d] - 2 * s.padding[d] + s.dilation[d] * (s.kernel[d] - 1) +
                more[d] + 1;
    if (s.size[d] < 0)
      throw Error(std::string(op) + ": nothing is left, images " + x.str() + ", weights " + w.str() + ", padding " +
                  o.padding.str());
  }
  return s;
}

inline Shape conv_result(const ConvShape& s, ConvPass pass) {
  if (pass == ConvPass::forward) return {s.batch, s.out_size[0], s.out_size[1], s.out};
  if (pass == ConvPass::data) return {s.batch, s.size[0], s.size[1], s.in};
  return {s.out, s.group_in(), s.kernel[0], s.kernel[1]};
}

/// A pass, unrecorded: forward(x, w), data(dy, w) or weights(x, dy). The workspace comes from the pool.
template <class T>
BasicTensor<T> conv_value(const ConvShape& s, ConvPass pass, const BasicTensor<T>& a, const BasicTensor<T>& b,
                          Precision precision, const kernels::ConvEpilogue<T>& epilogue = {}) {
  const kernels::GemmMode mode{.precision = precision};
  auto y = BasicTensor<T>::empty(conv_result(s, pass));
  const Index size = kernels::conv_workspace_size<T>(s, pass, mode);
  auto scratch = BasicTensor<T>::empty({size});
  const std::span<T> workspace(scratch.mutable_data(), static_cast<std::size_t>(size));
  T* const out = y.mutable_data();
  switch (pass) {
    case ConvPass::forward: kernels::conv(s, a.data(), b.data(), out, epilogue, workspace, mode); break;
    case ConvPass::data: kernels::conv_data(s, a.data(), b.data(), out, epilogue, workspace, mode); break;
    case ConvPass::weights: kernels::conv_weights(s, a.data(), b.data(), out, workspace, mode); break;
  }
  return y;
}

/// A pass, recorded. Each pass is bilinear, and its rules are the other two.
template <class T>
BasicTensor<T> conv_at(const ConvShape& s, ConvPass pass, const BasicTensor<T>& a, const BasicTensor<T>& b,
                       Precision precision) {
  const auto to_a = [=](const BasicTensor<T>& g) {
    if (pass == ConvPass::forward) return conv_at(s, ConvPass::data, g, b, precision);
    if (pass == ConvPass::data) return conv_at(s, ConvPass::forward, g, b, precision);
    return conv_at(s, ConvPass::data, b, g, precision);
  };
  const auto to_b = [=](const BasicTensor<T>& g) {
    if (pass == ConvPass::forward) return conv_at(s, ConvPass::weights, a, g, precision);
    if (pass == ConvPass::data) return conv_at(s, ConvPass::weights, g, a, precision);
    return conv_at(s, ConvPass::forward, a, g, precision);
  };
  constexpr const char* names[] = {"conv2d", "conv_transpose2d", "conv2d_weights"};
  return record(names[static_cast<int>(pass)], conv_value(s, pass, a, b, precision), wrt(a, to_a), wrt(b, to_b));
}
}  // namespace detail

/// The weight gradient of conv2d(x, w, options), w: [out, in / groups, kernel]: what the result's cotangent
/// g [B, OH, OW, out] is for w. Linear in x and in g. Throws Error when g is not of the result's shape.
template <class T>
BasicTensor<T> conv2d_weights(const BasicTensor<T>& x, const BasicTensor<T>& g, Size2d kernel,
                              const Conv2dOptions& o = {}) {
  const char* op = "conv2d_weights";
  detail::check_images(op, x.shape(), g.shape());
  detail::check_groups(op, o.groups, x.size(3), "input channels");
  const Shape w{g.size(3), x.size(3) / o.groups, std::max<Index>(kernel.height, 0), std::max<Index>(kernel.width, 0)};
  const auto s = detail::conv_shape(op, x.shape(), w, o);
  if (g.shape() != detail::conv_result(s, kernels::ConvPass::forward))
    throw Error("conv2d_weights: expected a cotangent " + detail::conv_result(s, kernels::ConvPass::forward).str() +
                ", found " + g.shape().str());
  return detail::conv_at(s, kernels::ConvPass::weights, x, g, PrecisionScope::current());
}
ATELIER_OP(conv2d_weights)

namespace detail {
/// A convolution with what follows it.
struct FusedConv {
  ConvShape shape;
  ConvPass pass;
  Activation activation;
  double slope;
  Precision precision;

  bool rectifies() const { return activation == Activation::relu || activation == Activation::leaky_relu; }
  double negative_slope() const { return activation == Activation::leaky_relu ? slope : 0; }
};

/// The composed definition.
template <class T, class... Bias>
BasicTensor<T> conv_definition(const FusedConv& f, const BasicTensor<T>& x, const BasicTensor<T>& w,
                               const Bias&... bias) {
  BasicTensor<T> y = conv_at(f.shape, f.pass, x, w, f.precision);
  ((y = add(y, bias)), ...);
  return f.activation == Activation::leaky_relu ? leaky_relu(y, static_cast<real_of<T>>(f.slope))
                                                : activate(y, f.activation);
}

/// g where the rectified result y is positive, slope * g elsewhere.
template <class T>
BasicTensor<T> rectify_cotangent(const FusedConv& f, const BasicTensor<T>& g, const BasicTensor<T>& y) {
  const T slope = static_cast<T>(f.negative_slope());
  if (slope == T(0))
    return map_value<true>(
        "conv2d", [](auto c, auto v) ATELIER_LAMBDA { return select(v <= 0, 0, c); }, g, y);
  return map_value<true>(
      "conv2d", [slope](auto c, auto v) ATELIER_LAMBDA { return select(v > 0, c, slope * c); }, g, y);
}

template <class T, std::size_t K>
Cotangents<T, K> conv_backward(const FusedConv& f, const BasicTensor<T> (&in)[K], const BasicTensor<T>& g,
                               const Wanted<K>& wanted) {
  const bool forward = f.pass == ConvPass::forward;
  Cotangents<T, K> d;
  if (wanted[0]) d[0] = conv_value(f.shape, forward ? ConvPass::data : ConvPass::forward, g, in[1], f.precision);
  if (wanted[1]) d[1] = conv_value(f.shape, ConvPass::weights, forward ? in[0] : g, forward ? g : in[0], f.precision);
  if constexpr (K == 3) {
    if (wanted[2]) {
      d[2] = BasicTensor<T>::empty(in[2].shape());
      kernels::sum_columns(d[2].mutable_data(), g.data(), g.shape().count(0, 3), g.size(3));
    }
  }
  return d;
}

/// Convolution, bias and activation as one operation.
template <class T, class... Bias>
BasicTensor<T> conv_fused(const FusedConv& f, const BasicTensor<T>& x, const BasicTensor<T>& w, const Bias&... bias) {
  const auto define = [f](const auto&... in) { return conv_definition<T>(f, in...); };
  if constexpr (!Real<T>) {
    return define(x, w, bias...);
  } else {
    constexpr std::size_t K = 2 + sizeof...(Bias);
    const BasicTensor<T> in[K] = {x, w, bias...};
    const auto y = conv_value(f.shape, f.pass, x, w, f.precision,
                              {.bias = K == 3 ? in[K - 1].data() : nullptr,
                               .rectify = f.rectifies(),
                               .slope = static_cast<T>(f.negative_slope())});
    const auto backward = [f, in](const BasicTensor<T>& g, const BasicTensor<T>& out, const Wanted<K>& wanted) {
      return conv_backward<T, K>(f, in, f.rectifies() ? rectify_cotangent(f, g, out) : g, wanted);
    };
    return record_fused(f.pass == ConvPass::forward ? "conv2d" : "conv_transpose2d", y, in, backward, define);
  }
}
}  // namespace detail

/// The convolution of the given sizes, or with `transposed` its transpose, then bias and activation: what conv2d() and
/// conv_transpose2d() compute once the sizes are known. An empty b is no bias. ReLU and leaky ReLU are part of the
/// kernel; a negative slope is not.
template <class T>
BasicTensor<T> convolve(const kernels::ConvShape& s, bool transposed, const BasicTensor<T>& x, const BasicTensor<T>& w,
                        const BasicTensor<T>& b, Activation activation, double slope) {
  detail::FusedConv f{s, transposed ? kernels::ConvPass::data : kernels::ConvPass::forward, activation, slope,
                      PrecisionScope::current()};
  const Index channels = transposed ? s.in : s.out;
  if (b && b.shape() != Shape{channels})
    throw Error(std::string(transposed ? "conv_transpose2d" : "conv2d") + ": expected a bias [" +
                std::to_string(channels) + "], found " + b.shape().str());
  const bool fused = f.rectifies() && f.negative_slope() >= 0;
  if (!fused && activation != Activation::none) {
    const auto y = convolve(s, transposed, x, w, b, Activation::none, slope);
    return activation == Activation::leaky_relu ? leaky_relu(y, static_cast<real_of<T>>(slope))
                                                : activate(y, activation);
  }
  if (b) return detail::conv_fused(f, x, w, b);
  return fused ? detail::conv_fused(f, x, w) : detail::conv_at(s, f.pass, x, w, f.precision);
}
ATELIER_OP(convolve)

/// activation(x * w + b): x [B, H, W, in], w [out, in / groups, kh, kw], b [out] -> [B, OH, OW, out] with
/// OH = floor((H + 2 padding - dilation (kh - 1) - 1) / stride) + 1. The kernel is not flipped. `slope` is leaky
/// ReLU's. Float products at the precision of the innermost PrecisionScope. Throws Error when sizes do not fit.
template <class T>
BasicTensor<T> conv2d(const BasicTensor<T>& x, const BasicTensor<T>& w, const std::type_identity_t<BasicTensor<T>>& b,
                      const Conv2dOptions& o = {}, Activation activation = Activation::none, double slope = 0.2) {
  return convolve(detail::conv_shape("conv2d", x.shape(), w.shape(), o), false, x, w, b, activation, slope);
}
/// The same without a bias.
template <class T>
BasicTensor<T> conv2d(const BasicTensor<T>& x, const BasicTensor<T>& w, const Conv2dOptions& o = {},
                      Activation activation = Activation::none, double slope = 0.2) {
  return conv2d(x, w, BasicTensor<T>{}, o, activation, slope);
}

/// activation(the transpose of a convolution, + b): x [B, H, W, in], w [in, out / groups, kh, kw], b [out] ->
/// [B, OH, OW, out] with OH = (H - 1) stride - 2 padding + dilation (kh - 1) + output_padding + 1.
template <class T>
BasicTensor<T> conv_transpose2d(const BasicTensor<T>& x, const BasicTensor<T>& w,
                                const std::type_identity_t<BasicTensor<T>>& b, const ConvTranspose2dOptions& o = {},
                                Activation activation = Activation::none, double slope = 0.2) {
  return convolve(detail::conv_transpose_shape("conv_transpose2d", x.shape(), w.shape(), o), true, x, w, b, activation,
                  slope);
}
/// The same without a bias.
template <class T>
BasicTensor<T> conv_transpose2d(const BasicTensor<T>& x, const BasicTensor<T>& w, const ConvTranspose2dOptions& o = {},
                                Activation activation = Activation::none, double slope = 0.2) {
  return conv_transpose2d(x, w, BasicTensor<T>{}, o, activation, slope);
}

}  // namespace atelier::inline v0
