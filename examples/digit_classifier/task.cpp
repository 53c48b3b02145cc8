#include "task.hpp"

#include "atelier/io/png.hpp"
#include "atelier/models/gan/augment.hpp"
#include "atelier/ops/image_layout.hpp"
#include "atelier/ops/loss.hpp"

namespace atelier::programs {

namespace {
constexpr Index side = digits::Classifier::side;

data::Mnist checked(data::Mnist images, const ClassifierOptions& o, const train::Options& run) {
  if (images.train.height != side || images.train.width != side)
    throw ConfigError("data: expected images of 28 x 28, found " + std::to_string(images.train.height) + " x " +
                      std::to_string(images.train.width));
  if (o.shift < 0 || o.shift >= side) throw ConfigError("--shift: expected 0 to 27, found " + std::to_string(o.shift));
  if (run.batch > images.train.count)
    throw ConfigError("--batch: expected at most the " + std::to_string(images.train.count) +
                      " training images, found " + std::to_string(run.batch));
  return images;
}
digits::Classifier initialised(const Rng& rng) {
  digits::Classifier model;
  nn::init(model, rng);
  return model;
}
/// [B, 784] -> [B, 28, 28, 1].
Tensor as_images(const Tensor& x) { return reshape(x, Shape{x.size(0), side, side, 1}); }

IndexTensor shifts(Index n, Index most, Rng& rng) {
  auto moved = IndexTensor::empty({n, 2});
  for (Index i = 0; i < moved.size(); ++i)
    moved.mutable_data()[i] = static_cast<std::int32_t>(rng.index(2 * most + 1) - most);
  return moved;
}
}  // namespace

ClassifierTask::ClassifierTask(data::Mnist images, const ClassifierOptions& o, const train::Options& run)
    : options_(o),
      run_(run),
      data_(checked(std::move(images), o, run)),
      rng_(run.seed),
      shuffle_(data_.train.count, run.batch, rng_.fork("shuffle")),
      model_(initialised(rng_.fork("init"))),
      adam_(model_, {.lr = run.lr}) {}

train::Record ClassifierTask::step(Index step, double lr_factor) {
  const PrecisionScope precision(run_.precision);
  Rng rng = rng_.fork("step", static_cast<std::uint64_t>(step));
  adam_.learning_rate = run_.lr * lr_factor;
  const auto numbers = shuffle_(step);
  const auto labels = data::gather_labels(data_.train, numbers);
  const auto x =
      gan::translate(as_images(data::gather_images(data_.train, numbers)), shifts(run_.batch, options_.shift, rng));
  const Index size = run_.batch / run_.accumulate;
  double total = 0;
  for (Index k = 0; k < run_.accumulate; ++k) {
    Tape tape;
    const auto logits = model_(slice(x, 0, k * size, (k + 1) * size), nn::Mode::train);
    const auto loss = mean(cross_entropy(logits, labels.view({size}, k * size)));
    adam_.accumulate(loss);
    total += static_cast<double>(loss.item()) / static_cast<double>(run_.accumulate);
  }
  adam_.step();
  return train::Record().set("loss", total);
}

train::Record ClassifierTask::evaluate() {
  const auto& test = data_.test;
  const auto verdicts = digits::classify(model_, as_images(data::slice_images(test, 0, test.count)));
  return train::Record().set("test_accuracy", digits::accuracy(verdicts, data::slice_labels(test, 0, test.count)));
}

std::optional<train::Record> ClassifierTask::finish(double, const train::Proceed& proceed) {
  if (proceed && !proceed(0)) return std::nullopt;
  return evaluate();
}

void ClassifierTask::sample(const std::filesystem::path& folder, Index step) {
  constexpr std::size_t most = 64;
  const auto& test = data_.test;
  const auto p = digits::classify(model_, as_images(data::slice_images(test, 0, test.count))).probabilities;
  std::vector<std::int32_t> mistaken;
  for (Index i = 0; i < test.count && mistaken.size() < most; ++i) {
    const float* row = p.data() + i * p.size(1);
    if (std::max_element(row, row + p.size(1)) - row != test.labels[static_cast<std::size_t>(i)])
      mistaken.push_back(static_cast<std::int32_t>(i));
  }
  if (mistaken.empty()) return;
  const auto images = data::gather_images(test, mistaken);
  io::write_png(folder / (train::step_name(step) + "-mistakes.png"),
                io::image_grid(images.view({images.size(0), side, side}), {.zoom = 2}));
}

train::State ClassifierTask::state() { return train::run_state_of(model_, adam_); }
train::State ClassifierTask::model_state() { return train::model_state_of(model_); }

train::Record request(const ClassifierOptions& o) { return train::Record().set("shift", o.shift); }

train::Record ClassifierTask::config() const {
  return train::Record()
      .set("model", model_config())
      .set("data_sha256", data_.train.pixels_sha256 + " " + data_.test.pixels_sha256);
}

std::string ClassifierTask::protocol() const {
  return "all " + std::to_string(data_.test.count) + " test images, 28x28, grey levels x/255 in [0, 1]";
}

}  // namespace atelier::programs
