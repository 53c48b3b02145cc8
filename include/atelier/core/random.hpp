/// Random numbers without hidden state: each is a function of a seed, a stream and a position, so that draws can be
/// made in any order, by any number of threads, and continued from three saved integers.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "atelier/core/config.hpp"
#include "atelier/core/error.hpp"

namespace atelier::inline v0 {

/// Philox4x32-10: a keyed permutation of 128-bit counters whose outputs pass every statistical test of TestU01.
///                              Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"
struct Philox {
  using Block = std::array<std::uint32_t, 4>;
  using Key = std::array<std::uint32_t, 2>;
  static constexpr int rounds = 10;
  static constexpr std::uint32_t multiplier[2] = {0xd2511f53, 0xcd9e8d57};
  static constexpr std::uint32_t key_step[2] = {0x9e3779b9, 0xbb67ae85};  // golden ratio; sqrt(3) - 1

  static constexpr Block encrypt(Block x, Key key) {
    for (int round = 0; round < rounds; ++round) {
      const std::uint64_t p0 = std::uint64_t{multiplier[0]} * x[0], p1 = std::uint64_t{multiplier[1]} * x[2];
      x = {high(p1) ^ x[1] ^ key[0], low(p1), high(p0) ^ x[3] ^ key[1], low(p0)};
      key = {key[0] + key_step[0], key[1] + key_step[1]};
    }
    return x;
  }
  /// The same for a counter and a key made of 64-bit numbers, low word first.
  static constexpr Block encrypt(std::uint64_t low64, std::uint64_t high64, std::uint64_t key) {
    return encrypt(Block{low(low64), high(low64), low(high64), high(high64)}, Key{low(key), high(key)});
  }
  static constexpr std::uint64_t join(std::uint32_t low32, std::uint32_t high32) {
    return low32 | std::uint64_t{high32} << 32;
  }

 private:
  static constexpr std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
  static constexpr std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }
};

/// An explicit generator. Every draw below uses one Philox block (two or more only when index() rejects); whole arrays
/// are filled by kernels/random.hpp. Copies draw the same numbers; independent ones come from fork() and split().
class Rng {
 public:
  /// Everything that the next numbers depend on: block `counter` of `stream` under the key `seed`.
  struct State {
    std::uint64_t seed = 0, stream = 0, counter = 0;
    friend bool operator==(const State&, const State&) = default;
  };

  explicit Rng(std::uint64_t seed) : state_{seed, 0, 0} {}
  explicit Rng(const State& state) : state_(state) {}
  const State& state() const { return state_; }
  friend bool operator==(const Rng&, const Rng&) = default;

  /// 64 random bits.
  std::uint64_t bits() {
    const auto x = next();
    return Philox::join(x[0], x[1]);
  }
  /// Uniform in [0, 1): a multiple of 2^-53.
  double uniform() { return unit(bits()); }
  /// Standard normal, at most 8.58 in size.                                                Box & Muller 1958
  double normal() {
    const auto x = next();
    const double u = 1 - unit(Philox::join(x[0], x[1]));  // (0, 1]
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * unit(Philox::join(x[2], x[3])));
  }
  /// Uniform in [0, n), every value equally likely. Throws Error for n < 1.
  std::int64_t index(std::int64_t n) {
    if (n < 1) throw Error("index: expected a range of at least 1, found " + std::to_string(n));
    const auto range = static_cast<std::uint64_t>(n);
    const std::uint64_t excess = (0 - range) % range;  // 2^64 modulo n: so many values would come once too often
    std::uint64_t x = bits();
    while (x < excess) x = bits();
    return static_cast<std::int64_t>(x % range);
  }
  /// 0, ..., n - 1 in random order, every order equally likely (Fisher & Yates). Throws Error for n that are no index.
  std::vector<std::int32_t> permutation(std::int64_t n) {
    if (n < 0 || n > std::numeric_limits<std::int32_t>::max())
      throw Error("permutation: expected 0 to 2147483647 elements, found " + std::to_string(n));
    std::vector<std::int32_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<std::size_t>(index(static_cast<std::int64_t>(i)))]);
    return order;
  }

  /// A generator of its own for one purpose (and number: a step, a layer). It depends on this one's seed and stream,
  /// the purpose and the number only, not on what has been drawn.
  Rng fork(std::string_view purpose, std::uint64_t number = 0) const {
    const auto x = Philox::encrypt(hash(purpose), state_.stream, ~state_.seed);
    const auto y = Philox::encrypt(Philox::join(x[0], x[1]) ^ number, Philox::join(x[2], x[3]), ~state_.seed);
    return Rng(State{state_.seed, Philox::join(y[0], y[1]), 0});
  }
  /// A generator of its own; the next split() gives another.
  Rng split() { return fork("split", reserve(1).counter); }
  /// Hands out the next `blocks` blocks: the state of the first. Whoever computes them, they are the same.
  State reserve(std::uint64_t blocks) {
    const State first = state_;
    state_.counter += blocks;
    return first;
  }

 private:
  static double unit(std::uint64_t x) { return static_cast<double>(x >> 11) * 0x1p-53; }
  /// FNV-1a.
  static constexpr std::uint64_t hash(std::string_view text) {
    std::uint64_t h = 0xcbf29ce484222325;
    for (char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return h;
  }
  Philox::Block next() {
    const State s = reserve(1);
    return Philox::encrypt(s.counter, s.stream, s.seed);
  }

  State state_;
};

}  // namespace atelier::inline v0
