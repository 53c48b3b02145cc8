/// Objectives of the two players, as means over all logits. Both are minimised.
#pragma once

#include "atelier/models/gan/logits.hpp"
#include "atelier/ops/activation.hpp"

namespace atelier::inline v0::gan {

/// r: logits of real examples, f: of generated ones; s+ is softplus, D = sigmoid(logit).
///                   discriminator                              generator
///   non_saturating  s+(-r) + s+(f)                             s+(-f)         Goodfellow et al. 2014, sec. 3
///   minimax         s+(-r) + s+(f) = -V                        -s+(f)         Goodfellow et al. 2014, eq. 1
///   lsgan           (r - 1)^2 / 2 + f^2 / 2                    (f - 1)^2 / 2  Mao et al. 2017, eq. 9
///   hinge           max(0, 1 - r) + max(0, 1 + f)              -f             Lim & Ye 2017; Miyato et al. 2018
///   wasserstein     f - r                                      -f             Arjovsky et al. 2017
enum class Loss { non_saturating, minimax, lsgan, hinge, wasserstein };

inline const char* name(Loss l) {
  constexpr const char* names[] = {"non_saturating", "minimax", "lsgan", "hinge", "wasserstein"};
  return names[static_cast<int>(l)];
}
/// Throws ConfigError for an unknown name.
inline Loss loss_from(const std::string& text) {
  for (int i = 0; i < 5; ++i)
    if (text == name(static_cast<Loss>(i))) return static_cast<Loss>(i);
  throw ConfigError("loss: expected non_saturating, minimax, lsgan, hinge or wasserstein, found '" + text + "'");
}
/// Losses with a target for real examples, which label smoothing can lower.
inline bool has_target(Loss l) { return l != Loss::hinge && l != Loss::wasserstein; }

namespace detail {
/// The discriminator's term for each real example, whose target is 1 - smoothing.       Salimans et al. 2016, sec. 3.4
///   (1 - a) s+(-r) + a s+(r) = s+(-r) + a r
template <class T> BasicTensor<T> real_term(Loss loss, const BasicTensor<T>& r, real_of<T> a) {
  switch (loss) {
    case Loss::non_saturating:
    case Loss::minimax:
      return map(
          "real_term", [a](auto v) ATELIER_LAMBDA { return softplus(-v) + a * v; }, r);
    case Loss::lsgan:
      return map(
          "real_term", [a](auto v) ATELIER_LAMBDA { return 0.5 * ((v - 1 + a) * (v - 1 + a)); }, r);
    case Loss::hinge: return relu(1 - r);
    case Loss::wasserstein: break;
  }
  return neg(r);
}
ATELIER_KERNEL(real_term)

/// Its term for each generated example.
template <class T> BasicTensor<T> fake_term(Loss loss, const BasicTensor<T>& f) {
  switch (loss) {
    case Loss::non_saturating:
    case Loss::minimax: return softplus(f);
    case Loss::lsgan: return 0.5 * square(f);
    case Loss::hinge: return relu(f + 1);
    case Loss::wasserstein: break;
  }
  return f;
}
ATELIER_KERNEL(fake_term)
}  // namespace detail

/// What the discriminator minimises, a scalar. `label_smoothing` lowers the target of real examples alone from 1 to
/// 1 - label_smoothing. Throws ConfigError where a loss has no such target, or smoothing is outside [0, 1).
template <class T>
BasicTensor<T> discriminator_loss(Loss loss, const Logits<T>& real, const Logits<T>& fake, double label_smoothing = 0) {
  if (!(label_smoothing >= 0 && label_smoothing < 1))
    throw ConfigError("label smoothing: expected a number in [0, 1), found " + number_text(label_smoothing));
  if (label_smoothing > 0 && !has_target(loss))
    throw ConfigError(std::string("label smoothing: expected a loss with a target, found ") + name(loss));
  const auto a = static_cast<real_of<T>>(label_smoothing);
  return add(mean(detail::real_term(loss, real.values, a)), mean(detail::fake_term(loss, fake.values)));
}

/// What the generator minimises, a scalar.
template <class T> BasicTensor<T> generator_loss(Loss loss, const Logits<T>& fake) {
  const auto& f = fake.values;
  switch (loss) {
    case Loss::non_saturating: return mean(softplus(neg(f)));
    case Loss::minimax: return neg(mean(softplus(f)));
    case Loss::lsgan: return 0.5 * mean(square(f - 1));
    case Loss::hinge:
    case Loss::wasserstein: break;
  }
  return neg(mean(f));
}
ATELIER_KERNEL(generator_loss)

/// V(D, G) = E[log D(x)] + E[log(1 - D(G(z)))], which the discriminator of Loss::minimax makes large and its generator
/// small.                                                                               Goodfellow et al. 2014, eq. 1
template <class T> BasicTensor<T> value_function(const Logits<T>& real, const Logits<T>& fake) {
  return neg(discriminator_loss(Loss::minimax, real, fake));
}

}  // namespace atelier::inline v0::gan
