/// The map tier: an elementwise function, written once as a generic lambda, becomes a differentiable operation.
///
///   auto silu = map("silu", [](auto x) { return x / (1 + exp(-x)); }, x);
///
/// Forward and backward are one fused pass each; derivatives come from dual numbers at compile time. The function may
/// use
/// + - * /, comparisons with select(), and the functions of kernels/simd_math.hpp.
#pragma once

#include "atelier/autograd/record.hpp"
#include "atelier/core/compiled.hpp"
#include "atelier/kernels/map.hpp"
#include "atelier/kernels/reduce.hpp"

namespace atelier::inline v0 {

// ops/reduce.hpp; the backward pass of broadcasting
template <class T> BasicTensor<T> sum_to(const BasicTensor<T>& x, const Shape& shape);

namespace detail {

/// Derivatives available through the map tier for scalar T: second ones, or the first of dual numbers.
template <class T> inline constexpr int map_order = Real<T> ? 2 : 1;

/// The cotangent `g` of a broadcast result, summed to the shape of one of its inputs.
template <class T> BasicTensor<T> fit(BasicTensor<T> g, const Shape& shape) {
  return g.shape() == shape ? g : sum_to(g, shape);
}

/// The value of a map, unrecorded. Wide = false: code for the baseline instruction set only, which halves the time to
/// compile: enough for second derivatives, and for functions in double, which serve as the truth in tests.
template <bool Wide, class F, class T, class... X>
BasicTensor<T> map_value([[maybe_unused]] const char* name, const F& f, const BasicTensor<T>& x0, const X&... x) {
  Shape shape = x0.shape();
  ((shape = broadcast(name, shape, x.shape())), ...);
  auto y = BasicTensor<T>::empty(shape);
  constexpr std::size_t count = 1 + sizeof...(X);
  kernels::map_broadcast<Wide>(f, y.mutable_data(), std::array<const T*, count>{x0.data(), x.data()...},
                               kernels::layout<count>(shape, {&x0.shape(), &x.shape()...}));
  return y;
}

template <int Order, class F, class T, class... X>
BasicTensor<T> map_to_order(const char* name, const F& f, const BasicTensor<T>& x0, const X&... x);

/// Backward rule of a map with K inputs: one map for each wanted one.
template <int Order, class F, class T, std::size_t K> struct MapRule {
  const char* name;
  F f;
  std::array<BasicTensor<T>, K> x;

  template <std::size_t I> void apply(Sweep& sweep, const BasicTensor<T>& g, std::uint32_t input) {
    if (!sweep.wants(input)) return;
    if constexpr (Order == 0) {
      throw Error(std::string(name) + ": derivatives above order 2 are not available through map()");
    } else {
      auto d = std::apply(
          [&](const auto&... xs) { return map_to_order<Order - 1>(name, kernels::Partial<I, F>{f}, g, xs...); }, x);
      sweep.add(input, fit(std::move(d), x[I].shape()));
    }
  }
  static void run(void* self, Sweep& sweep, Identity* cotangent, InputList inputs) {
    auto& r = *static_cast<MapRule*>(self);
    const auto g = BasicTensor<T>::from(cotangent);
    [&]<std::size_t... I>(std::index_sequence<I...>) { (r.template apply<I>(sweep, g, inputs[I]), ...); }
    (std::make_index_sequence<K>{});
  }
};

template <int Order, class F, class T, class... X>
BasicTensor<T> map_to_order(const char* name, const F& f, const BasicTensor<T>& x0, const X&... x) {
  auto y = map_value<(std::is_same_v<T, float> && Order > 0)>(name, f, x0, x...);
  if (Tape::recording()) {
    const std::array<Identity*, 1 + sizeof...(X)> inputs{x0.identity(), x.identity()...};
    push(name, y.identity(), MapRule<Order, F, T, 1 + sizeof...(X)>{name, f, {x0, x...}}, inputs);
  }
  return y;
}

}  // namespace detail

/// y = f(x0, x...), elementwise with broadcasting; differentiable twice. Throws Error when the shapes do not broadcast.
template <class F, class T, class... X>
BasicTensor<T> map(const char* name, const F& f, const BasicTensor<T>& x0, const X&... x) {
  return detail::map_to_order<detail::map_order<T>>(name, f, x0, x...);
}

/// Sum of f(x0, x...) over all dimensions but the first: [B, ...] -> [B], in one pass that stores nothing else.
/// The inputs have one shape. Differentiable twice. Throws Error for unequal shapes or rank 0.
template <class F, class T, class... X>
BasicTensor<T> map_sum(const char* name, const F& f, const BasicTensor<T>& x0, const X&... x) {
  const Shape& shape = x0.shape();
  if (shape.rank() == 0) throw Error(std::string(name) + ": expected a batch, found a scalar");
  for (const Shape* s : {&shape, &x.shape()...})
    if (*s != shape) throw Error(std::string(name) + ": shapes differ, " + shape.str() + " and " + s->str());
  auto y = BasicTensor<T>::empty({shape[0]});
  constexpr std::size_t count = 1 + sizeof...(X);
  kernels::sum_rows(f, y.mutable_data(), std::array<const T*, count>{x0.data(), x.data()...}, shape[0],
                    shape.count(1, shape.rank()));
  // d y[b] / d x_I[b, ...] = f_I: a map whose first input, the cotangent, is constant along each row
  const std::array<BasicTensor<T>, count> inputs{x0, x...};  // handles: a parameter's copy would be another tensor
  const auto rule = [name, f, inputs]<std::size_t I>(std::integral_constant<std::size_t, I>) {
    return [=](const BasicTensor<T>& g) {
      Shape column = inputs[0].shape();
      for (int d = 1; d < column.rank(); ++d) column[d] = 1;
      const auto partial = [&](const auto&... xs) {
        return detail::map_to_order<detail::map_order<T> - 1>(name, kernels::Partial<I, F>{f}, reshape(g, column),
                                                              xs...);
      };
      return std::apply(partial, inputs);
    };
  };
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return record(name, y, wrt(inputs[I], rule(std::integral_constant<std::size_t, I>{}))...);
  }
  (std::make_index_sequence<count>{});
}

}  // namespace atelier::inline v0
