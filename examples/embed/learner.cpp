#include "learner.hpp"

#include <algorithm>
#include <vector>

#include "atelier/atelier.hpp"
#include "atelier/parallel/team.hpp"

using namespace atelier;

// Model, optimizer, random numbers: all there is between two steps. Nothing hides in the library, so a program may have
// as many of these as it likes, in as many threads.
struct Learner::State {
  static constexpr std::size_t most = 1000;
  static constexpr Index batch = 32;

  vae::Vae model{{.pixels = side * side, .hidden = {128}, .latent = 4}};
  optim::Adam adam{model, {.lr = 2e-3}};  // keeps hold of the model's parameters: the two stay together
  Rng rng{1};
  std::vector<Picture> memory;
  std::size_t oldest = 0;
  int steps = 0;
  double loss = 0;

  State() { nn::init(model, rng.fork("init")); }

  /// Some remembered pictures, at random: [batch, pixels].
  Tensor examples() {
    auto x = Tensor::empty({batch, side * side});
    for (Index i = 0; i < batch; ++i) {
      const auto& picture = memory[static_cast<std::size_t>(rng.index(static_cast<std::int64_t>(memory.size())))];
      std::copy(picture.begin(), picture.end(), x.mutable_data() + i * side * side);
    }
    return x;
  }
  void step() {
    const Tensor x = examples();
    Tape tape;  // what is computed while it lives is recorded; it goes at the end of this function
    const auto elbo = vae::negative_elbo(model, x, rng);
    adam.step(elbo.loss);
    loss = static_cast<double>(elbo.loss.item());
    ++steps;
  }
};

Learner::Learner() : state_(std::make_unique<State>()) {}
Learner::~Learner() = default;
int Learner::steps() const { return state_->steps; }
double Learner::loss() const { return state_->loss; }

void Learner::remember(const Picture& picture) {
  auto& s = *state_;
  if (s.memory.size() < State::most) return s.memory.push_back(picture);
  s.memory[s.oldest] = picture;
  s.oldest = (s.oldest + 1) % State::most;
}

void Learner::learn_until(std::chrono::steady_clock::time_point end) {
  const ThreadScope one(1);  // the other processors belong to the game; the numbers are the same with any number
  do state_->step();
  while (std::chrono::steady_clock::now() < end);
}

Picture Learner::imagine() {
  Picture picture;
  const Tensor image = vae::sample(state_->model, 1, state_->rng);  // no tape lives here: nothing is recorded
  std::copy_n(image.data(), picture.size(), picture.begin());
  return picture;
}
