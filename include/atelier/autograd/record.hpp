/// How an operation enters the tape: its value, then one rule for each differentiable input, or a backward kernel with
/// the operation's definition beside it.
#pragma once

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

#include "atelier/autograd/sweep.hpp"

namespace atelier::inline v0 {

namespace detail {
/// Moves `rule` into the tape's memory and enters it as the maker of `y`. Rule::run does the backward step.
template <class Rule> void push(const char* name, Identity* y, Rule rule, std::span<Identity* const> inputs) {
  Tape& tape = *Tape::current();
  auto* place = new (tape.state().allocate(sizeof(Rule))) Rule(std::move(rule));
  tape.push(
      name, y, place, &Rule::run, [](void* p) { static_cast<Rule*>(p)->~Rule(); }, inputs);
}
}  // namespace detail

/// An input with its rule: from the result's cotangent to the input's. See wrt().
template <class T, class F> struct Wrt {
  Identity* x;
  F rule;
};

/// rule(g) or rule(g, y) returns the cotangent of `x`, given the cotangent g of the result y (kept only if the rule
/// takes it). Rules are written with the library's operations, so that they can be differentiated themselves; they are
/// run only when x's gradient is wanted.
template <class T, class F> Wrt<T, F> wrt(const BasicTensor<T>& x, F rule) { return {x.identity(), std::move(rule)}; }

namespace detail {
template <class T, class... F> struct RecordRule {
  static constexpr bool keeps_result = (!std::is_invocable_v<F&, const BasicTensor<T>&> || ...);
  std::tuple<F...> rules;
  BasicTensor<T> y;

  template <std::size_t J> void apply(Sweep& sweep, const BasicTensor<T>& g, std::uint32_t input) {
    if (!sweep.wants(input)) return;
    auto& rule = std::get<J>(rules);
    if constexpr (std::is_invocable_v<decltype(rule), const BasicTensor<T>&>) {
      sweep.add<T>(input, rule(g));
    } else {
      sweep.add<T>(input, rule(g, y));
    }
  }
  static void run(void* self, Sweep& sweep, Identity* cotangent, InputList inputs) {
    auto& r = *static_cast<RecordRule*>(self);
    const auto g = BasicTensor<T>::from(cotangent);
    [&]<std::size_t... J>(std::index_sequence<J...>) { (r.template apply<J>(sweep, g, inputs[J]), ...); }
    (std::index_sequence_for<F...>{});
  }
};
}  // namespace detail

/// Records `y` as the result of operation `name`, with a rule for each differentiable input; returns y.
template <class T, class... F> BasicTensor<T> record(const char* name, BasicTensor<T> y, Wrt<T, F>... inputs) {
  if constexpr (Differentiable<T>) {
    if (!Tape::recording()) return y;
    using Rule = detail::RecordRule<T, F...>;
    const std::array<Identity*, sizeof...(F)> x{inputs.x...};
    detail::push(name, y.identity(), Rule{{std::move(inputs.rule)...}, Rule::keeps_result ? y : BasicTensor<T>{}}, x);
  }
  return y;
}

/// Which inputs of a fused operation want a cotangent, and where its backward kernel puts them.
template <class T, std::size_t K> using Cotangents = std::array<BasicTensor<T>, K>;
template <std::size_t K> using Wanted = std::array<bool, K>;

namespace detail {
/// The cotangents by way of the definition: record it afresh on stand-ins for the inputs and sweep just that part.
template <class T, std::size_t K, class Definition>
Cotangents<T, K> through_definition(const Definition& define, const Cotangents<T, K>& x, const BasicTensor<T>& g) {
  const auto from = static_cast<std::uint32_t>(Tape::current()->size());
  Cotangents<T, K> alias, d;
  for (std::size_t k = 0; k < K; ++k)
    alias[k] = record("alias", x[k].view(x[k].shape()), wrt(x[k], [](const BasicTensor<T>& c) { return c; }));
  const BasicTensor<T> y = std::apply(define, alias);
  sweep(
      y, g, K, [&](std::size_t k) { return alias[k].identity(); }, [](std::size_t) { return std::string(); }, d.data(),
      {.create_graph = true, .allow_unused = true}, from);
  return d;
}

template <class T, std::size_t K, class Backward, class Definition> struct FusedRule {
  Backward backward;
  Definition define;
  Cotangents<T, K> x;
  BasicTensor<T> y;

  static void run(void* self, Sweep& sweep, Identity* cotangent, InputList inputs) {
    auto& r = *static_cast<FusedRule*>(self);
    const auto g = BasicTensor<T>::from(cotangent);
    Wanted<K> wanted;
    for (std::size_t k = 0; k < K; ++k) wanted[k] = sweep.wants(inputs[k]);
    Cotangents<T, K> d = sweep.create_graph ? through_definition<T, K>(r.define, r.x, g) : r.backward(g, r.y, wanted);
    for (std::size_t k = 0; k < K; ++k)
      if (wanted[k] && d[k]) sweep.add<T>(inputs[k], std::move(d[k]));
  }
};
}  // namespace detail

/// Records `y`, made by a forward kernel from inputs `x`, with
///   backward(g, y, wanted) -> Cotangents: the backward kernel, used at order 1;
///   define(x...) -> tensor: the same operation composed of others, used when the gradient is differentiated again, for
///   scalars without kernels, and by the tests as the truth.
template <class T, std::size_t K, class Backward, class Definition>
BasicTensor<T> record_fused(const char* name, BasicTensor<T> y, const BasicTensor<T> (&x)[K], Backward backward,
                            Definition define) {
  if (Tape::recording()) {
    using Rule = detail::FusedRule<T, K, Backward, Definition>;
    Cotangents<T, K> inputs;
    std::array<Identity*, K> identities;
    for (std::size_t k = 0; k < K; ++k) identities[k] = (inputs[k] = x[k]).identity();
    detail::push(name, y.identity(), Rule{std::move(backward), std::move(define), std::move(inputs), y}, identities);
  }
  return y;
}

}  // namespace atelier::inline v0
