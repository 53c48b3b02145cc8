#include "gan_flags.hpp"

#include "atelier/core/option.hpp"

namespace atelier::programs {

namespace {
constexpr std::int64_t most = 1'000'000'000;
}

const GanOptions& GanOptions::check() const {
  training.check();
  check_share("--beta1", beta1);
  check_share("--beta2", beta2);
  check_share("--ema", ema);
  check_option("--d-lr", discriminator_lr);
  return *this;
}

void GanWords::resolve(GanOptions& o) const {
  o.training.loss = gan::loss_from(loss);
  o.training.penalty = gan::penalty_from(penalty);
}

void add_gan_flags(CommandLine& line, GanOptions& o, GanWords& words) {
  auto& t = o.training;
  line.option("--loss NAME", words.loss, "non_saturating, minimax, lsgan, hinge or wasserstein");
  line.option("--label-smoothing X", t.label_smoothing, "Lowers the target of real examples from 1");
  line.option("--penalty NAME", words.penalty, "none, wgan_gp or r1");
  line.option("--penalty-weight X", t.penalty_weight, "lambda of wgan_gp, gamma of r1");
  line.option("--penalty-every N", t.penalty_every, "Steps from one penalty to the next, as many times as heavy")
      .between(1, most);
  line.option("--n-critic N", t.n_critic, "Updates of the discriminator for each of the generator").between(1, most);
  line.option("--d-lr X", o.discriminator_lr, "Learning rate of the discriminator; 0: as --lr");
  line.option("--beta1 X", o.beta1, "Adam's, of both players");
  line.option("--beta2 X", o.beta2, "Adam's, of both players");
  line.option("--ema X", o.ema, "Decay of the generator's average, which is measured and saved; 0: none");
}

void add_request(train::Record& r, const GanOptions& o) {
  const auto& t = o.training;
  r.set("loss", gan::name(t.loss))
      .set("label_smoothing", t.label_smoothing)
      .set("penalty", gan::name(t.penalty))
      .set("penalty_weight", t.penalty_weight)
      .set("penalty_every", t.penalty_every)
      .set("n_critic", t.n_critic)
      .set("d_lr", o.discriminator_lr)
      .set("beta1", o.beta1)
      .set("beta2", o.beta2)
      .set("ema", o.ema);
}

}  // namespace atelier::programs
