#include "task.hpp"

#include "atelier/ops/image_layout.hpp"
#include "gan_game.hpp"
#include "picture_text.hpp"
#include "pictures.hpp"
#include "translation.hpp"

namespace atelier::programs {

namespace {
constexpr Index chunk = 100;  // images that are generated at once

const ImageGanOptions& checked(const ImageGanOptions& o, const ImageData& data, const train::Options& run) {
  o.gan.check();
  const Index part = run.batch / run.accumulate, batch = run.batch;
  if (batch > static_cast<Index>(data.train.size()))
    throw ConfigError("--batch: expected at most the " + std::to_string(data.train.size()) +
                      " training images, found " + std::to_string(batch));
  if (o.model.stddev_group && part % o.model.stddev_group)
    throw ConfigError("--stddev-group: expected a divisor of the " + std::to_string(part) +
                      " images that are computed together, found " + std::to_string(o.model.stddev_group));
  if (o.conditional && data.classes.empty()) throw ConfigError("--conditional: expected labels, found images without");
  return o;
}

/// [B, H, W, C] in [-1, 1] -> [B, C, H, W] in [0, 1].
Tensor to_unit(const Tensor& x) { return affine(channels_first(x), 0.5f, 0.5f); }
Tensor from_unit(const Tensor& x) { return channels_last(affine(x, 2.0f, -1.0f)); }

/// Networks G and D that are told a C besides: labels, or the generator's input.
template <class G, class D, class C> class ImageGanTask : public train::Task {
 public:
  template <class Config>
  ImageGanTask(ImageData data, const MakeMeasures& measures, const ImageGanOptions& o, const train::Options& run,
               const Config& c, Index latent)
      : options_(checked(o, data, run)),
        run_(run),
        data_(std::move(data)),
        latent_(latent),
        rng_(run.seed),
        shuffle_(static_cast<Index>(data_.train.size()), run.batch, rng_.fork("shuffle")),
        game_(G(c), D(c), o.gan, run, rng_),
        measures_(measures(data_, Rng(1))) {}

  Index steps_per_epoch() const override {
    return std::max<Index>(1, shuffle_.steps_per_epoch() / options_.gan.training.n_critic);
  }
  Index items_per_step() const override { return run_.batch * options_.gan.training.n_critic; }
  train::Record step(Index step, double lr_factor) override {
    const PrecisionScope precision(run_.precision);
    const Rng rng = rng_.fork("step", static_cast<std::uint64_t>(step));
    settled_ = false;
    if constexpr (requires { game_.discriminator.draws; }) game_.discriminator.draws = rng.fork("dropout");
    return game_.step(step, lr_factor, rng, note_,
                      [&](Index update, Index part) { return batch(step, rng, update, part); });
  }
  std::string note() override { return std::exchange(note_, {}); }
  train::Record evaluate() override {
    const PrecisionScope precision(run_.precision);
    return measures_->quick(generated(measures_->quick_count()));
  }
  double score(const train::Record& figures) const override { return measures_->score(figures); }
  std::optional<train::Record> finish(double share, const train::Proceed& proceed) override {
    const PrecisionScope precision(run_.precision);
    const auto all = static_cast<double>(options_.samples);
    const auto n = std::min(options_.samples, std::max<Index>(8, static_cast<Index>(share * all)));
    if (proceed && !proceed(0)) return std::nullopt;
    const Tensor images = generated(n);
    auto figures = measures_->full(images, proceed);
    if (figures && translates()) {
      const auto truth = held_out(n);
      const auto input = given(options_.job, from_unit(truth), nullptr);
      figures->merge(translation_figures(images, to_unit(shown(options_.job, input, truth.size(1))), truth));
    }
    return figures;
  }
  void sample(const std::filesystem::path& folder, Index step) override {
    const PrecisionScope precision(run_.precision);
    const Gallery gallery{folder, step, picture_text(step, run_.seed, model_config())};
    if (translates()) return draw_translations(gallery);
    const auto draw = [&](const Tensor& noise, const IndexTensor& labels) { return draw_images(noise, labels); };
    draw_generator(gallery, draw, latent_, classes(), rng_.fork("pictures"));
  }
  train::State state() override {
    settle();
    return game_.state();
  }
  train::State model_state() override { return game_.model_state(); }
  std::vector<optim::Optimizer*> optimizers() override { return {&game_.generator_adam, &game_.discriminator_adam}; }
  train::Record model_config() const override {
    const auto& m = options_.model;
    const train::Record asked = request(options_);
    train::Record r;
    r.set("model", "gan_images");
    for (const char* key : {"arch", "task", "size", "width", "d_width", "depth", "norm", "stddev_group"})
      r.set(key, *asked.find(key));
    return r.set("channels", m.channels).set("latent", latent_).set("classes", classes());
  }
  train::Record config() const override {
    train::Record r;
    r.set("model", model_config()).set("data_sha256", data_.checksums);
    return classes() ? r.set("labels", meanings()) : r;
  }
  std::string protocol() const override {
    const std::string kind = translates() ? "; made of held-out images, inpaint: the middle is missing" : "";
    const std::string told = classes() ? "; labels as held-out images have them" : "";
    return data_.protocol + "; range [-1, 1]; " + measures_->protocol(options_.samples) + kind + told +
           "; averaged generator, batch statistics of its own";
  }

 private:
  bool translates() const { return options_.job != Job::generate; }
  Index classes() const { return options_.conditional ? data_.class_count() : 0; }
  /// 0 cats, 1 dogs: what the labels mean.
  std::string meanings() const {
    std::string text;
    for (Index c = 0; c < classes(); ++c)
      text += (c ? ", " : "") + std::to_string(c) + " " + data_.classes[static_cast<std::size_t>(c)];
    return text;
  }

  /// Images and noise (or what the generator is given instead) of one part of an update of the discriminator.
  gan::Batch<float, C> batch(Index step, const Rng& rng, Index update, Index part) {
    const Index size = run_.batch / run_.accumulate;
    const auto positions = shuffle_(step * options_.gan.training.n_critic + update);
    const auto numbers = data::pick(
        data_.train, positions.subspan(static_cast<std::size_t>(part * size), static_cast<std::size_t>(size)));
    const auto id = static_cast<std::uint64_t>(update * run_.accumulate + part);
    Rng flips = rng.fork("flips", id), latents = rng.fork("latents", id);
    constexpr auto range = data::Range::minus_one_one;
    const Tensor real = channels_last(options_.flip ? data::image_batch(data_.images, numbers, range, flips)
                                                    : data::image_batch(data_.images, numbers, range));
    if constexpr (std::is_same_v<C, IndexTensor>) {
      const auto labels = options_.conditional ? data::gather_labels(data_.images, numbers) : IndexTensor{};
      return {real, normal({size, latent_}, latents), {labels}};
    } else {
      if (!translates()) return {real, normal({size, latent_}, latents), {}};
      const auto input = given(options_.job, real, &latents);
      return {real, input, {input}};
    }
  }

  /// The averaged generator was given the batch statistics of the other one: gathers its own, once after a step. From
  /// the same noise each time, so that they depend on its weights only.
  void settle() {
    constexpr Index passes = 16;
    if (settled_) return;
    const PrecisionScope precision(run_.precision);
    const Rng rng = rng_.fork("statistics");
    auto& generator = game_.average.average;
    nn::gather_statistics(generator, passes, [&](Index k) {
      const auto seen = batch(k, rng.fork("batch", static_cast<std::uint64_t>(k)), 0, 0);
      std::apply([&](const auto&... c) { generator(seen.noise, nn::Mode::train, c...); }, seen.condition);
    });
    settled_ = true;
  }

  Tensor draw_images(const Tensor& noise, const IndexTensor& labels) {
    settle();
    std::vector<Tensor> parts;
    for (Index i = 0; i < noise.size(0); i += chunk) {
      const Index end = std::min(noise.size(0), i + chunk);
      const auto some = slice(noise, 0, i, end);
      if constexpr (std::is_same_v<C, IndexTensor>)
        parts.push_back(
            to_unit(game_.average.average(some, nn::Mode::eval, labels ? labels.view({end - i}, i) : labels)));
      else
        parts.push_back(to_unit(game_.average.average(some, nn::Mode::eval)));
    }
    return concat(parts, 0);
  }
  Tensor held_out(Index n) const { return data_.unit(data_.some(data_.held_out, n, Rng(1).fork("held out"))); }
  /// n labels, each as often as held-out images have it; none for a model without.
  IndexTensor labels_as_held_out(Index n) const {
    if (classes() == 0) return {};
    const auto some = data_.some(data_.held_out, n, Rng(1).fork("held out"));
    std::vector<std::int32_t> numbers(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = some[i % some.size()];
    return data::gather_labels(data_.images, numbers);
  }
  /// n images from noise that is the same in every call, or made of held-out images.
  Tensor generated(Index n) {
    if (translates()) return draw_images(given(options_.job, from_unit(held_out(n)), nullptr), {});
    Rng rng = rng_.fork("evaluate");
    return draw_images(normal({n, latent_}, rng), labels_as_held_out(n));
  }
  /// In each row three held-out images: given, made, true.
  void draw_translations(const Gallery& gallery) {
    constexpr Index columns = 9, rows = 6;
    const auto truth = held_out(columns / 3 * rows);
    const auto input = given(options_.job, from_unit(truth), nullptr);
    const auto made = draw_images(input, {}), seen = to_unit(shown(options_.job, input, truth.size(1)));
    std::vector<Tensor> cells;
    for (Index i = 0; i < truth.size(0); ++i)
      for (const auto* x : {&seen, &made, &truth}) cells.push_back(slice(*x, 0, i, i + 1));
    gallery.write("samples", concat(cells, 0), columns);
    gallery.animate("samples");
  }

  ImageGanOptions options_;
  train::Options run_;
  ImageData data_;
  Index latent_;
  Rng rng_;
  data::Shuffle shuffle_;
  GanGame<G, D> game_;
  std::unique_ptr<Measures> measures_;
  std::string note_;
  bool settled_ = true;  // the averaged generator's statistics are its own
};
}  // namespace

std::unique_ptr<train::Task> make_image_gan(ImageData data, const MakeMeasures& measures, const ImageGanOptions& o,
                                            const train::Options& run) {
  ImageGanOptions own = o;
  own.model.channels = data.images.channels;
  own.model.size = data.images.height;
  own.model.classes = o.conditional ? data.class_count() : 0;
  if (own.arch == Arch::unet || own.job != Job::generate) {
    const auto c = unet_config(own);
    return std::make_unique<ImageGanTask<gan::Unet, gan::PatchDiscriminator, Tensor>>(std::move(data), measures, own,
                                                                                      run, c, c.numbers());
  }
  return std::make_unique<ImageGanTask<gan::DcganGenerator, gan::DcganDiscriminator, IndexTensor>>(
      std::move(data), measures, own, run, own.model, own.model.latent);
}

}  // namespace atelier::programs
