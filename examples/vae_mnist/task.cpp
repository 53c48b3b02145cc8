#include "task.hpp"

#include "picture_text.hpp"
#include "vae_figures.hpp"
#include "vae_pictures.hpp"

namespace atelier::programs {

namespace {

/// The published binarisation of a data set: Philox, seed 42.
data::Mnist binarized(const data::Mnist& images) {
  const Rng rng(42);
  return {data::binarize(images.train, rng.fork("train")), data::binarize(images.test, rng.fork("test"))};
}

void check(const VaeOptions& o, const data::Mnist& images) {
  check_objective(o.loss, o.kl_warmup);
  check_option("--iwae", static_cast<double>(o.iwae));
  if (o.holdout < 0 || o.holdout >= images.train.count)
    throw ConfigError("--holdout: expected 0 to " + std::to_string(images.train.count - 1) + " images, found " +
                      std::to_string(o.holdout));
}

vae::Config fitted(vae::Config c, const data::ImageSet& set) {
  c.pixels = set.height * set.width;
  c.check();
  return c;
}
data::Shuffle shuffled(Index count, Index batch, const Rng& rng) {
  if (batch > count)
    throw ConfigError("--batch: expected at most the " + std::to_string(count) + " training images, found " +
                      std::to_string(batch));
  return {count, batch, rng};
}
vae::Vae initialised(const vae::Config& c, const Rng& rng) {
  vae::Vae model{c};
  nn::init(model, rng);
  return model;
}
}  // namespace

VaeData::VaeData(data::Mnist images, const VaeOptions& o) {
  check(o, images);
  checksums = images.train.pixels_sha256 + " " + images.test.pixels_sha256;
  std::string pixels = "grey levels x/255 in [0, 1]";
  data::Mnist drawn = images;
  if (o.binarize != Binarize::none) {
    drawn = binarized(images);
    const data::ImageSet* sets[] = {&drawn.train, &drawn.test};
    pixels = "pixels 0 or 1, drawn once: Bernoulli(x/255), Philox seed 42, SHA-256 of train and test " +
             data::binary_sha256(sets);
  }
  auto& shown = o.binarize == Binarize::every_step ? images.train : drawn.train;
  const Index rest = shown.count - o.holdout;
  train = data::part(shown, 0, rest);
  held_out = o.holdout ? data::part(drawn.train, rest, rest + o.holdout) : std::move(drawn.test);
  held_out_name = o.holdout ? "validation" : "test";
  protocol = (o.holdout ? "last " + std::to_string(o.holdout) + " training images"
                        : "all " + std::to_string(held_out.count) + " test images") +
             ", " + std::to_string(held_out.height) + "x" + std::to_string(held_out.width) + ", no crop, " + pixels;
}

VaeTask::VaeTask(VaeData images, const VaeOptions& o, const train::Options& run)
    : options_(o),
      run_(run),
      data_(std::move(images)),
      rng_(run.seed),
      shuffle_(shuffled(data_.train.count, run.batch, rng_.fork("shuffle"))),
      model_(initialised(fitted(o.model, data_.train), rng_.fork("init"))),
      adam_(vae::make_optimizer(model_, run.lr)) {
  const auto& h = data_.held_out;
  held_out_ = {data::slice_images(h, 0, h.count), one_hot_labels(data::slice_labels(h, 0, h.count))};
}

Tensor VaeTask::one_hot_labels(const IndexTensor& numbers) const {
  return model_.config.classes ? one_hot<float>(numbers, model_.config.classes) : Tensor{};
}

vae::Batch<float> VaeTask::batch(std::span<const std::int32_t> numbers, const Rng& rng) const {
  Tensor x = data::gather_images(data_.train, numbers);
  if (options_.binarize == Binarize::every_step) {
    Rng pixels = rng.fork("pixels");
    x = uniform(x.shape(), pixels) < x;
  }
  return {x, one_hot_labels(data::gather_labels(data_.train, numbers))};
}

train::Record VaeTask::step(Index step, double lr_factor) {
  const PrecisionScope precision(run_.precision);
  const Rng rng = rng_.fork("step", static_cast<std::uint64_t>(step));
  adam_.learning_rate = run_.lr * lr_factor;
  Rng latents = rng.fork("latents");
  const Tensor noise = normal({run_.batch, model_.config.latent}, latents);
  return record_of(vae::step(model_, adam_, batch(shuffle_(step), rng), noise,
                             vae::warmed_up(options_.loss, step, options_.kl_warmup), run_.accumulate));
}

train::Record VaeTask::evaluate() { return evaluate(held_out_); }

train::Record VaeTask::evaluate(const vae::Batch<float>& images) const {
  const PrecisionScope precision(run_.precision);
  Rng rng = rng_.fork("evaluate");
  return record_of(data_.held_out_name, vae::evaluate(model_, images, rng));
}

double VaeTask::score(const train::Record& metrics) const { return metrics.number(data_.held_out_name + "_neg_elbo"); }

std::optional<train::Record> VaeTask::finish(double share, const train::Proceed& proceed) {
  const auto n = std::max<Index>(1, static_cast<Index>(share * static_cast<double>(held_out_.size())));
  const auto images = share < 1 ? held_out_.rows(0, n) : held_out_;
  auto metrics = evaluate(images);
  metrics.set("active_units", vae::active_units(model_, images));
  if (options_.iwae == 0) return metrics;
  const auto nll = iwae(images, proceed);
  if (!nll) return std::nullopt;
  return metrics.set(data_.held_out_name + "_nll", *nll).set("iwae_k", options_.iwae);
}

std::optional<double> VaeTask::iwae(const vae::Batch<float>& images, const train::Proceed& proceed) const {
  const Index chunk = std::clamp<Index>(20000 / options_.iwae, 1, 100);  // images between two looks at the user's wish
  const PrecisionScope precision(run_.precision);
  Rng rng = rng_.fork("iwae");
  const auto all = static_cast<double>(images.size());
  double sum = 0;
  for (Index i = 0; i < images.size(); i += chunk) {
    if (proceed && !proceed(static_cast<double>(i) / all)) return std::nullopt;
    const auto some = images.rows(i, std::min(images.size(), i + chunk));
    sum += static_cast<double>(some.size()) * vae::iwae(model_, some, options_.iwae, rng);
  }
  return sum / all;
}

void VaeTask::sample(const std::filesystem::path& folder, Index step) {
  const Album album{folder,
                    train::step_name(step),
                    data_.held_out.height,
                    data_.held_out.width,
                    1,
                    picture_text(step, run_.seed, model_config())};
  draw_samples(album, model_, rng_);
  draw_reconstructions(album, model_, held_out_);
  draw_interpolations(album, model_, held_out_);
  draw_traversals(album, model_, held_out_);
}

train::State VaeTask::state() { return train::run_state_of(model_, adam_); }
train::State VaeTask::model_state() { return train::model_state_of(model_); }

train::Record VaeTask::model_config() const { return train::Record::parse(vae::to_json(model_.config), "vae"); }

train::Record request(const VaeOptions& o) {
  constexpr const char* drawn[] = {"none", "static", "dynamic"};
  return train::Record()
      .set("hidden", std::vector<std::int64_t>(o.model.hidden.begin(), o.model.hidden.end()))
      .set("latent", o.model.latent)
      .set("likelihood", vae::name(o.model.likelihood))
      .set("conditional", o.model.classes > 0)
      .set("beta", o.loss.beta)
      .set("free_bits", o.loss.free_bits)
      .set("kl_warmup", o.kl_warmup)
      .set("binarize", drawn[static_cast<int>(o.binarize)])
      .set("iwae", o.iwae)
      .set("holdout", o.holdout);
}

train::Record VaeTask::config() const {
  return train::Record().set("model", model_config()).set("data_sha256", data_.checksums);
}

std::string VaeTask::protocol() const {
  return data_.protocol + "; nats per image; -ELBO with one draw of z for each image" +
         (options_.iwae ? "; NLL: IWAE bound with " + std::to_string(options_.iwae) + " draws" : "");
}

}  // namespace atelier::programs
