/// The tape: what has been computed, in order, so that gradients can be swept backwards through it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0 {

struct Sweep;
class TapeState;

/// The inputs of a node, read through the tape: a rule that records may move the tape's vectors.
class InputList {
 public:
  InputList(const TapeState& state, std::uint32_t first) : state_(state), first_(first) {}
  std::uint32_t operator[](std::size_t k) const;

 private:
  const TapeState& state_;
  std::uint32_t first_;
};

/// One recorded operation: its backward rule and where its inputs stand in TapeState::inputs.
struct Node {
  void (*run)(void* rule, Sweep&, Identity* cotangent, InputList inputs);  // null once swept
  void (*destroy)(void* rule);
  void* rule;
  const char* name;
  std::uint32_t inputs;
  std::uint32_t shows;  // the leaf whose memory its result is a view of, or no_leaf
  Shape shape;          // of its result
};
inline constexpr std::uint32_t no_leaf = ~0u;

/// A tensor that a tape did not record, in the version that it had when the tape met it.
struct Leaf {
  Identity* x;  // kept alive until the tape ends
  std::uint64_t version;
  std::uint32_t older;  // the same tensor in the version before, or no_leaf

  bool was_written_since() const { return x->written() != version; }
};

/// An input is a node's index, or, with this bit, the index of a leaf: a tensor that this tape did not record.
inline constexpr std::uint32_t leaf_bit = 1u << 31;

/// Scratch of one sweep: what is needed, and the cotangents collected so far.
struct SweepScratch {
  std::vector<unsigned char> live, leaf_live;
  std::vector<Identity*> cotangent, leaf_cotangent;
};

/// Everything a tape holds. States are kept by the thread and used again, so that recording allocates nothing after the
/// first step: nodes and inputs in vectors, rules in bump-allocated chunks.
class TapeState {
 public:
  std::vector<Node> nodes;  // in creation order, which is a topological order
  std::vector<std::uint32_t> inputs;
  std::vector<Leaf> leaves;
  std::vector<std::unique_ptr<SweepScratch>> scratch;  // one for each level of nested sweeps
  std::size_t depth = 0;

  TapeState() = default;
  TapeState(const TapeState&) = delete;
  TapeState& operator=(const TapeState&) = delete;

  /// Memory for a rule, 16-byte aligned, until the tape ends.
  void* allocate(std::size_t bytes) {
    bytes = (bytes + 15) & ~std::size_t{15};
    if (bytes > chunk_bytes) throw Error("tape: a rule captures too much; capture tensors, which are handles");
    if (used_ + bytes > chunk_bytes) ++chunk_, used_ = 0;
    if (chunk_ == chunks_.size()) chunks_.push_back(std::make_unique<std::byte[]>(chunk_bytes));
    void* place = chunks_[chunk_].get() + used_;
    used_ += bytes;
    return place;
  }
  /// Index of leaf `x` in its present version, entered when new.
  std::uint32_t leaf(Identity* x) {
    if (slots_.size() < 2 * leaves.size() + 16) rehash();
    std::uint32_t& slot = find(x);
    if (slot && !leaves[slot - 1].was_written_since()) return slot - 1;
    leaves.push_back({share(x), x->written(), slot ? slot - 1 : no_leaf});
    slot = static_cast<std::uint32_t>(leaves.size());
    return slot - 1;
  }
  /// Index of leaf `x` in the newest version met, or no_leaf.
  std::uint32_t known_leaf(Identity* x) {
    const std::uint32_t slot = slots_.empty() ? 0 : find(x);
    return slot ? slot - 1 : no_leaf;
  }

  static void destroy(Node& node) {
    if (node.destroy) node.destroy(node.rule);
    node.destroy = nullptr;
    node.run = nullptr;
  }
  void clear() {
    for (auto i = nodes.size(); i--;) destroy(nodes[i]);
    for (const Leaf& leaf : leaves) release(leaf.x);
    nodes.clear();
    inputs.clear();
    leaves.clear();
    std::fill(slots_.begin(), slots_.end(), 0);
    chunk_ = used_ = 0;
  }

