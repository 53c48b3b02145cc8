/// Matrix products of float and double: C = activation([C +] A B [+ bias]), with operands in place, transposed or
/// packed beforehand. Own kernels for every instruction set, after Goto & van de Geijn 2008; gemm/ holds the parts.
///
///   Y = X W^T + b, W stored [out, in]   gemm_pack() W once (transposed), then gemm_packed()
///   dX = dY W                           gemm_pack() W once (not transposed), then gemm_packed()
///   dW += dY^T X                        gemm(Transpose::yes, ..., Transpose::no, ...) with `accumulate`
///
/// The bits of a result depend on the sizes, the mode, the numbers, and whether B was packed beforehand; not on the
/// threads. Sizes may be 0; with k = 0 the product is zero. C must not overlap A or B. Nothing is allocated:
/// the caller passes a workspace and buffers aligned to 64 bytes, whose sizes depend on the number of threads
/// (threads()) and the mode.
#pragma once

#include <span>
#include <string>

#include "atelier/core/compiled.hpp"
#include "atelier/kernels/gemm/split.hpp"
#include "atelier/kernels/gemm/types.hpp"
#include "atelier/kernels/reference/gemm.hpp"

namespace atelier::inline v0::kernels {

/// Scalar types that have kernels; gemm() serves all others by reference::gemm().
template <class T>
concept GemmScalar = std::same_as<T, float> || std::same_as<T, double>;

namespace gemm_impl {
template <class T> void check_workspace(std::span<T> workspace, Index needed) {
  if (static_cast<Index>(workspace.size()) < needed)
    throw Error("gemm: expected a workspace of " + std::to_string(needed) + " numbers, found " +
                std::to_string(workspace.size()));
}
}  // namespace gemm_impl

/// Numbers of T that a packed B[k, n] takes.
template <GemmScalar T> Index gemm_packed_size(Index n, Index k, const GemmMode& mode = {}) {
  return (gemm_impl::packed_size(gemm_impl::kernels_for<T>(mode), n, k) + 15) / 16 * 16;
}
ATELIER_KERNEL(gemm_packed_size)

/// Packs B[k, n] (or, transposed, from [n, k]) for gemm_packed() under the same mode.
template <GemmScalar T>
void gemm_pack(Index n, Index k, Transpose tb, Matrix<const std::type_identity_t<T>> b, T* packed,
               const GemmMode& mode = {}) {
  gemm_impl::pack(gemm_impl::kernels_for<T>(mode), n, k, tb, b, packed);
}
ATELIER_KERNEL(gemm_pack)

/// Numbers of workspace that gemm_packed() needs with as many threads as here; so much serves fewer rows, too.
template <GemmScalar T> Index gemm_packed_workspace_size(const GemmShape& shape, const GemmMode& mode = {}) {
  return gemm_impl::workspace_size(gemm_impl::kernels_for<T>(mode), shape, Transpose::no, Transpose::no, true);
}
ATELIER_KERNEL(gemm_packed_workspace_size)

/// C[m, n] = activation([C +] A[m, k] B [+ bias]), B packed by gemm_pack().
/// Throws Error for a workspace smaller than gemm_packed_workspace_size().
template <GemmScalar T>
void gemm_packed(const GemmShape& shape, Matrix<const std::type_identity_t<T>> a,
                 const std::type_identity_t<T>* packed_b, Matrix<T> c,
                 const GemmEpilogue<std::type_identity_t<T>>& epilogue, std::span<std::type_identity_t<T>> workspace,
                 const GemmMode& mode = {}) {
  const auto& kernels = gemm_impl::kernels_for<T>(mode);
  gemm_impl::check_workspace(workspace, gemm_impl::workspace_size(kernels, shape, Transpose::no, Transpose::no, true));
  gemm_impl::run<T>(kernels, {.shape = shape, .a = a, .packed_b = packed_b, .b = {}, .c = c, .epilogue = epilogue},
                    workspace.data());
}
ATELIER_KERNEL(gemm_packed)

/// Numbers of workspace that gemm() needs.
template <class T>
Index gemm_workspace_size(const GemmShape& shape, Transpose ta, Transpose tb, const GemmMode& mode = {}) {
  if constexpr (!GemmScalar<T>) {
    return 0;
  } else {
    const auto& kernels = gemm_impl::kernels_for<T>(mode);
    const Index whole = gemm_impl::workspace_size(kernels, shape, ta, tb, false);
    const Index parts = gemm_impl::parts_of(kernels, shape, ta, tb);
    return parts > 1 ? std::max(whole, gemm_impl::split_workspace_size(kernels, shape, ta, parts)) : whole;
  }
}
ATELIER_KERNEL(gemm_workspace_size)

/// C[m, n] = activation([C +] A B [+ bias]). A is [m, k], or [k, m] when transposed; B is [k, n], or [n, k].
/// Throws Error for a workspace smaller than gemm_workspace_size().
template <class T>
void gemm(const GemmShape& shape, Transpose ta, Matrix<const std::type_identity_t<T>> a, Transpose tb,
          Matrix<const std::type_identity_t<T>> b, Matrix<T> c, const GemmEpilogue<std::type_identity_t<T>>& epilogue,
          std::span<std::type_identity_t<T>> workspace, const GemmMode& mode = {}) {
  if constexpr (!GemmScalar<T>) {
    reference::gemm(shape, ta, a, tb, b, c, epilogue);
  } else {
    if (shape.m == 0 || shape.n == 0) return;
    gemm_impl::check_workspace(workspace, gemm_workspace_size<T>(shape, ta, tb, mode));
    const auto& kernels = gemm_impl::kernels_for<T>(mode);
    const gemm_impl::Product<T> x{.shape = shape, .ta = ta, .a = a, .tb = tb, .b = b, .c = c, .epilogue = epilogue};
    const bool plain = !epilogue.bias && epilogue.activation == Activation::none;
    const Index parts = plain ? gemm_impl::parts_of(kernels, shape, ta, tb) : 1;
    if (parts > 1)
      gemm_impl::run_split(kernels, x, parts, workspace.data());
    else
      gemm_impl::run(kernels, x, workspace.data());
  }
}
ATELIER_KERNEL(gemm)

}  // namespace atelier::inline v0::kernels
