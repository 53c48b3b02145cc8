#include "task.hpp"

#include "atelier/io/chart.hpp"
#include "atelier/io/png.hpp"
#include "picture_text.hpp"

namespace atelier::programs {

namespace {
constexpr Index measured = 2500;  // samples of an evaluation and of a picture

/// The options, checked against each other.
const ToyOptions& checked(const ToyOptions& o, const train::Options& run) {
  o.gan.check();
  o.model.check();
  const Index part = run.batch / run.accumulate, judged = part / o.model.pack;
  if (part % o.model.pack)
    throw ConfigError("--pack: expected a divisor of the " + std::to_string(part) +
                      " examples that are computed together, found " + std::to_string(o.model.pack));
  if (o.model.stddev_group && judged % o.model.stddev_group)
    throw ConfigError("--stddev-group: expected a divisor of the " + std::to_string(judged) +
                      " judgements that are computed together, found " + std::to_string(o.model.stddev_group));
  return o;
}

std::vector<io::ChartPoint> points(const Tensor& x) {
  std::vector<io::ChartPoint> p;
  for (Index i = 0; i < x.size(0); ++i) p.push_back({x.at({i, 0}), x.at({i, 1})});
  return p;
}
/// A square that holds all of a mixture with room around it.
io::Limits extent(const data::Mixture& m) {
  double most = 0;
  for (const float c : m.centres.values()) most = std::max(most, std::abs(static_cast<double>(c)));
  return {-1.3 * most, 1.3 * most};
}
}  // namespace

ToyTask::ToyTask(const ToyOptions& o, const train::Options& run)
    : options_(checked(o, run)),
      run_(run),
      mixture_(toy_mixture(run.preset)),
      rng_(run.seed),
      game_(gan::MlpGenerator(o.model), gan::MlpDiscriminator(o.model), o.gan, run, rng_) {}

gan::Batch<float> ToyTask::batch(const Rng& rng, Index update, Index part) const {
  const auto number = static_cast<std::uint64_t>(update);
  Rng data = rng.fork("data", number), latents = rng.fork("latents", number);
  const Tensor real = data::sample(mixture_, run_.batch, data);
  const Tensor noise = normal({run_.batch, options_.model.latent}, latents);
  const Index size = run_.batch / run_.accumulate, begin = part * size;
  return {slice(real, 0, begin, begin + size), slice(noise, 0, begin, begin + size)};
}

train::Record ToyTask::step(Index step, double lr_factor) {
  const PrecisionScope precision(run_.precision);
  const Rng rng = rng_.fork("step", static_cast<std::uint64_t>(step));
  return game_.step(step, lr_factor, rng, note_, [&](Index update, Index part) { return batch(rng, update, part); });
}

metrics::ModeCoverage ToyTask::coverage() const {
  const PrecisionScope precision(run_.precision);
  Rng rng = rng_.fork("evaluate");
  const Tensor x = gan::sample<float>(game_.average.average, measured, options_.model.latent, rng);
  return metrics::mode_coverage(x, mixture_.centres, static_cast<double>(mixture_.sigma));
}

train::Record ToyTask::evaluate() {
  const auto c = coverage();
  return train::Record().set("modes", static_cast<double>(c.modes)).set("high_quality", c.high_quality);
}

double ToyTask::score(const train::Record& metrics) const {
  return -metrics.number("modes") / static_cast<double>(mixture_.centres.size(0)) - metrics.number("high_quality");
}

std::optional<train::Record> ToyTask::finish(double, const train::Proceed& proceed) {
  if (proceed && !proceed(0)) return std::nullopt;
  const auto c = coverage();
  protocol_ = c.protocol + "; averaged generator";
  return train::Record().set("modes", c.modes).set("high_quality", c.high_quality);
}

void ToyTask::sample(const std::filesystem::path& folder, Index step) {
  Rng data = rng_.fork("pictures", 0), latents = rng_.fork("pictures", 1);
  const Tensor real = data::sample(mixture_, measured, data);
  const Tensor fake = gan::sample<float>(game_.average.average, measured, options_.model.latent, latents);
  const auto around = extent(mixture_);
  io::Panel panel{.title = run_.preset + ", step " + std::to_string(step), .x = around, .y = around};
  panel.series = {{.name = "data", .points = points(real), .scattered = true},
                  {.name = "generated", .points = points(fake), .scattered = true}};
  const auto picture = io::draw_chart({.panels = {panel}, .panel_width = 700, .panel_height = 740});
  io::write_png(folder / (train::step_name(step) + "-samples.png"), picture,
                picture_text(step, run_.seed, model_config()));
}

train::Record ToyTask::model_config() const {
  const auto& c = options_.model;
  return train::Record()
      .set("model", "gan_mlp")
      .set("features", c.features)
      .set("latent", c.latent)
      .set("hidden", std::vector<std::int64_t>(c.hidden.begin(), c.hidden.end()))
      .set("classes", c.classes)
      .set("pack", c.pack)
      .set("stddev_group", c.stddev_group);
}

train::Record request(const ToyOptions& o) {
  train::Record r;
  r.set("hidden", std::vector<std::int64_t>(o.model.hidden.begin(), o.model.hidden.end()))
      .set("latent", o.model.latent)
      .set("pack", o.model.pack)
      .set("stddev_group", o.model.stddev_group);
  add_request(r, o.gan);
  return r.set("evaluate_every", o.evaluate_every);
}

train::Record ToyTask::config() const { return train::Record().set("model", model_config()); }

}  // namespace atelier::programs
