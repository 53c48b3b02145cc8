/// What all optimizers share: the parameters in one contiguous arena, their gradients from one sweep, clipping,
/// accumulation.
#pragma once

#include <cmath>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "atelier/autograd/grad.hpp"
#include "atelier/core/option.hpp"
#include "atelier/kernels/optimizer.hpp"
#include "atelier/nn/visit.hpp"
#include "atelier/ops/arithmetic.hpp"

namespace atelier::inline v0::optim {

/// Whether weight decay applies to a parameter.
using DecayRule = std::function<bool(const std::string& name, const Shape& shape)>;
/// Matrices decay; biases, norms and other vectors do not.
inline bool matrices_only(const std::string&, const Shape& shape) { return shape.rank() >= 2; }

/// The trained parameters of a module, moved side by side into one block of memory; every handle follows. Further
/// blocks of the same layout hold an optimizer's moments. Each parameter starts at a multiple of 64 bytes.
template <class T> class Arena {
 public:
  struct Slot {
    std::string name;
    BasicTensor<T> param;
    Index offset;
  };

  /// Throws Error when a parameter already belongs to an optimizer or is viewed by another tensor.
  template <class M> explicit Arena(M& module) {
    nn::visit_params(module, [&](const std::string& name, auto& p) {
      if (p.identity()->storage->references.load() != 1)
        throw Error("optimizer: '" + name + "' has a view or belongs to another optimizer");
      slots_.push_back({name, BasicTensor<T>(p), size_});
      size_ += (p.size() + 15) / 16 * 16;
    });
    values_ = block();
    for (auto& s : slots_) adopt(s);
  }
  /// Gives every parameter memory of its own again.
  ~Arena() {
    for (auto& s : slots_)
      if (s.param.identity()->references.load() > 1) release(s);
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Zeros with the arena's layout.
  BasicTensor<T> block() const { return BasicTensor<T>::zeros({size_}); }
  /// Parameter k's part of a block, as a view of the parameter's shape.
  BasicTensor<T> part(const BasicTensor<T>& block, std::size_t k) const {
    return block.view(slots_[k].param.shape(), slots_[k].offset);
  }
  const std::vector<Slot>& slots() const { return slots_; }
  T* values(std::size_t k) { return values_.mutable_data() + slots_[k].offset; }

 private:
  void adopt(Slot& s) {
    Identity* id = s.param.identity();
    T* to = values_.mutable_data() + s.offset;
    std::copy_n(s.param.data(), s.param.size(), to);
    memory::release(std::exchange(id->storage, memory::share(values_.identity()->storage)));
    id->data = to;
  }
  /// Where there is no memory left for it, the parameter stays where it is and can't join another optimizer.
  void release(Slot& s) noexcept try {
    const auto own = copy(s.param);
    Identity* id = s.param.identity();
    memory::release(std::exchange(id->storage, memory::share(own.identity()->storage)));
    id->data = own.identity()->data;
  } catch (const std::bad_alloc&) {
  }

  std::vector<Slot> slots_;
  Index size_ = 0;
  BasicTensor<T> values_;
};

/// What one update did.
struct StepInfo {
  double gradient_norm = 0;  // before clipping; 0 unless it was asked for
};

template <class T> class BasicOptimizer {
 public:
  virtual ~BasicOptimizer() = default;
  BasicOptimizer(const BasicOptimizer&) = delete;
  BasicOptimizer& operator=(const BasicOptimizer&) = delete;

  double learning_rate;       // a schedule may change it before every step
  double clip_norm = 0;       // > 0: gradients are scaled so that their norm is at most this
  bool measure_norm = false;  // report the gradient norm even without clipping

  /// Gradients of `loss` for this optimizer's parameters, then one update. Throws Error when one has no influence.
  StepInfo step(const BasicTensor<T>& loss) {
    accumulate(loss);
    return step();
  }
  /// Adds the gradients of one part of a batch; the update uses the mean of the parts.
  void accumulate(const BasicTensor<T>& loss) {
    const auto& slots = arena_.slots();
    auto& fresh = parts_ ? fresh_ : gradients_;
    sweep(
        loss, BasicTensor<T>(loss.shape(), T(1)), slots.size(),
        [&](std::size_t k) { return slots[k].param.identity(); },
        [&](std::size_t k) { return "parameter '" + slots[k].name + "'"; }, fresh.data(), {});
    for (std::size_t k = 0; parts_ && k < slots.size(); ++k) {
      if (!gradients_[k].unique()) gradients_[k] = copy(gradients_[k]);
      add_into(gradients_[k], fresh_[k]);
      fresh_[k] = {};
    }
    ++parts_;
  }
  /// One update from what has been accumulated. Throws Error when there is nothing.
  StepInfo step() {
    if (!parts_) throw Error("optimizer: step() without gradients");
    StepInfo info;
    double scale = 1.0 / parts_;
    if (clip_norm > 0 || measure_norm) {
      info.gradient_norm = scale * std::sqrt(sum_of_squares());
      if (clip_norm > 0) scale *= std::min(1.0, clip_norm / (info.gradient_norm + 1e-6));
    }
    ++steps_;
    const auto version = nn::detail::next_version();
    for (std::size_t k = 0; k < gradients_.size(); ++k) {
      arena_.slots()[k].param.identity()->version = version;
      update(k, arena_.values(k), gradients_[k].data(), gradients_[k].size(), scale);
      gradients_[k] = {};
    }
    parts_ = 0;
    return info;
  }

  Index steps() const { return steps_; }
  void set_steps(Index n) { steps_ = n; }
  const Arena<T>& arena() const { return arena_; }
  /// Calls f(name, values) for every block of state ("m.NAME", "v.NAME"): views to save, or to fill when a run resumes.
  virtual void visit_state(const std::function<void(const std::string&, BasicTensor<T>)>& f) const = 0;

 protected:
  template <class M> BasicOptimizer(M& module, double lr) : learning_rate(lr), arena_(module) {
    gradients_.resize(arena_.slots().size());
    fresh_.resize(arena_.slots().size());
  }
  /// Updates parameter k in place from its gradient times `scale`.
  virtual void update(std::size_t k, T* param, const T* gradient, Index n, double scale) = 0;
  void visit_block(const char* prefix, const BasicTensor<T>& block,
                   const std::function<void(const std::string&, BasicTensor<T>)>& f) const {
    for (std::size_t k = 0; k < arena_.slots().size(); ++k) f(prefix + arena_.slots()[k].name, arena_.part(block, k));
  }

  Arena<T> arena_;
  Index steps_ = 0;

 private:
  double sum_of_squares() const {
    double sum = 0;
    for (const auto& g : gradients_) sum += kernels::sum_of_squares(g.data(), g.size());
    return sum;
  }

  std::vector<BasicTensor<T>> gradients_, fresh_;
  int parts_ = 0;
};
using Optimizer = BasicOptimizer<float>;

}  // namespace atelier::inline v0::optim
