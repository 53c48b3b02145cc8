/// Softmax and cross-entropy: of logits, and of logits that a linear layer is about to make.
#pragma once

#include "atelier/kernels/cross_entropy.hpp"
#include "atelier/ops/index.hpp"
#include "atelier/ops/matmul.hpp"
#include "atelier/ops/softmax.hpp"

namespace atelier::inline v0 {

/// cross_entropy(logits, ids, {.label_smoothing = 0.1, .ignore = padding})
struct CrossEntropyOptions {
  double label_smoothing = 0;  ///< share of the target that goes to all classes evenly.         Szegedy et al. 2016
  std::int32_t ignore = -100;  ///< rows of this id have loss 0 and no gradient
};

namespace detail {
/// The number of rows that count. Throws Error for ids that are neither in [0, classes) nor ignored.
inline Index check_targets(const char* op, const IndexTensor& ids, Index classes, const CrossEntropyOptions& o) {
  if (!(o.label_smoothing >= 0 && o.label_smoothing <= 1))
    throw Error(std::string(op) + ": expected a label smoothing in [0, 1], found " + number_text(o.label_smoothing));
  Index count = 0;
  for (Index r = 0; r < ids.size(); ++r) {
    const auto id = ids.data()[r];
    if (id == o.ignore) continue;
    if (id < 0 || id >= classes)
      throw Error(std::string(op) + ": index " + std::to_string(id) + " at position " + std::to_string(r) +
                  " lies outside [0, " + std::to_string(classes) + ")");
    ++count;
  }
  return count;
}
inline kernels::CrossEntropyTargets targets_of(const IndexTensor& ids, const CrossEntropyOptions& o) {
  return {ids.data(), o.ignore, o.label_smoothing};
}

/// The composed definition of cross_entropy().
template <class T>
BasicTensor<T> cross_entropy_definition(const BasicTensor<T>& logits, const IndexTensor& ids,
                                        const CrossEntropyOptions& o) {
  auto present = IndexTensor::empty(ids.shape());
  auto counts = BasicTensor<T>::empty(ids.shape());
  for (Index r = 0; r < ids.size(); ++r) {
    const bool counted = ids.data()[r] != o.ignore;
    present.mutable_data()[r] = counted ? ids.data()[r] : 0;
    counts.mutable_data()[r] = counted ? T(1) : T(0);
  }
  const auto smoothing = static_cast<real_of<T>>(o.label_smoothing);
  auto target = pick(logits, present);
  if (o.label_smoothing > 0) target = add(affine(target, 1 - smoothing, 0), affine(mean(logits, {-1}), smoothing, 0));
  return mul(sub(logsumexp(logits), target), counts);
}
}  // namespace detail

/// -log softmax(logits)[id] for each row, smoothed if asked to: logits [R, V], ids [R] -> [R]; averaging is the
/// caller's. Throws Error for shapes that do not fit, ids outside, or a smoothing outside [0, 1].
template <class T>
BasicTensor<T> cross_entropy(const BasicTensor<T>& logits, const IndexTensor& ids, const CrossEntropyOptions& o = {}) {
  if (logits.rank() != 2 || ids.shape() != Shape{logits.size(0)})
    throw Error("cross_entropy: expected [R, V] and [R], found " + logits.shape().str() + " and " + ids.shape().str());
  const Index rows = logits.size(0), classes = logits.size(1);
  detail::check_targets("cross_entropy", ids, classes, o);
  const auto define = [ids, o](const auto& z) { return detail::cross_entropy_definition(z, ids, o); };
  if constexpr (!Real<T>) {
    return define(logits);
  } else {
    auto y = BasicTensor<T>::empty({rows}), lse = BasicTensor<T>::empty({rows});
    kernels::cross_entropy(y.mutable_data(), lse.mutable_data(), logits.data(), detail::targets_of(ids, o), rows,
                           classes);
    const auto backward = [logits, ids, lse, o](const BasicTensor<T>& g, const BasicTensor<T>&, const Wanted<1>&) {
      auto d = BasicTensor<T>::empty(logits.shape());
      kernels::cross_entropy_gradient(d.mutable_data(), logits.data(), lse.data(), g.data(), 1,
                                      detail::targets_of(ids, o), d.size(0), d.size(1));
      return Cotangents<T, 1>{d};
    };
    return record_fused("cross_entropy", y, {logits}, backward, define);
  }
}
ATELIER_OP(cross_entropy)

namespace detail {
/// Rows of logits that exist at a time: nearly equal parts of all, of about 64 MB (in float), 96 at most, whatever the
/// number of classes; but 32 rows at least.
/// For every part the weights come from memory twice, and their gradient once and back. Those of a large vocabulary do
/// not fit the caches: with 33,278 classes, 2,048 rows and parts of 16 MB they took a quarter of the time.
inline Index logit_rows(Index rows, Index classes) {
  constexpr Index numbers = Index{1} << 24, least = 32;
  const Index parts = std::max<Index>(1, (rows * classes + numbers / 2) / numbers);
  return std::max(least, ((rows + parts - 1) / parts + 15) / 16 * 16);
}

/// The chunks of a fused linear layer and cross-entropy: sizes, operands, and where gradients of x [R, C], w [V, C]
/// and b [V] go, if they are asked for.
template <class T> struct LinearLoss {
  const BasicTensor<T>&x, &w, &b;
  const IndexTensor& ids;
  CrossEntropyOptions o;
  Precision precision;
  Index count = 0;  ///< rows that count
  Index classes = w.size(0), width = w.size(1), rows = ids.size();

  /// The mean loss. With `d` also its gradients: dx = G w, dw = G^T x, db = sums of G's columns, G = d loss / d logits.
  BasicTensor<T> run(Cotangents<T, 3>* d) const {
    const Index most = std::min(logit_rows(rows, classes), rows);
    auto logits = BasicTensor<T>::empty({most, classes}), lse = BasicTensor<T>::empty({most});
    auto each = BasicTensor<T>::empty({rows});
    if (d) prepare(*d);
    for (Index first = 0; first < rows; first += most) {
      const Index m = std::min(most, rows - first);
      const kernels::CrossEntropyTargets target{ids.data() + first, o.ignore, o.label_smoothing};
      gemm({.m = m, .n = classes, .k = width}, false, x.data() + first * width, true, w.data(), logits.mutable_data(),
           precision, {.bias = b ? b.data() : nullptr});
      kernels::cross_entropy(each.mutable_data() + first, lse.mutable_data(), logits.data(), target, m, classes);
      if (d) add_gradients(*d, logits, lse, target, first, m);
    }
    double sum = 0;
    for (const T v : each.values()) sum += static_cast<double>(v);
    return BasicTensor<T>(Shape{}, static_cast<T>(sum / static_cast<double>(std::max<Index>(1, count))));
  }

 private:
  void prepare(Cotangents<T, 3>& d) const {
    d = {BasicTensor<T>::empty(x.shape()), BasicTensor<T>::empty(w.shape())};
    if (b) d[2] = BasicTensor<T>::zeros(b.shape());
    if (rows == 0) std::fill_n(d[1].mutable_data(), d[1].size(), T(0));
  }
  void add_gradients(Cotangents<T, 3>& d, BasicTensor<T>& logits, const BasicTensor<T>& lse,
                     const kernels::CrossEntropyTargets& target, Index first, Index m) const {
    const T weight = static_cast<T>(1 / static_cast<double>(std::max<Index>(1, count)));
    T* const g = logits.mutable_data();
    kernels::cross_entropy_gradient(g, g, lse.data(), &weight, 0, target, m, classes);
    gemm<T>({.m = m, .n = width, .k = classes}, false, g, false, w.data(), d[0].mutable_data() + first * width,
            precision);
    gemm<T>({.m = classes, .n = width, .k = m}, true, g, false, x.data() + first * width, d[1].mutable_data(),
            precision, {.accumulate = first > 0});
    if (!b) return;
    auto sums = BasicTensor<T>::empty(b.shape());
    kernels::sum_columns(sums.mutable_data(), g, m, classes);
    add_into(d[2], sums);
  }
};

/// The composed definition of linear_cross_entropy(); `b` may be left out.
template <class T, class... B>
BasicTensor<T> linear_loss_definition(const IndexTensor& ids, const CrossEntropyOptions& o, Precision precision,
                                      Index count, const BasicTensor<T>& x, const BasicTensor<T>& w, const B&... b) {
  auto logits = matmul_at(reshape(x, Shape{ids.size(), w.size(1)}), w, {.transpose_b = true}, precision);
  ((logits = add(logits, b)), ...);
  const auto each = cross_entropy_definition(logits, ids, o);
  return affine(sum(each), 1 / static_cast<real_of<T>>(std::max<Index>(1, count)), 0);
}
template <class T>
void check_linear_loss(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                       const IndexTensor& ids) {
  const bool fits = x.rank() > 0 && w.rank() == 2 && w.size(1) == x.size(-1) &&
                    ids.size() == x.shape().count(0, x.rank() - 1) && (!b || b.shape() == Shape{w.size(0)});
  if (!fits)
    throw Error("linear_cross_entropy: expected [..., C], [V, C], [V] and one id a row, found " + x.shape().str() +
                ", " + w.shape().str() + ", " + (b ? b.shape().str() : "no bias") + " and " + ids.shape().str());
}
}  // namespace detail

/// Mean over the ids that count of cross_entropy(x w^T + b): x [..., C], w [V, C], b [V] or empty, an id for each row
/// of x -> []. 0 when no id counts.
///
/// Logits exist for a chunk of rows only, so memory does not grow with V but for w and its gradient. When the result is
/// recorded, the same pass makes the gradients, three products in all: to compute the logits again in the backward pass
/// would take a fourth. The backward pass multiplies them by the loss's cotangent, unless that is 1.
/// Float products at the precision of the innermost PrecisionScope. Throws Error as cross_entropy() does.
template <class T>
BasicTensor<T> linear_cross_entropy(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                                    const IndexTensor& ids, const CrossEntropyOptions& o = {}) {
  detail::check_linear_loss(x, w, b, ids);
  const IndexTensor flat = ids.view(Shape{ids.size()});
  const Index count = detail::check_targets("linear_cross_entropy", flat, w.size(0), o);
  const Precision precision = PrecisionScope::current();
  const auto define = [flat, o, precision, count](const auto&... xwb) {
    return detail::linear_loss_definition(flat, o, precision, count, xwb...);
  };
  if constexpr (!Real<T>) {
    return b ? define(x, w, b) : define(x, w);
  } else {
    Cotangents<T, 3> d;
    const detail::LinearLoss<T> loss{x, w, b, flat, o, precision, count};
    const auto y = loss.run(Tape::recording() ? &d : nullptr);
    const auto backward = [d]<std::size_t K>(const BasicTensor<T>& g, const BasicTensor<T>&, const Wanted<K>& wanted) {
      Cotangents<T, K> scaled;
      for (std::size_t k = 0; k < K; ++k)
        if (wanted[k]) scaled[k] = g.item() == T(1) ? d[k] : affine(d[k], g.item(), 0);
      return scaled;
    };
    return b ? record_fused("linear_cross_entropy", y, {x, w, b}, backward, define)
             : record_fused("linear_cross_entropy", y, {x, w}, backward, define);
  }
}
ATELIER_OP(linear_cross_entropy)

}  // namespace atelier::inline v0
