/// The backward sweep over a tape: finds what is needed, runs the rules in reverse, collects cotangents.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "atelier/autograd/tape.hpp"

namespace atelier::inline v0 {

struct GradOptions {
  bool create_graph = false;  // record the sweep itself, so that gradients can be differentiated again
  bool retain_graph = false;  // keep rules and buffers for another sweep; otherwise they go as the sweep passes
  bool allow_unused = false;  // a target that does not influence the loss gives an empty handle instead of an error
};

// Sums of cotangents, written with the library's own addition (ops/arithmetic.hpp).
template <class T> BasicTensor<T> add(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// a += b in place; `a` must be unique.
template <class T> void add_into(BasicTensor<T>& a, const BasicTensor<T>& b);

/// One sweep in progress; rules see it to ask what is wanted and to hand in their cotangents.
struct Sweep {
  TapeState& state;
  SweepScratch& scratch;
  std::uint32_t from;  // nodes below are constants
  bool create_graph;
  const char* running = "the seed";  // whose rule hands in cotangents

  static constexpr unsigned char wanted = 1, has_wanted_input = 2, target = 4;

  /// Input `i` needs a cotangent.
  bool wants(std::uint32_t i) const {
    if (i & leaf_bit) {
      i &= ~leaf_bit;
      return i < scratch.leaf_live.size() && scratch.leaf_live[i];  // leaves met during the sweep are constants
    }
    return i >= from && scratch.live[i - from];
  }
  void mark(std::uint32_t i, unsigned char flags) {
    (i & leaf_bit ? scratch.leaf_live[i & ~leaf_bit] : scratch.live[i - from]) |= flags;
  }
  Identity*& cotangent(std::uint32_t i) {
    return i & leaf_bit ? scratch.leaf_cotangent[i & ~leaf_bit] : scratch.cotangent[i - from];
  }
  /// Of the tensor that is input `i`, and so of its cotangent.
  const Shape& shape(std::uint32_t i) const {
    return i & leaf_bit ? state.leaves[i & ~leaf_bit].x->shape : state.nodes[i].shape;
  }
  /// Adds `g` to the cotangent of input `i`; in place when nobody else can see the sum so far. Throws Error for another
  /// shape than the input's.
  template <class T> void add(std::uint32_t i, BasicTensor<T> g) {
    if (g.shape() != shape(i))
      throw Error(std::string("grad: expected a cotangent of ") + shape(i).str() + " from " + running +
                  ", found one of " + g.shape().str());
    Identity*& sum = cotangent(i);
    if (!sum) {
      sum = g.disown();
      return;
    }
    auto old = BasicTensor<T>::adopt(std::exchange(sum, nullptr));
    if (!create_graph && old.unique()) {
      add_into(old, g);
    } else {
      old = atelier::add(old, g);
    }
    cotangent(i) = old.disown();
  }
};

namespace detail {

/// Borrowed scratch of the present nesting level; releases whatever cotangents are left, also after an exception.
class ScratchLease {
 public:
  ScratchLease(TapeState& state, std::size_t nodes) : state_(state) {
    if (state.scratch.size() == state.depth) state.scratch.push_back(std::make_unique<SweepScratch>());
    s_ = state.scratch[state.depth++].get();
    s_->live.assign(nodes, 0);
    s_->cotangent.assign(nodes, nullptr);
    s_->leaf_live.assign(state.leaves.size(), 0);
    s_->leaf_cotangent.assign(state.leaves.size(), nullptr);
  }
  ~ScratchLease() {
    for (Identity* c : s_->cotangent) release(c);
    for (Identity* c : s_->leaf_cotangent) release(c);
    --state_.depth;
  }
  ScratchLease(const ScratchLease&) = delete;
  ScratchLease& operator=(const ScratchLease&) = delete;
  SweepScratch& operator*() { return *s_; }

 private:
  TapeState& state_;
  SweepScratch* s_;
};

inline constexpr std::uint32_t nowhere = ~0u;

/// Where target `x` stands: a node in [from, last], a leaf, or nowhere.
inline std::uint32_t locate(Tape& tape, const Sweep& sweep, std::uint32_t last, Identity* x) {
  if (!x) throw Error("grad: expected targets, found an empty handle");
  if (tape.owns(x)) return x->node >= sweep.from && x->node <= last ? x->node : nowhere;
  const std::uint32_t leaf = sweep.state.known_leaf(x);
  if (leaf >= sweep.scratch.leaf_live.size()) return nowhere;
  if (sweep.state.leaves[leaf].was_written_since())
    throw Error("grad: a parameter was updated after this tape recorded it, so its gradient would be wrong");
  return leaf_bit | leaf;
}

/// Marks a target. Uses of a leaf in older versions are marked too, so that a sweep that meets one refuses it.
inline void mark_target(Sweep& sweep, std::uint32_t at) {
  sweep.mark(at, Sweep::wanted | Sweep::target);
  if (!(at & leaf_bit)) return;
  const auto& leaves = sweep.state.leaves;
  for (auto leaf = leaves[at & ~leaf_bit].older; leaf != no_leaf; leaf = leaves[leaf].older)
    sweep.mark(leaf_bit | leaf, Sweep::wanted);
}

inline std::pair<std::uint32_t, std::uint32_t> input_range(const TapeState& s, std::uint32_t node) {
  const bool is_last = node + 1 == s.nodes.size();
  return {s.nodes[node].inputs, is_last ? static_cast<std::uint32_t>(s.inputs.size()) : s.nodes[node + 1].inputs};
}

/// Forward pass over the nodes: a node is live when any of its inputs is.
inline void mark_live(Sweep& sweep, std::uint32_t last) {
  const TapeState& s = sweep.state;
  for (std::uint32_t i = sweep.from; i <= last; ++i) {
    auto [a, b] = input_range(s, i);
    if (std::any_of(s.inputs.begin() + a, s.inputs.begin() + b, [&](auto k) { return sweep.wants(k); }))
      sweep.mark(i, Sweep::wanted | Sweep::has_wanted_input);
  }
}

/// Runs the rule of node `i` on cotangent `g`.
inline void run_rule(Sweep& sweep, std::uint32_t i, Identity* g, bool consume) {
  TapeState& s = sweep.state;
  const Node node = s.nodes[i];  // a copy: a rule that records may move the vector
  if (!node.run)
    throw Error(std::string("grad: '") + node.name +
                "' was swept before; pass {.retain_graph = true} to the earlier grad to sweep it again");
  for (auto [k, end] = input_range(s, i); k < end; ++k) {
    const std::uint32_t input = s.inputs[k], leaf = input & leaf_bit ? input & ~leaf_bit : s.nodes[input].shows;
    if (leaf != no_leaf && s.leaves[leaf].was_written_since())
      throw Error(std::string("grad: a parameter was updated after '") + node.name +
                  "' used it, so this gradient would be wrong");
  }
  sweep.running = node.name;
  node.run(node.rule, sweep, g, InputList(s, node.inputs));
  if (consume) TapeState::destroy(s.nodes[i]);
}

}  // namespace detail

/// Gradients of `loss`, weighted by `seed`, with respect to target(0..n-1) (identities), written to out[0..n-1].
/// Nodes below `from` are constants. Throws Error when the loss is not on the current tape, when a part was swept
/// before, when a parameter has changed since, or when a target has no influence; `describe(k)` names target k in that
/// message.
template <class T, class Target, class Describe>
void sweep(const BasicTensor<T>& loss, BasicTensor<T> seed, std::size_t n, const Target& target,
           const Describe& describe, BasicTensor<T>* out, GradOptions options, std::uint32_t from = 0) {
  Tape* tape = Tape::current();
  if (!loss) throw Error("grad: expected a loss, found an empty handle");
  if (!tape || !tape->owns(loss.identity())) throw Error("grad: the loss was not recorded by the current tape");
  const std::uint32_t last = loss.identity()->node;
  detail::ScratchLease lease(tape->state(), last + 1 - from);
  Sweep sweep{tape->state(), *lease, from, options.create_graph};
  for (std::size_t k = 0; k < n; ++k)
    if (auto i = detail::locate(*tape, sweep, last, target(k)); i != detail::nowhere) detail::mark_target(sweep, i);
  detail::mark_live(sweep, last);
  {
    Tape::Pause mode(options.create_graph);
    if (sweep.wants(last)) sweep.add(last, std::move(seed));
    for (std::uint32_t i = last + 1; i-- > from;) {
      Identity* g = sweep.cotangent(i);
      if (!g) continue;
      const auto live = sweep.scratch.live[i - from];
      if (live & Sweep::has_wanted_input) detail::run_rule(sweep, i, g, !options.create_graph && !options.retain_graph);
      if (!(live & Sweep::target)) release(std::exchange(sweep.cotangent(i), nullptr));
    }
  }
  for (std::size_t k = 0; k < n; ++k) {
    auto i = detail::locate(*tape, sweep, last, target(k));
    Identity* c = i == detail::nowhere ? nullptr : sweep.cotangent(i);
    if (c) {
      out[k] = BasicTensor<T>::from(c);
    } else if (options.allow_unused) {
      out[k] = {};
    } else {
      throw Error("grad: " + describe(k) + " does not influence the loss");
    }
  }
}

}  // namespace atelier::inline v0
