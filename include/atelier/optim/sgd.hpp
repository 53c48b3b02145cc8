/// Stochastic gradient descent with momentum.                        Polyak 1964; Nesterov 1983; Sutskever et al. 2013
#pragma once

#include "atelier/optim/optimizer.hpp"

namespace atelier::inline v0::optim {

/// Names and meaning as in PyTorch.
struct SgdOptions {
  double lr = 1e-2;
  double momentum = 0, dampening = 0;
  bool nesterov = false;
  double weight_decay = 0;     // added to the gradient
  DecayRule decays = nullptr;  // which parameters decay; null: all
  double clip_norm = 0;

  /// Throws ConfigError for numbers that no training can use. Returns itself.
  const SgdOptions& check() const {
    check_option("Sgd: lr", lr);
    check_share("Sgd: momentum", momentum);
    check_option("Sgd: weight_decay", weight_decay);
    if (nesterov && momentum == 0) throw ConfigError("Sgd: nesterov: expected a momentum above 0 beside it, found 0");
    if (nesterov && dampening != 0)
      throw ConfigError("Sgd: nesterov: expected dampening 0 beside it, found " + number_text(dampening));
    return *this;
  }
};

/// b = momentum b + (1 - dampening) g;  p -= lr * (nesterov ? g + momentum b : b)
template <class T> class BasicSgd : public BasicOptimizer<T> {
 public:
  /// Takes the parameters of `module` into its arena. Throws ConfigError as SgdOptions::check does.
  template <class M>
  explicit BasicSgd(M& module, SgdOptions o = {}) : BasicOptimizer<T>(module, o.check().lr), options_(std::move(o)) {
    this->clip_norm = options_.clip_norm;
    if (options_.momentum != 0) velocity_ = this->arena_.block();
    for (const auto& s : this->arena_.slots())
      decays_.push_back(!options_.decays || options_.decays(s.name, s.param.shape()));
  }

  void visit_state(const std::function<void(const std::string&, BasicTensor<T>)>& f) const override {
    if (velocity_) this->visit_block("velocity.", velocity_, f);
  }

 private:
  void update(std::size_t k, T* param, const T* gradient, Index n, double scale) override {
    const kernels::SgdScalars s{.lr = this->learning_rate,
                                .momentum = options_.momentum,
                                .dampening = this->steps_ == 1 ? 0 : options_.dampening,  // the first b is g itself
                                .nesterov = options_.nesterov,
                                .weight_decay = decays_[k] ? options_.weight_decay : 0,
                                .gradient_scale = scale};
    T* velocity = velocity_ ? velocity_.mutable_data() + this->arena_.slots()[k].offset : nullptr;
    kernels::sgd(param, velocity, gradient, n, s);
  }

  SgdOptions options_;
  BasicTensor<T> velocity_;
  std::vector<bool> decays_;
};
using Sgd = BasicSgd<float>;

}  // namespace atelier::inline v0::optim