 private:
  static constexpr std::size_t chunk_bytes = std::size_t{1} << 16;

  /// Open addressing by the identity's address; a slot holds the leaf's index + 1.
  std::uint32_t& find(Identity* x) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t h = (reinterpret_cast<std::uintptr_t>(x) >> 6) * 0x9E3779B97F4A7C15ull >> 20;
    while (slots_[h & mask] && leaves[slots_[h & mask] - 1].x != x) ++h;
    return slots_[h & mask];
  }
  void rehash() {
    slots_.assign(slots_.empty() ? 256 : slots_.size() * 2, 0);
    for (std::uint32_t i = 0; i < leaves.size(); ++i) find(leaves[i].x) = i + 1;  // a newer version overwrites an older
  }

  std::vector<std::uint32_t> slots_;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::size_t chunk_ = 0, used_ = 0;
};

inline std::uint32_t InputList::operator[](std::size_t k) const { return state_.inputs[first_ + k]; }

/// Records the operations of this thread while it lives. Tapes nest: the innermost records, and a tensor of an outer
/// tape, of an ended one or of none is a constant to it, unless a gradient is asked for by naming it.
/// Without a tape nothing is recorded, and nothing is kept.
class Tape {
 public:
  Tape() : serial_(next_.fetch_add(1, std::memory_order_relaxed)), outer_(current_), state_(borrow()) {
    current_ = this;
  }
  ~Tape() {
    state_->clear();
    spares().push_back(std::move(state_));
    current_ = outer_;
  }
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// The innermost tape of this thread, or null.
  static Tape* current() { return current_; }
  static bool recording() { return current_ && current_->on_; }
  /// `x` was recorded by this tape.
  bool owns(const Identity* x) const { return x->tape == serial_; }
  /// Number of operations recorded so far.
  std::size_t size() const { return state_->nodes.size(); }
  TapeState& state() { return *state_; }

  /// Enters a node that made `y` from `inputs`.
  void push(const char* name, Identity* y, void* rule, decltype(Node::run) run, decltype(Node::destroy) destroy,
            std::span<Identity* const> inputs) {
    if (owns(y))
      throw Error(std::string(name) +
                  ": this result is recorded already, by the operations that made it; a rule of its own needs them " +
                  "under a Tape::Pause");
    if (std::find(inputs.begin(), inputs.end(), y) != inputs.end())
      throw Error(std::string(name) + ": expected a result of its own, found an input; give x.view(x.shape())");
    const auto first = static_cast<std::uint32_t>(state_->inputs.size());
    for (Identity* x : inputs) state_->inputs.push_back(owns(x) ? x->node : leaf_bit | state_->leaf(x));
    const std::uint32_t shows = y->source && !owns(y->source) ? state_->leaf(y->source) : no_leaf;
    y->tape = serial_;
    y->node = static_cast<std::uint32_t>(state_->nodes.size());
    state_->nodes.push_back({run, destroy, rule, name, first, shows, y->shape});
  }

  /// Suspends recording (or, with `on`, resumes it) while it lives.
  class Pause {
   public:
    explicit Pause(bool on = false) : tape_(current_), was_(tape_ && tape_->on_) {
      if (tape_) tape_->on_ = on;
    }
    ~Pause() {
      if (tape_) tape_->on_ = was_;
    }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    Tape* tape_;
    bool was_;
  };

 private:
  using Spares = std::vector<std::unique_ptr<TapeState>>;
  static Spares& spares() {
    static thread_local Spares list;
    return list;
  }
  static std::unique_ptr<TapeState> borrow() {
    if (spares().empty()) return std::make_unique<TapeState>();
    auto state = std::move(spares().back());
    spares().pop_back();
    return state;
  }

  inline static std::atomic<std::uint64_t> next_{1};
  inline static thread_local Tape* current_ = nullptr;
  std::uint64_t serial_;
  Tape* outer_;
  std::unique_ptr<TapeState> state_;
  bool on_ = true;
};

}  // namespace atelier::inline v0
