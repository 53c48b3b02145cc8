/// What every training run is told, whatever it trains. The trainers' shared flags fill this structure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "atelier/core/precision.hpp"
#include "atelier/core/shape.hpp"

namespace atelier::inline v0::train {

/// How often: after so many steps, or after so much time.
struct Every {
  Index steps = 0;
  double seconds = 0;
  /// "100" (steps), "30s", "5m". Throws ConfigError for anything else.
  static Every parse(const std::string& text);
  std::string str() const;
};

/// The length of a run; one of the three is set.
struct Budget {
  Index epochs = 0;
  Index steps = 0;
  double minutes = 0;  // evaluation included
};

struct Options {
  std::filesystem::path data;  // the data set's folder
  std::filesystem::path out;   // the run's folder
  std::string preset;
  Budget budget;
  Index batch = 128;
  double lr = 1e-3;
  Index accumulate = 1;  // parts that a batch is computed in
  std::uint64_t seed = 1;
  Precision precision = Precision::highest;
  bool resume = false;
  Every checkpoint_every{.steps = 0, .seconds = 60};

  /// Throws ConfigError for numbers that make no run.
  void check() const;
};

}  // namespace atelier::inline v0::train
