/// Exponential moving average of a module's weights: often the better model to sample from.      Polyak & Juditsky 1992
#pragma once

#include "atelier/kernels/optimizer.hpp"
#include "atelier/nn/visit.hpp"

namespace atelier::inline v0::optim {

/// A copy of a module that follows it: average += (1 - decay) * (weights - average). Buffers are copied as they are:
/// the statistics of batch normalisations are the module's, and wrong for the average until nn::gather_statistics().
template <class M> class Ema {
 public:
  M average;

  double decay() const { return decay_; }

  explicit Ema(const M& module, double decay = 0.999) : average(module), decay_(decay) {}

  void update(const M& module) { update(module, decay_); }
  /// The same with another decay: the first updates may weigh more, so that little is left of the initial weights.
  void update(const M& module, double decay) {
    sources_.clear();
    nn::visit_values(module, [&](const auto& p) { sources_.push_back(&p); });
    std::size_t k = 0;
    nn::visit_values(average, [&](auto& p) {
      using P = std::remove_reference_t<decltype(p)>;
      const P& source = *static_cast<const P*>(sources_[k++]);
      if constexpr (P::trained) {
        kernels::ema(p.write(), source.data(), p.size(), decay);
      } else {
        p.assign(source);
      }
    });
  }

 private:
  double decay_;
  std::vector<const void*> sources_;  // of one update; kept so that the next one allocates nothing
};

}  // namespace atelier::inline v0::optim
