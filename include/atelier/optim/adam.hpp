/// Adam and AdamW.                                          Kingma & Ba 2015; Loshchilov & Hutter 2019
#pragma once

#include "atelier/optim/optimizer.hpp"

namespace atelier::inline v0::optim {

/// Names and defaults as in PyTorch.
struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled = true;       // AdamW: decay the weights themselves; otherwise the decay is part of the gradient
  DecayRule decays = nullptr;  // which parameters decay; null: all
  double clip_norm = 0;        // > 0: largest norm of all gradients together

  /// Throws ConfigError for numbers that no training can use. Returns itself.
  const AdamOptions& check() const {
    check_option("Adam: lr", lr);
    check_share("Adam: beta1", beta1);
    check_share("Adam: beta2", beta2);
    check_option("Adam: eps", eps);
    check_option("Adam: weight_decay", weight_decay);
    return *this;
  }
};

/// m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  p -= lr * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
template <class T> class BasicAdam : public BasicOptimizer<T> {
 public:
  /// Takes the parameters of `module` into its arena. Throws ConfigError as AdamOptions::check does.
  template <class M>
  explicit BasicAdam(M& module, AdamOptions o = {})
      : BasicOptimizer<T>(module, o.check().lr),
        options_(std::move(o)),
        m_(this->arena_.block()),
        v_(this->arena_.block()) {
    this->clip_norm = options_.clip_norm;
    for (const auto& s : this->arena_.slots())
      decays_.push_back(!options_.decays || options_.decays(s.name, s.param.shape()));
  }

  void visit_state(const std::function<void(const std::string&, BasicTensor<T>)>& f) const override {
    this->visit_block("m.", m_, f);
    this->visit_block("v.", v_, f);
  }

 private:
  void update(std::size_t k, T* param, const T* gradient, Index n, double scale) override {
    const Index offset = this->arena_.slots()[k].offset;
    kernels::AdamScalars s{.lr = this->learning_rate,
                           .beta1 = options_.beta1,
                           .beta2 = options_.beta2,
                           .eps = options_.eps,
                           .weight_decay = decays_[k] ? options_.weight_decay : 0,
                           .decoupled = options_.decoupled,
                           .gradient_scale = scale,
                           .step = this->steps_};
    kernels::adam(param, m_.mutable_data() + offset, v_.mutable_data() + offset, gradient, n, s);
  }

  AdamOptions options_;
  BasicTensor<T> m_, v_;
  std::vector<bool> decays_;
};
using Adam = BasicAdam<float>;

}  // namespace atelier::inline v0::optim
