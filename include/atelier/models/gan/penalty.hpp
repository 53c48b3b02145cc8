/// Regularisers of the discriminator: how steep it may be.
#pragma once

#include "atelier/autograd/grad.hpp"
#include "atelier/models/gan/logits.hpp"

namespace atelier::inline v0::gan {

/// wgan_gp: slopes of 1 between real and generated examples. r1: small slopes at real examples.
enum class Penalty { none, wgan_gp, r1 };

inline const char* name(Penalty p) {
  constexpr const char* names[] = {"none", "wgan_gp", "r1"};
  return names[static_cast<int>(p)];
}
/// Throws ConfigError for an unknown name.
inline Penalty penalty_from(const std::string& text) {
  for (int i = 0; i < 3; ++i)
    if (text == name(static_cast<Penalty>(i))) return static_cast<Penalty>(i);
  throw ConfigError("penalty: expected none, wgan_gp or r1, found '" + text + "'");
}

namespace detail {
/// Squared length of d sum(logits) / d x for each judgement, [rows]: examples that are judged together are one input.
/// Recorded, so that it can be differentiated itself.
template <class T> BasicTensor<T> squared_slopes(const Logits<T>& logits, const BasicTensor<T>& x) {
  const auto slope = grad(sum(logits.values), x, {.create_graph = true});
  return sum(square(reshape(slope, Shape{logits.rows(), x.size() / std::max<Index>(1, logits.rows())})), {1});
}
ATELIER_KERNEL(squared_slopes)

/// (sqrt(s) - 1)^2 for squared slopes s. A slope of 0, whose length has no derivative, counts as constant.
template <class T> BasicTensor<T> off_one(const BasicTensor<T>& squared) {
  return map(
      "off_one",
      [](auto s) ATELIER_LAMBDA {
        const auto off = select(s > 0, sqrt(s), 0) - 1;
        return off * off;
      },
      squared);
}
ATELIER_KERNEL(off_one)
}  // namespace detail

/// Points on the way from real to fake, one share for each judgement: real + share * (fake - real), a constant.
/// real, fake: [B, ...]; share: [rows, 1] in [0, 1], rows a divisor of B. Throws Error when the shapes differ.
template <class T>
BasicTensor<T> interpolate(const BasicTensor<T>& real, const BasicTensor<T>& fake, const BasicTensor<T>& share) {
  if (real.shape() != fake.shape())
    throw Error("wgan_gp: expected real and fake of one shape, found " + real.shape().str() + " and " +
                fake.shape().str());
  Tape::Pause pause;
  const Shape rows{share.size(0), real.size() / std::max<Index>(1, share.size(0))};
  const auto a = reshape(real, rows), b = reshape(fake, rows);
  return reshape(a + share * (b - a), real.shape());
}
ATELIER_KERNEL(interpolate)

/// E[(||d D(m) / d m|| - 1)^2] at given points m, to be weighted by lambda (10 in the paper).  Gulrajani et al. 2017
/// `discriminate(m)` gives Logits. Two-sided.
template <class T, class F> BasicTensor<T> wgan_gp(const F& discriminate, const BasicTensor<T>& points) {
  return mean(detail::off_one(detail::squared_slopes(discriminate(points), points)));
}

/// E[||d D(x) / d x||^2] at real examples x, to be weighted by gamma / 2.               Mescheder et al. 2018, eq. 9
/// `logits` have been computed from `x` on the present tape.
template <class T> BasicTensor<T> r1(const Logits<T>& logits, const BasicTensor<T>& x) {
  return mean(detail::squared_slopes(logits, x));
}

}  // namespace atelier::inline v0::gan
