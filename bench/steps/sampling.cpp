// Pictures from a VAE and from a DCGAN's generator; the peers' workers have the same models.
#include "atelier/models/gan/gan.hpp"
#include "atelier/models/vae/vae.hpp"
#include "atelier/ops/reduce.hpp"
#include "gan_fill.hpp"
#include "support/formula.hpp"
#include "workload.hpp"

namespace atelier::bench {

namespace {
/// `draw(z)` makes pictures of latents [batch, latent]. A step draws a batch; the first ones, with noise by formula,
/// are told by their mean square.
template <class Draw> class SamplingWorkload : public Workload {
 public:
  SamplingWorkload(Index batch, Index latent, Draw draw) : batch_(batch), latent_(latent), draw_(std::move(draw)) {}
  double parity_step(std::uint64_t k) override {
    const auto x = draw_(formula::uniform(2000 + k, {batch_, latent_}, -1.7, 1.7));
    return static_cast<double>(mean(x * x).item());
  }
  double step() override { return static_cast<double>(draw_(normal({batch_, latent_}, rng_)).data()[0]); }
  Index items() const override { return batch_; }

 private:
  Index batch_, latent_;
  Draw draw_;
  Rng rng_{2};
};
}  // namespace

std::unique_ptr<Workload> make_vae_sampling(Spec& spec) {
  const auto model = std::make_shared<vae::Vae>();
  formula::fill(*model);
  auto draw = [model](const Tensor& z) { return vae::decode_images(*model, z); };
  return std::make_unique<SamplingWorkload<decltype(draw)>>(spec.size("batch", 128), model->config.latent, draw);
}

std::unique_ptr<Workload> make_dcgan_sampling(Spec& spec) {
  const auto model = std::make_shared<gan::DcganGenerator>(gan::ImageConfig{});
  fill_gan(*model, 1);
  auto draw = [model](const Tensor& z) { return (*model)(z, nn::Mode::eval); };
  return std::make_unique<SamplingWorkload<decltype(draw)>>(spec.size("batch", 64), gan::ImageConfig{}.latent, draw);
}

}  // namespace atelier::bench
