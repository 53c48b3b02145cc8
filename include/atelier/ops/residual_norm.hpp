/// A residual sum and its normalisation in one pass: the seam between two blocks of a Transformer.
#pragma once

#include "atelier/ops/norm.hpp"

namespace atelier::inline v0 {

/// Both results of add_layer_norm() and add_rms_norm().
template <class T> struct NormedSum {
  BasicTensor<T> sum;     ///< x + r, which goes on beside the block
  BasicTensor<T> normed;  ///< its normalisation, which goes into the block
};

namespace detail {
/// Backward step of `normed`. By then all later uses of the sum have handed in their cotangents, so the kernel adds its
/// own to theirs and passes on the total: one pass instead of two.
template <bool Centred, class T, std::size_t K, class Definition> struct NormOfSumRule {
  NormedRows<T> rows;
  Definition define;
  Cotangents<T, K> x;  // sum, w [, b]

  static void run(void* self, Sweep& sweep, Identity* cotangent, InputList inputs) {
    auto& rule = *static_cast<NormOfSumRule*>(self);
    const auto g = BasicTensor<T>::from(cotangent);
    Wanted<K> wanted;
    for (std::size_t k = 0; k < K; ++k) wanted[k] = sweep.wants(inputs[k]);
    Cotangents<T, K> d;
    if (sweep.create_graph) {
      d = through_definition<T, K>(rule.define, rule.x, g);
    } else {
      Identity* const slot = wanted[0] ? std::exchange(sweep.cotangent(inputs[0]), nullptr) : nullptr;
      const auto carry = BasicTensor<T>::adopt(slot);
      const auto all = norm_rows_backward<Centred>(rule.rows, g, carry, {wanted[0], wanted[1], K > 2 && wanted[K - 1]});
      std::copy_n(all.begin(), K, d.begin());
    }
    for (std::size_t k = 0; k < K; ++k)
      if (wanted[k] && d[k]) sweep.add<T>(inputs[k], std::move(d[k]));
  }
};

/// x + r and its normalisation. `define` is the definition of the latter: (sum, w [, b]).
template <bool Centred, class T, class Definition, class... B>
NormedSum<T> add_norm(const char* name, double eps, const Definition& define, const BasicTensor<T>& x,
                      const BasicTensor<T>& r, const BasicTensor<T>& w, const B&... b) {
  if (x.rank() < 1 || r.shape() != x.shape() || w.shape() != Shape{x.size(-1)} || ((b.shape() != w.shape()) || ...))
    throw Error(std::string(name) + ": expected twice [..., N] and weights [N], found " + x.shape().str() + ", " +
                r.shape().str() + ", " + w.shape().str());
  if constexpr (!Real<T>) {
    const auto sum = add(x, r);
    return {sum, define(sum, w, b...)};
  } else {
    const Index rows = x.shape().count(0, x.rank() - 1);
    auto sum = BasicTensor<T>::empty(x.shape()), y = BasicTensor<T>::empty(x.shape());
    auto mean = BasicTensor<T>::empty({Centred ? rows : 0}), spread = BasicTensor<T>::empty({rows});
    const T* shift = nullptr;
    ((shift = b.data()), ...);
    kernels::norm_rows<Centred>(kernels::RowNorm<T>{y.mutable_data(), mean.mutable_data(), spread.mutable_data(),
                                                    x.data(), w.data(), shift, r.data(), sum.mutable_data()},
                                rows, x.size(-1), eps);
    const auto pass = [](const BasicTensor<T>& g) { return g; };
    sum = record("add", sum, wrt(x, pass), wrt(r, pass));
    if (Tape::recording()) {
      constexpr std::size_t count = 2 + sizeof...(B);
      const std::array<Identity*, count> inputs{sum.identity(), w.identity(), b.identity()...};
      using Rule = NormOfSumRule<Centred, T, count, Definition>;
      push(name, y.identity(), Rule{{sum, w, mean, spread}, define, {sum, w, b...}}, inputs);
    }
    return {sum, y};
  }
}
}  // namespace detail

/// x + r, and layer_norm() of it: x and r [..., N], w and b [N]. Forward and backward are one pass each.
/// Throws Error when the shapes do not fit.
template <class T>
NormedSum<T> add_layer_norm(const BasicTensor<T>& x, const BasicTensor<T>& r, const BasicTensor<T>& w,
                            const BasicTensor<T>& b, std::type_identity_t<real_of<T>> eps = real_of<T>(1e-5)) {
  const auto define = [eps](const auto&... swb) { return detail::layer_norm_definition(swb..., eps); };
  return detail::add_norm<true>("add_layer_norm", static_cast<double>(eps), define, x, r, w, b);
}
ATELIER_OP(add_layer_norm)

/// x + r, and rms_norm() of it.
template <class T>
NormedSum<T> add_rms_norm(const BasicTensor<T>& x, const BasicTensor<T>& r, const BasicTensor<T>& w,
                          std::type_identity_t<real_of<T>> eps = real_of<T>(1e-6)) {
  const auto define = [eps](const auto&... sw) { return detail::rms_norm_definition(sw..., eps); };
  return detail::add_norm<false>("add_rms_norm", static_cast<double>(eps), define, x, r, w);
}
ATELIER_OP(add_rms_norm)

}  // namespace atelier::inline v0
