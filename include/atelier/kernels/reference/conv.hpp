/// Two-dimensional convolutions by plain loops, for every scalar type with +, * and construction from int: the truth
/// that the fast kernels are tested against, and the convolutions of types that have no kernel.
#pragma once

#include <vector>

#include "atelier/kernels/conv/geometry.hpp"
#include "atelier/kernels/reference/gemm.hpp"

namespace atelier::inline v0::kernels::reference {

namespace detail {
/// Calls f(x, y, w) with the positions of the factors of each product that a convolution sums.
template <class F> void each_conv_term(const ConvShape& s, const F& f) {
  const auto in = s.group_in(), out = s.group_out();
  for (Index i = 0; i < s.out_pixels(); ++i)
    for (Index t = 0; t < s.taps(); ++t) {
      const Index image = i / (s.out_size[0] * s.out_size[1]), at = i % (s.out_size[0] * s.out_size[1]);
      const Index y = at / s.out_size[1] * s.stride[0] + t / s.kernel[1] * s.dilation[0] - s.padding[0];
      const Index x = at % s.out_size[1] * s.stride[1] + t % s.kernel[1] * s.dilation[1] - s.padding[1];
      if (y < 0 || y >= s.size[0] || x < 0 || x >= s.size[1]) continue;
      const Index pixel = (image * s.size[0] + y) * s.size[1] + x;
      for (Index o = 0; o < s.out; ++o)
        for (Index c = 0; c < in; ++c) f(pixel * s.in + o / out * in + c, i * s.out + o, (o * in + c) * s.taps() + t);
    }
}
/// Zeros, `add` to them, and the result.
template <class T, class Add> void add_up(Index n, T* out, const Add& add) {
  std::vector<Sum<T>> sums(static_cast<std::size_t>(n), Sum<T>(0));
  add(sums.data());
  for (Index i = 0; i < n; ++i) out[i] = static_cast<T>(sums[static_cast<std::size_t>(i)]);
}
template <class T> void finish(T* y, Index pixels, Index channels, const ConvEpilogue<T>& epilogue) {
  for (Index i = 0; i < pixels * channels; ++i) {
    if (epilogue.bias) y[i] = y[i] + epilogue.bias[i % channels];
    if (epilogue.rectify && !(y[i] > T(0)))
      y[i] = epilogue.slope == T(0) ? (y[i] == y[i] ? T(0) : y[i]) : epilogue.slope * y[i];
  }
}
}  // namespace detail

/// y = rectify(conv(x, w) + bias); see ConvShape.
template <class T>
void conv(const ConvShape& s, const T* x, const T* w, T* y,
          const ConvEpilogue<std::type_identity_t<T>>& epilogue = {}) {
  detail::add_up(s.out_pixels() * s.out, y, [&](auto* sum) {
    using S = Sum<T>;
    detail::each_conv_term(s, [&](Index i, Index j, Index k) { sum[j] = sum[j] + S(x[i]) * S(w[k]); });
  });
  detail::finish(y, s.out_pixels(), s.out, epilogue);
}
/// dx = rectify(the transpose of conv(., w) applied to dy, + bias).
template <class T>
void conv_data(const ConvShape& s, const T* dy, const T* w, T* dx,
               const ConvEpilogue<std::type_identity_t<T>>& epilogue = {}) {
  detail::add_up(s.in_pixels() * s.in, dx, [&](auto* sum) {
    using S = Sum<T>;
    detail::each_conv_term(s, [&](Index i, Index j, Index k) { sum[i] = sum[i] + S(dy[j]) * S(w[k]); });
  });
  detail::finish(dx, s.in_pixels(), s.in, epilogue);
}
/// dw = the transpose of conv(x, .) applied to dy.
template <class T> void conv_weights(const ConvShape& s, const T* x, const T* dy, T* dw) {
  detail::add_up(s.weights(), dw, [&](auto* sum) {
    using S = Sum<T>;
    detail::each_conv_term(s, [&](Index i, Index j, Index k) { sum[k] = sum[k] + S(x[i]) * S(dy[j]); });
  });
}

}  // namespace atelier::inline v0::kernels::reference
