/// Multi-head attention and its gradient, float and double: softmax(scale q k^T) v for each head, with causal masks,
/// lengths and dropout. Queries, keys and values are read where they stand, usually in one projection [B, T, 3, H, D].
///
/// A thread takes a head at a time, and of it a block of queries, whose scores stay in its cache. Nothing of size
/// Tq x Tk is kept: the gradient computes the scores again from the rows' log-sum-exp (Dao et al. 2022), and draws the
/// dropout's random numbers again. Products use the micro-kernels of gemm/ under the mode's precision. Keys behind a
/// causal mask cost nothing beyond the row panel that the mask cuts.
///
/// The bits of a result depend on the sizes, the mode, the numbers and the random state; not on the threads.
#pragma once

#include <span>
#include <string>

#include "atelier/core/compiled.hpp"
#include "atelier/kernels/attention/backward.hpp"
#include "atelier/kernels/attention/forward.hpp"

namespace atelier::inline v0::kernels {

namespace attention_impl {
template <class P> Index head_workspace(const AttentionProblem& a, bool backward) {
  Carver<typename P::T> counter;
  Buffers<P>(a, backward, counter);
  return counter.used;
}
/// Small problems run on the calling thread.
inline int workers_of(const AttentionProblem& a) {
  constexpr Index serial = Index{1} << 16;
  return a.units() * a.queries * a.keys * a.size <= serial ? 1 : unit_workers(a.units());
}
/// head(unit, memory) for every head; `each` numbers of memory for a worker.
template <class T, class Head>
void each_head(const AttentionProblem& a, std::span<T> workspace, Index each, const Head& head) {
  const int workers = workers_of(a);
  if (static_cast<Index>(workspace.size()) < workers * each)
    throw Error("attention: expected a workspace of " + std::to_string(workers * each) + " numbers, found " +
                std::to_string(workspace.size()));
  parallel_units(
      a.units(), [&](Index u, int w) { head(u, workspace.data() + w * each); }, workers);
}
}  // namespace attention_impl

/// Numbers of workspace, aligned to 64 bytes, that attention() or attention_gradient() needs.
template <Real T> Index attention_workspace_size(const AttentionProblem& a, bool backward, const GemmMode& mode = {}) {
  return gemm_impl::with_vector_path<T>(mode, [&]<class P>(P) -> Index {
    return attention_impl::workers_of(a) * attention_impl::head_workspace<P>(a, backward);
  });
}
ATELIER_KERNEL(attention_workspace_size)

/// y = attention of q, k, v, and lse [B, H, Tq] for the gradient. A query that sees no key gives 0.
/// Throws Error for a workspace smaller than attention_workspace_size().
template <Real T>
void attention(const AttentionProblem& a, const attention_impl::ForwardArgs<T>& x,
               std::span<std::type_identity_t<T>> workspace, const GemmMode& mode = {}) {
  if (a.queries == 0 || a.size == 0) return;
  gemm_impl::with_vector_path<T>(mode, [&]<class P>(P) {
    attention_impl::each_head(a, workspace, attention_impl::head_workspace<P>(a, false),
                              [&](Index unit, T* memory) { attention_impl::forward_head<P>(a, x, unit, memory); });
  });
}
ATELIER_KERNEL(attention)

/// dq, dk, dv. Throws Error for a workspace smaller than attention_workspace_size().
template <Real T>
void attention_gradient(const AttentionProblem& a, const attention_impl::BackwardArgs<T>& x,
                        std::span<std::type_identity_t<T>> workspace, const GemmMode& mode = {}) {
  if (a.size == 0) return;
  gemm_impl::with_vector_path<T>(mode, [&]<class P>(P) {
    attention_impl::each_head(a, workspace, attention_impl::head_workspace<P>(a, true), [&](Index unit, T* memory) {
      attention_impl::BackwardHead<P>(a, x, unit, memory).run();
    });
  });
}
ATELIER_KERNEL(attention_gradient)

}  // namespace atelier::inline v0::kernels
