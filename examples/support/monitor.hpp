/// Progress of a run on standard error: a bar on a terminal, lines elsewhere.
#pragma once

#include "atelier/train/loop.hpp"
#include "flags.hpp"

namespace atelier::programs {

class Monitor {
 public:
  explicit Monitor(ProgressStyle style);
  /// Shows where the run stands; an evaluation gets a line of its own.
  void show(const train::Progress& p);
  /// Ends the bar's line.
  void end();

 private:
  void line(const train::Progress& p);
  void bar(const train::Progress& p);

  ProgressStyle style_;
  bool colour_;
  bool open_ = false;  // a bar stands on the terminal's present line
  double shown_ = -1;  // seconds when something was last shown
};

}  // namespace atelier::programs
