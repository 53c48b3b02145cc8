// The DCGAN for 64 x 64 faces with Adam, both players; scripts/bench/torch_worker.py and jax_worker.py have the same
// model.
#include "atelier/models/gan/gan.hpp"

#include "atelier/data/image_batch.hpp"
#include "atelier/ops/image_layout.hpp"
#include "atelier/optim/adam.hpp"
#include "gan_fill.hpp"
#include "support/formula.hpp"
#include "workload.hpp"

namespace atelier::bench {

namespace {
constexpr Index images = 256;

data::ImageSet random_images(Index size) {
  data::ImageSet set{.count = images, .height = size, .width = size, .channels = 3};
  for (Index i = 0; i < images * set.image_size(); ++i)
    set.pixels.push_back(static_cast<std::uint8_t>(formula::splitmix(9, static_cast<std::uint64_t>(i)) >> 56));
  return set;
}

/// One update of each player. With `penalised`, the critic's of WGAN-GP, without normalisation.
class DcganWorkload : public Workload {
 public:
  DcganWorkload(Index batch, bool penalised)
      : batch_(batch),
        config_{.norm = penalised ? gan::Norm::none : gan::Norm::batch},
        set_(random_images(config_.size)),
        generator_(config_),
        discriminator_(config_),
        generator_adam_((fill_gan(generator_, 1), generator_), adam(penalised)),
        discriminator_adam_((fill_gan(discriminator_, 100), discriminator_), adam(penalised)) {
    if (!penalised) return;
    options_.loss = gan::Loss::wasserstein;
    options_.penalty = gan::Penalty::wgan_gp;
  }

  double parity_step(std::uint64_t k) override {
    const Shape shape{batch_, config_.channels, config_.size, config_.size};
    return update({channels_last(formula::uniform(1000 + k, shape, -1, 1)),
                   formula::uniform(2000 + k, {batch_, config_.latent}, -1.7, 1.7),
                   {},
                   options_.penalty == gan::Penalty::none ? Tensor{} : formula::uniform(3000 + k, {batch_, 1})});
  }
  double step() override {
    numbers_.resize(static_cast<std::size_t>(batch_));
    for (auto& n : numbers_) n = static_cast<std::int32_t>(rng_.index(images));
    const auto real = channels_last(data::image_batch(set_, numbers_, data::Range::minus_one_one));
    return update({real, normal({batch_, config_.latent}, rng_)});
  }
  Index items() const override { return batch_; }

 private:
  static optim::AdamOptions adam(bool penalised) {
    return gan::optimizer_options(penalised ? gan::Loss::wasserstein : gan::Loss::non_saturating);
  }
  double update(const gan::Batch<float>& batch) {
    const auto info =
        gan::step(gan::players(generator_, discriminator_, generator_adam_, discriminator_adam_), options_, number_,
                  rng_.fork("step", static_cast<std::uint64_t>(number_)), [&](Index, Index) { return batch; });
    ++number_;
    return info.discriminator_loss + info.penalty + info.generator_loss;
  }

  Index batch_, number_ = 0;
  gan::ImageConfig config_;
  gan::Options options_;
  data::ImageSet set_;
  std::vector<std::int32_t> numbers_;
  Rng rng_{2};
  gan::DcganGenerator generator_;
  gan::DcganDiscriminator discriminator_;
  optim::Adam generator_adam_, discriminator_adam_;
};
}  // namespace

std::unique_ptr<Workload> make_dcgan(Spec& spec, bool penalised) {
  return std::make_unique<DcganWorkload>(spec.size("batch", 32), penalised);
}

}  // namespace atelier::bench
