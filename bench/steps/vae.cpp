// The 784-400-20 VAE with Adam; scripts/bench/torch_worker.py and jax_worker.py have the same model.
#include "atelier/models/vae/vae.hpp"

#include "atelier/data/batches.hpp"
#include "support/formula.hpp"
#include "workload.hpp"

namespace atelier::bench {

namespace {
constexpr Index images = 8192, side = 28;

data::ImageSet random_images() {
  data::ImageSet set{.count = images, .height = side, .width = side};
  for (Index i = 0; i < images * side * side; ++i)
    set.pixels.push_back(static_cast<std::uint8_t>(formula::splitmix(9, static_cast<std::uint64_t>(i)) >> 56));
  return set;
}

class VaeWorkload : public Workload {
 public:
  VaeWorkload(Index batch, Index hidden)
      : batch_(batch),
        set_(random_images()),
        shuffle_(images, batch, Rng(1)),
        model_(vae::Config{.hidden = {hidden}}),
        adam_(vae::make_optimizer((formula::fill(model_), model_))) {}

  double parity_step(std::uint64_t k) override {
    return update(formula::uniform(1000 + k, {batch_, side * side}),
                  formula::uniform(2000 + k, {batch_, model_.config.latent}, -1.7, 1.7));
  }
  double step() override {
    const auto x = data::gather_images(set_, shuffle_(step_++));
    return update(x, normal({batch_, model_.config.latent}, rng_));
  }
  Index items() const override { return batch_; }

 private:
  double update(const Tensor& x, const Tensor& noise) {
    Tape tape;
    const auto elbo = vae::negative_elbo(model_, x, noise);
    adam_.step(elbo.loss);
    return static_cast<double>(elbo.loss.item());
  }

  Index batch_, step_ = 0;
  data::ImageSet set_;
  data::Shuffle shuffle_;
  Rng rng_{2};
  vae::Vae model_;
  optim::Adam adam_;
};
}  // namespace

std::unique_ptr<Workload> make_vae(Spec& spec) {
  return std::make_unique<VaeWorkload>(spec.size("batch", 128), spec.size("hidden", 400));
}

}  // namespace atelier::bench
