/// How exactly float matrix products are computed, named as PyTorch names it.
#pragma once

#include <string>

#include "atelier/core/error.hpp"

namespace atelier::inline v0 {

/// highest: IEEE float products. high: float-grade results, relative error about 1e-6 to 5e-6, by faster algorithms
/// where there are any. medium: inputs rounded to bfloat16, sums in float, on processors that multiply bfloat16; on
/// others it is high. Parameters, moments and reductions stay float.
enum class Precision { highest, high, medium };

inline const char* name(Precision p) {
  return p == Precision::highest ? "highest" : p == Precision::high ? "high" : "medium";
}

inline Precision precision_from(const std::string& text) {
  for (Precision p : {Precision::highest, Precision::high, Precision::medium})
    if (text == name(p)) return p;
  throw ConfigError("precision: expected highest, high or medium, found '" + text + "'");
}

/// Sets the precision of this thread's float products while it lives. Backward passes use the precision that their
/// forward pass was recorded with.
class PrecisionScope {
 public:
  explicit PrecisionScope(Precision p) : outer_(current_) { current_ = p; }
  ~PrecisionScope() { current_ = outer_; }
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;
  static Precision current() { return current_; }

 private:
  inline static thread_local Precision current_ = Precision::highest;
  Precision outer_;
};

}  // namespace atelier::inline v0
