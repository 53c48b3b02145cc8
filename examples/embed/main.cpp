// A program with a main loop of its own, such as a game, in which a model learns a little in every frame: it sees a
// ball bounce, remembers what it has seen, and learns to imagine such pictures.
//   embed            until Ctrl-C
//   embed 150        150 frames, 2.4 seconds
// The last line is
//   stopped after 150 frames: the loss has more than halved
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "learner.hpp"

namespace {
using Clock = std::chrono::steady_clock;
constexpr auto frame_time = std::chrono::milliseconds(16), learning_time = std::chrono::milliseconds(6);

// The library handles no signals: how the program is asked to stop is the program's own affair.
volatile std::sig_atomic_t asked_to_stop = 0;
void ask_to_stop(int) { asked_to_stop = 1; }

/// The game: a ball of radius 3 in a room, and a picture of it.
struct Ball {
  float x = 5, y = 8, dx = 0.31f, dy = 0.43f;

  void move() {
    const auto bounce = [](float& at, float& speed) {
      if (at + speed < 3 || at + speed > side - 4) speed = -speed;
      at += speed;
    };
    bounce(x, dx);
    bounce(y, dy);
  }
  Picture picture() const {
    Picture p;
    for (int i = 0; i < side * side; ++i) {
      const float distance = std::hypot(static_cast<float>(i % side) - x, static_cast<float>(i / side) - y);
      p[static_cast<std::size_t>(i)] = std::clamp(3.5f - distance, 0.0f, 1.0f);  // a soft edge
    }
    return p;
  }
};

void show(int frame, const Learner& learner, const Picture& seen, const Picture& imagined) {
  std::printf("frame %d, %d steps, loss %.1f nats; seen, imagined:\n", frame, learner.steps(), learner.loss());
  const auto row = [](const Picture& p, int y) {
    for (int x = 0; x < side; ++x)
      std::putchar(" .:-=+*#%@"[static_cast<int>(9.99f * p[static_cast<std::size_t>(y * side + x)])]);
  };
  for (int y = 0; y < side; ++y) {
    row(seen, y);
    std::printf(" | ");
    row(imagined, y);
    std::printf("\n");
  }
}
/// How long to run, from the command line.
int frames_of(const std::string& word) {
  int frames = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), frames);
  if (error != std::errc() || end != word.data() + word.size() || frames < 1)
    throw atelier::ConfigError("frames: expected a whole number from 1, found '" + word + "'");
  return frames;
}
}  // namespace

int main(int argc, char** argv) try {
  const int frames = argc > 1 ? frames_of(argv[1]) : 0;  // 0: until asked to stop
  std::signal(SIGINT, ask_to_stop);
  Ball ball;
  Learner learner;
  learner.remember(ball.picture());
  learner.learn_until(Clock::now());  // one step
  const double first_loss = learner.loss();
  int frame = 0;
  for (auto next = Clock::now(); !asked_to_stop && (frames == 0 || frame < frames); ++frame) {
    // What a frame is about comes first ...
    ball.move();
    learner.remember(ball.picture());
    // ... then the model may use some of the time that is left. It does at least one step, however slow the machine.
    learner.learn_until(Clock::now() + learning_time);
    if (frame % 50 == 49) show(frame + 1, learner, ball.picture(), learner.imagine());
    next += frame_time;
    std::this_thread::sleep_until(next);
  }
  std::printf("stopped after %d frames: the loss has %s halved\n", frame,
              learner.loss() < first_loss / 2 ? "more than" : "not yet");
} catch (const atelier::Error& error) {
  // Whatever goes wrong inside the library comes out as an exception of one line.
  std::fprintf(stderr, "embed: error: %s\n", error.what());
  return error.exit_code();
}
