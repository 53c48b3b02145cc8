/// What the game needs to know of learning: this header shows nothing of atelier but its errors, so that the rest of a
/// program compiles as fast as before.
#pragma once

#include <array>
#include <chrono>
#include <memory>

#include "atelier/core/error.hpp"

constexpr int side = 16;                         // pixels of a picture's sides
using Picture = std::array<float, side * side>;  // row by row, 0 to 1

/// Learns from the pictures it remembers, as long as it is told to.
class Learner {
 public:
  Learner();
  ~Learner();

  /// Keeps a picture; of more than a thousand the oldest one is forgotten.
  void remember(const Picture& picture);
  /// Does one step of training, and more of them until `end`. Needs a picture to learn from.
  void learn_until(std::chrono::steady_clock::time_point end);
  /// A picture that might have been seen.
  Picture imagine();

  int steps() const;
  double loss() const;  // of the last step, in nats a picture

 private:
  struct State;
  std::unique_ptr<State> state_;
};
