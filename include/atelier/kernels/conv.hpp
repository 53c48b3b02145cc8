/// Two-dimensional convolutions of channels-last images: forward, to the data (which is the transposed convolution) and
/// to the weights. conv/ holds the parts.
///
///   conv          y  = rectify(conv(x, w) + bias)
///   conv_data     dx = rectify(conv^T(dy, w) + bias)
///   conv_weights  dw
///
/// x: [batch, size, in], y: [batch, out_size, out], w: [out, in / groups, kernel], all gap-free. The products run on
/// gemm's micro-kernels over rows that are gathered tap by tap for a few results at a time, or that stand in a padded
/// copy of the source; 1 x 1 kernels are products without a gather. The bits of a result depend on the sizes, the mode
/// and the numbers, not on the threads. Sizes may be 0. Nothing is allocated: the caller passes a workspace aligned to
/// 64 bytes, whose size depends on the number of threads and the mode.
#pragma once

#include "atelier/core/compiled.hpp"
#include "atelier/kernels/conv/scatter.hpp"
#include "atelier/kernels/conv/weight_gradient.hpp"
#include "atelier/kernels/conv/winograd/choice.hpp"
#include "atelier/kernels/reference/conv.hpp"

namespace atelier::inline v0::kernels {

namespace conv_impl {
/// A product of pixels and weights, without a gather.
inline bool is_product(const ConvShape& s) {
  using Pair = ConvShape::Pair;
  return s.kernel == Pair{1, 1} && s.stride == Pair{1, 1} && s.padding == Pair{0, 0} && s.groups == 1 &&
         s.size == s.out_size;
}
inline GemmShape product_of(const ConvShape& s, ConvPass pass) {
  if (pass == ConvPass::forward) return {.m = s.in_pixels(), .n = s.out, .k = s.in};
  if (pass == ConvPass::data) return {.m = s.in_pixels(), .n = s.in, .k = s.out};
  return {.m = s.out, .n = s.in, .k = s.in_pixels()};
}
inline Transpose first_of(ConvPass pass) { return pass == ConvPass::weights ? Transpose::yes : Transpose::no; }
inline Transpose second_of(ConvPass pass) { return pass == ConvPass::forward ? Transpose::yes : Transpose::no; }

/// The product for a pass, where the epilogue has one.
template <class T> bool takes_product(const ConvShape& s, const ConvEpilogue<T>& epilogue) {
  return is_product(s) && !(epilogue.rectify && epilogue.slope != T(0));
}
template <class T>
void run_product(const ConvShape& s, ConvPass pass, const T* a, const T* b, T* c, const ConvEpilogue<T>& epilogue,
                 std::span<T> workspace, const GemmMode& mode) {
  const GemmShape shape = product_of(s, pass);
  const Index a_stride = pass == ConvPass::forward ? s.in : s.out;
  gemm<T>(shape, first_of(pass), {a, a_stride}, second_of(pass), {b, s.in}, Matrix<T>{c, shape.n},
          {.bias = epilogue.bias, .activation = epilogue.rectify ? Activation::relu : Activation::none}, workspace,
          mode);
}
}  // namespace conv_impl

/// Numbers of workspace that a pass needs.
template <class T> Index conv_workspace_size(const ConvShape& s, ConvPass pass, const GemmMode& mode = {}) {
  if constexpr (!GemmScalar<T>) {
    return 0;
  } else {
    using namespace conv_impl;
    if constexpr (std::same_as<T, float>) {
      if (winograd::serves<T>(s, pass, mode))
        return winograd::with_algorithm(s, pass, mode, [&]<class P, class W>(P, W) {
          if (pass == ConvPass::weights) return winograd::gradient_workspace_size<P, W>(s);
          return winograd::product_workspace_size<P, W>({s, pass == ConvPass::data});
        });
    }
    if (pass == ConvPass::weights && is_product(s))
      return gemm_workspace_size<T>(product_of(s, pass), first_of(pass), second_of(pass), mode);
    const Index gathered = gemm_impl::with_path<T>(mode, [&]<class P>(P) {
      if (pass == ConvPass::weights) return gradient_workspace_size<P>(s);
      if (pass == ConvPass::data && scatters<P>(s)) return scatter_workspace_size<P>(s, mode);
      return gather_workspace_size<P>({s, pass == ConvPass::data});
    });
    if (!is_product(s)) return gathered;
    return std::max(gathered, gemm_workspace_size<T>(product_of(s, pass), first_of(pass), second_of(pass), mode));
  }
}
ATELIER_KERNEL(conv_workspace_size)

namespace conv_impl {
template <class T>
void check_workspace(const ConvShape& s, ConvPass pass, std::span<T> workspace, const GemmMode& mode) {
  const Index needed = conv_workspace_size<T>(s, pass, mode);
  if (static_cast<Index>(workspace.size()) < needed)
    throw Error("conv: expected a workspace of " + std::to_string(needed) + " numbers, found " +
                std::to_string(workspace.size()));
}
/// Computes a gather, by Winograd's filters where they serve.
template <class T>
void run_gather(const ConvShape& s, ConvPass pass, const T* source, const T* w, T* out, const ConvEpilogue<T>& epilogue,
                std::span<T> workspace, const GemmMode& mode) {
  const Gather g{s, pass == ConvPass::data};
  if constexpr (std::same_as<T, float>) {
    if (winograd::serves<T>(s, pass, mode))
      return winograd::with_algorithm(s, pass, mode, [&]<class P, class W>(P, W) {
        winograd::run_product<P, W>(g, source, w, out, epilogue, workspace.data());
      });
  }
  gemm_impl::with_path<T>(mode, [&]<class P>(P) {
    if (g.to_data && scatters<P>(s)) return run_scatter<P>(s, source, w, out, epilogue, workspace.data(), mode);
    run_gather<P>(g, source, w, out, epilogue, workspace.data());
  });
}
}  // namespace conv_impl

/// y = rectify(conv(x, w) + bias). Throws Error for a workspace smaller than conv_workspace_size().
template <class T>
void conv(const ConvShape& s, const T* x, const T* w, T* y, const ConvEpilogue<std::type_identity_t<T>>& epilogue,
          std::span<std::type_identity_t<T>> workspace, const GemmMode& mode = {}) {
  if constexpr (!GemmScalar<T>) {
    reference::conv(s, x, w, y, epilogue);
  } else {
    using namespace conv_impl;
    check_workspace(s, ConvPass::forward, workspace, mode);
    if (takes_product(s, epilogue)) return run_product(s, ConvPass::forward, x, w, y, epilogue, workspace, mode);
    run_gather(s, ConvPass::forward, x, w, y, epilogue, workspace, mode);
  }
}
ATELIER_KERNEL(conv)

/// dx = rectify(conv^T(dy, w) + bias), the transpose of conv(., w). Throws Error for a small workspace.
template <class T>
void conv_data(const ConvShape& s, const T* dy, const T* w, T* dx,
               const ConvEpilogue<std::type_identity_t<T>>& epilogue, std::span<std::type_identity_t<T>> workspace,
               const GemmMode& mode = {}) {
  if constexpr (!GemmScalar<T>) {
    reference::conv_data(s, dy, w, dx, epilogue);
  } else {
    using namespace conv_impl;
    check_workspace(s, ConvPass::data, workspace, mode);
    if (takes_product(s, epilogue)) return run_product(s, ConvPass::data, dy, w, dx, epilogue, workspace, mode);
    run_gather(s, ConvPass::data, dy, w, dx, epilogue, workspace, mode);
  }
}
ATELIER_KERNEL(conv_data)

/// dw = the transpose of conv(x, .) applied to dy. Throws Error for a small workspace.
template <class T>
void conv_weights(const ConvShape& s, const T* x, const T* dy, T* dw, std::span<std::type_identity_t<T>> workspace,
                  const GemmMode& mode = {}) {
  if constexpr (!GemmScalar<T>) {
    reference::conv_weights(s, x, dy, dw);
  } else {
    using namespace conv_impl;
    check_workspace(s, ConvPass::weights, workspace, mode);
    if (is_product(s)) return run_product<T>(s, ConvPass::weights, dy, x, dw, {}, workspace, mode);
    if constexpr (std::same_as<T, float>) {
      if (winograd::serves<T>(s, ConvPass::weights, mode))
        return winograd::with_algorithm(s, ConvPass::weights, mode, [&]<class P, class W>(P, W) {
          winograd::run_gradient<P, W>(s, x, dy, dw, workspace.data());
        });
    }
    gemm_impl::with_path<T>(mode, [&]<class P>(P) { run_gradient<P>(s, x, dy, dw, workspace.data()); });
  }
}
ATELIER_KERNEL(conv_weights)

}  // namespace atelier::inline v0::kernels
