/// Layers one after another.
#pragma once

#include <tuple>

#include "atelier/nn/visit.hpp"

namespace atelier::inline v0::nn {

/// Applies its layers in order: modules, functions, lambdas. Parts are named by their numbers, as in PyTorch.
///   nn::Sequential net{nn::Linear{2, 16}, [](const Tensor& x) { return tanh(x); }, nn::Linear{16, 1}};
template <class... Layers> struct Sequential {
  std::tuple<Layers...> layers;

  Sequential() = default;
  Sequential(Layers... l) : layers(std::move(l)...) {}

  auto operator()(const auto& x) const { return apply<0>(x); }

  static void visit(auto& m, auto&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (visit_one(std::get<I>(m.layers), std::to_string(I), f), ...); }
    (std::index_sequence_for<Layers...>{});
  }

 private:
  template <std::size_t I> auto apply(const auto& x) const {
    if constexpr (I == sizeof...(Layers)) {
      return x;
    } else {
      return apply<I + 1>(std::get<I>(layers)(x));
    }
  }
  static void visit_one(auto& layer, const std::string& name, auto&& f) {
    if constexpr (Module<std::remove_const_t<std::remove_reference_t<decltype(layer)>>>) f(name.c_str(), layer);
  }
};
template <class... Layers> Sequential(Layers...) -> Sequential<Layers...>;

}  // namespace atelier::inline v0::nn
