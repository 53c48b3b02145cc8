#include "monitor.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace atelier::programs {

namespace {
std::string duration(double seconds) {
  char text[32];
  const long s = static_cast<long>(seconds + 0.5);
  if (s >= 3600)
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  else
    std::snprintf(text, sizeof text, "%ld:%02ld", s / 60, s % 60);
  return text;
}

/// The numbers of an evaluation: train_loss 105.31  test_neg_elbo 106.02 ...
std::string numbers(const train::Record& metrics) {
  std::string text;
  for (const auto& [key, value] : metrics.fields()) {
    const double* x = std::get_if<double>(&value);
    if (!x || key == "epoch" || key == "seconds") continue;
    char part[96];
    std::snprintf(part, sizeof part, "  %s %.4g", key.c_str(), *x);
    text += part;
  }
  return text;
}
}  // namespace

Monitor::Monitor(ProgressStyle style)
    : style_(style != ProgressStyle::automatic ? style
             : isatty(STDERR_FILENO)           ? ProgressStyle::bar
                                               : ProgressStyle::text),
      colour_(isatty(STDERR_FILENO) && !std::getenv("NO_COLOR")) {}

void Monitor::show(const train::Progress& p) {
  if (!p.note.empty()) {
    end();
    std::fprintf(stderr, "note: %s\n", p.note.c_str());
  }
  if (style_ == ProgressStyle::none) return;
  const double pause = style_ == ProgressStyle::bar ? 0.1 : 10;
  if (p.metrics) {
    line(p);
  } else if (shown_ < 0 || p.seconds - shown_ >= pause) {
    style_ == ProgressStyle::bar ? bar(p) : line(p);
  } else {
    return;
  }
  shown_ = p.seconds;
}

void Monitor::line(const train::Progress& p) {
  if (open_) std::fprintf(stderr, "\r\033[K");
  open_ = false;
  const double epoch = static_cast<double>(p.step) / static_cast<double>(p.steps_per_epoch);
  if (p.evaluated > 0) {
    std::fprintf(stderr, "final evaluation %d%%\n", static_cast<int>(100 * p.evaluated));
    return;
  }
  std::fprintf(stderr, "step %lld/%lld  epoch %.2f", static_cast<long long>(p.step), static_cast<long long>(p.total),
               epoch);
  if (p.metrics)
    std::fprintf(stderr, "%s", numbers(*p.metrics).c_str());
  else
    std::fprintf(stderr, "  loss %.4g", p.loss);
  std::fprintf(stderr, "  %.0f/s  %s left\n", p.items_per_s, duration(p.remaining).c_str());
  const auto* sample = p.metrics ? p.metrics->find("sample") : nullptr;
  if (sample) std::fprintf(stderr, "%s\n", std::get<std::string>(*sample).c_str());
}

void Monitor::bar(const train::Progress& p) {
  constexpr int width = 30;
  const double share =
      p.evaluated > 0 ? p.evaluated : static_cast<double>(p.step) / static_cast<double>(std::max<Index>(1, p.total));
  const int filled = static_cast<int>(width * share);
  std::string cells;
  for (int i = 0; i < width; ++i) cells += i < filled ? "█" : "░";
  std::fprintf(stderr, "\r\033[K%s%s%s %3d%%  ", colour_ ? "\033[36m" : "", cells.c_str(), colour_ ? "\033[0m" : "",
               static_cast<int>(100 * share));
  if (p.evaluated > 0)
    std::fprintf(stderr, "final evaluation");
  else
    std::fprintf(stderr, "loss %.4g  %.0f/s  %s left", p.loss, p.items_per_s, duration(p.remaining).c_str());
  std::fflush(stderr);
  open_ = true;
}

void Monitor::end() {
  if (open_) std::fprintf(stderr, "\n");
  open_ = false;
}

}  // namespace atelier::programs
