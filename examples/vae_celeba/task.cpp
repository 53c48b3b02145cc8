#include "task.hpp"

#include "picture_text.hpp"
#include "vae_figures.hpp"
#include "vae_pictures.hpp"

namespace atelier::programs {

namespace {
constexpr Index chunk = 100;  // images that are evaluated at once

const FaceVaeOptions& checked(const FaceVaeOptions& o, const ImageData& data, const train::Options& run) {
  check_objective(o.loss, o.kl_warmup);
  if (run.batch > static_cast<Index>(data.train.size()))
    throw ConfigError("--batch: expected at most the " + std::to_string(data.train.size()) +
                      " training images, found " + std::to_string(run.batch));
  return o;
}
vae::ConvVae initialised(const vae::ConvConfig& c, const Rng& rng) {
  vae::ConvVae model(c);
  nn::init(model, rng);
  return model;
}
Tensor as_rows(const Tensor& x) { return reshape(x, Shape{x.size(0), x.size() / x.size(0)}); }
}  // namespace

FaceVaeTask::FaceVaeTask(ImageData images, const FaceVaeOptions& o, const train::Options& run)
    : options_(checked(o, images, run)),
      run_(run),
      data_(std::move(images)),
      rng_(run.seed),
      shuffle_(static_cast<Index>(data_.train.size()), run.batch, rng_.fork("shuffle")),
      model_(initialised(o.model, rng_.fork("init"))),
      adam_(model_, vae::optimizer_options(run.lr)),
      measures_(face_measures(data_, Rng(1))) {}

Tensor FaceVaeTask::training_images(std::span<const std::int32_t> numbers, const Rng& rng) const {
  const auto chosen = data::pick(data_.train, numbers);
  Rng flips = rng.fork("flips");
  return as_rows(options_.flip ? data::image_batch(data_.images, chosen, data::Range::zero_one, flips)
                               : data::image_batch(data_.images, chosen));
}
Tensor FaceVaeTask::held_out(Index begin, Index end) const {
  const std::span<const std::int32_t> all(data_.held_out);
  return as_rows(data_.unit(all.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin))));
}

train::Record FaceVaeTask::step(Index step, double lr_factor) {
  const PrecisionScope precision(run_.precision);
  const Rng rng = rng_.fork("step", static_cast<std::uint64_t>(step));
  adam_.learning_rate = run_.lr * lr_factor;
  Rng latents = rng.fork("latents");
  const Tensor noise = normal({run_.batch, model_.config.latent}, latents);
  const vae::Batch<float> images{training_images(shuffle_(step), rng), {}};
  return record_of(vae::step(model_, adam_, images, noise, vae::warmed_up(options_.loss, step, options_.kl_warmup),
                             run_.accumulate));
}

train::Record FaceVaeTask::terms(Index n) const {
  const PrecisionScope precision(run_.precision);
  Rng rng = rng_.fork("evaluate");
  vae::Terms all;
  for (Index i = 0; i < n; i += chunk) {
    const vae::Batch<float> some{held_out(i, std::min(n, i + chunk)), {}};
    const auto t = vae::evaluate(model_, some, rng, chunk);
    const double weight = static_cast<double>(some.size()) / static_cast<double>(n);
    all.reconstruction += weight * t.reconstruction;
    all.kl += weight * t.kl;
  }
  return record_of("test", all);
}

Tensor FaceVaeTask::generated(Index n) const {
  const PrecisionScope precision(run_.precision);
  const auto& c = options_.model;
  Rng rng = rng_.fork("samples");
  std::vector<Tensor> parts;
  for (Index i = 0; i < n; i += chunk) parts.push_back(vae::sample(model_, std::min(chunk, n - i), rng));
  return reshape(concat(parts, 0), Shape{n, c.channels, c.size, c.size});
}

std::optional<train::Record> FaceVaeTask::finish(double share, const train::Proceed& proceed) {
  const auto part = [share](Index n) {
    return std::min(n, std::max<Index>(8, static_cast<Index>(share * static_cast<double>(n))));
  };
  if (proceed && !proceed(0)) return std::nullopt;
  auto figures = terms(part(static_cast<Index>(data_.held_out.size())));
  const auto some = held_out(0, part(std::min<Index>(500, static_cast<Index>(data_.held_out.size()))));
  figures.set("active_units", vae::active_units(model_, vae::Batch<float>{some, {}}));
  const auto of_samples = measures_->full(generated(part(options_.samples)), proceed);
  if (!of_samples) return std::nullopt;
  return figures.merge(*of_samples);
}

void FaceVaeTask::sample(const std::filesystem::path& folder, Index step) {
  const auto& c = options_.model;
  const Album album{
      folder, train::step_name(step), c.size, c.size, c.channels, picture_text(step, run_.seed, model_config())};
  const vae::Batch<float> some{held_out(0, std::min<Index>(200, static_cast<Index>(data_.held_out.size()))), {}};
  draw_samples(album, model_, rng_);
  draw_reconstructions(album, model_, some);
  draw_interpolations(album, model_, some);
  draw_traversals(album, model_, some);
}

train::State FaceVaeTask::state() { return train::run_state_of(model_, adam_); }
train::State FaceVaeTask::model_state() { return train::model_state_of(model_); }

train::Record FaceVaeTask::model_config() const {
  return train::Record::parse(vae::to_json(options_.model), "conv_vae");
}

train::Record request(const FaceVaeOptions& o) {
  return train::Record()
      .set("size", o.model.size)
      .set("width", o.model.width)
      .set("latent", o.model.latent)
      .set("likelihood", vae::name(o.model.likelihood))
      .set("sigma", o.model.sigma)
      .set("beta", o.loss.beta)
      .set("free_bits", o.loss.free_bits)
      .set("kl_warmup", o.kl_warmup)
      .set("flip", o.flip)
      .set("samples", o.samples);
}

train::Record FaceVaeTask::config() const {
  return train::Record().set("model", model_config()).set("data_sha256", data_.checksums);
}

std::string FaceVaeTask::protocol() const {
  return data_.protocol +
         "; pixels in [0, 1], nats per image, -ELBO with one draw of z for each image, fixed variance "
         "without its constant; means of the prior's images: " +
         measures_->protocol(options_.samples);
}

}  // namespace atelier::programs
