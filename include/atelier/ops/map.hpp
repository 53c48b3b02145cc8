/// The map tier: an elementwise function, written once as a generic lambda, becomes a differentiable operation.
///
///   auto silu = map("silu", [](auto x) { return x / (1 + exp(-x)); }, x);
///
/// Forward and backward are one fused pass each; derivatives come from dual numbers at compile time. The function may
/// use + - * /, comparisons with select(), and the functions of kernels/simd_math.hpp.
#pragma once

#include "atelier/autograd/record.hpp"
#include "atelier/core/compiled.hpp"
#include "atelier/kernels/map.hpp"
#include "atelier/kernels/reduce.hpp"

namespace atelier::inline v0 {

// ops/reduce.hpp; the backward pass of broadcasting
template <class T> BasicTensor<T> sum_to(const BasicTensor<T>& x, const Shape& shape);

namespace detail {

/// The cotangent `g` of a broadcast result, summed to the shape of one of its inputs.
template <class T> BasicTensor<T> fit(BasicTensor<T> g, const Shape& shape) {
  return g.shape() == shape ? g : sum_to(g, shape);
}

template <class T> using Inputs = std::span<const BasicTensor<T>* const>;

/// y = f(x...) by the code `pass` of the function at `f`; the inputs broadcast to y's shape.
template <class T> void map_into(kernels::Pass<T> pass, const void* f, BasicTensor<T>& y, Inputs<T> x) {
  std::array<const Shape*, kernels::max_inputs> shapes;
  std::array<const T*, kernels::max_inputs> data;
  for (std::size_t k = 0; k < x.size(); ++k) shapes[k] = &x[k]->shape(), data[k] = x[k]->data();
  kernels::map_broadcast(pass, f, y.mutable_data(), data.data(), x.size(),
                         kernels::layout(y.shape(), std::span(shapes).first(x.size())));
}

/// The same as a new tensor; not recorded.
template <class T> BasicTensor<T> map_value(const char* name, kernels::Pass<T> pass, const void* f, Inputs<T> x) {
  Shape shape = x[0]->shape();
  for (const BasicTensor<T>* input : x) shape = broadcast(name, shape, input->shape());
  auto y = BasicTensor<T>::empty(shape);
  map_into<T>(pass, f, y, x);
  return y;
}

/// The value of f(x0, x...), unrecorded. Wide = false: code for the baseline instruction set only, which halves the
/// time to compile: enough for second derivatives, and for functions in double, which serve as the truth in tests.
template <bool Wide, class F, class T, class... X>
BasicTensor<T> map_value(const char* name, const F& f, const BasicTensor<T>& x0, const X&... x) {
  constexpr std::size_t count = 1 + sizeof...(X);
  const BasicTensor<T>* const inputs[] = {&x0, &x...};
  return map_value<T>(name, &kernels::run_pass<Wide, T, F, count>, &f, inputs);
}

/// A map as the tape sees it: the code of a function, and of its derivatives.
template <class T> struct MapTable {
  kernels::Pass<T> pass;
  std::size_t inputs;
  std::size_t bytes;  ///< of the function: what it captures
  bool derived;       ///< a derivative, linear in input 0
  /// By each input: (g, x...) -> g df/dx_k; null where not available.
  std::array<const MapTable*, kernels::max_inputs> derivatives;
};

/// Derivatives available for scalar T: second ones, or the first of dual numbers.
template <class T> inline constexpr std::size_t map_order = Real<T> ? 2 : 1;

/// The map F of K inputs, differentiated by those of Path.
template <class T, class F, std::size_t K, std::size_t... Path> struct MapOf {
  static constexpr bool wide = std::is_same_v<T, float> && sizeof...(Path) < 2;
  static constexpr std::size_t inputs = K + sizeof...(Path);
  static const MapTable<T> table;

  template <std::size_t J> static constexpr const MapTable<T>* derivative() {
    if constexpr (sizeof...(Path) == map_order<T>) {
      return nullptr;
    } else if constexpr (sizeof...(Path) == 0) {
      return &MapOf<T, F, K, J>::table;
    } else if constexpr (J == 0) {
      return &table;  // by the cotangent, in which it is linear
    } else {          // f_IJ = f_JI: one of the two is compiled
      constexpr std::size_t I = (Path + ...);
      return &MapOf<T, F, K, std::min(I, J - 1), std::max(I, J - 1) + 1>::table;
    }
  }
  template <std::size_t... J> static constexpr MapTable<T> make(std::index_sequence<J...>) {
    return {&kernels::run_pass<wide, T, F, K, Path...>, inputs, sizeof(F), sizeof...(Path) > 0, {derivative<J>()...}};
  }
};
template <class T, class F, std::size_t K, std::size_t... Path>
constexpr MapTable<T> MapOf<T, F, K, Path...>::table = make(std::make_index_sequence<inputs>{});

template <class T> BasicTensor<T> recorded_map(const char* name, const MapTable<T>& table, const void* f, Inputs<T> x);

/// Makes the cotangent of a result into that of the function's values, of the given shape; null where they are one.
template <class T> using Spread = BasicTensor<T> (*)(const BasicTensor<T>& g, const Shape& shape);

/// The cotangent [B] of map_sum(), constant along each row, to be broadcast to [B, ...].
template <class T> BasicTensor<T> along_rows(const BasicTensor<T>& g, const Shape& x) {
  Shape shape = x;
  for (int d = 1; d < shape.rank(); ++d) shape[d] = 1;
  return reshape(g, shape);
}

/// Backward rule of a map: one map for each wanted input.
template <class T> struct MapRule {
  const char* name;
  const MapTable<T>& table;
  const void* f;
  Spread<T> spread;
  std::array<BasicTensor<T>, kernels::max_inputs> x;

  BasicTensor<T> derivative(const BasicTensor<T>& g, std::size_t k) const {
    const MapTable<T>* d = table.derivatives[k];
    if (!d) throw Error(std::string(name) + ": derivatives above order 2 are not available through map()");
    std::array<const BasicTensor<T>*, kernels::max_inputs> inputs{&g};
    std::size_t count = 1;
    for (std::size_t j = table.derived && k == 0 ? 1 : 0; j < table.inputs; ++j) inputs[count++] = &x[j];
    return recorded_map<T>(name, *d, f, std::span(inputs).first(count));
  }
  static void run(void* self, Sweep& sweep, Identity* cotangent, InputList inputs) {
    auto& r = *static_cast<MapRule*>(self);
    auto g = BasicTensor<T>::from(cotangent);
    if (r.spread) g = r.spread(g, r.x[0].shape());
    for (std::size_t k = 0; k < r.table.inputs; ++k)
      if (sweep.wants(inputs[k])) sweep.add(inputs[k], fit(r.derivative(g, k), r.x[k].shape()));
  }
};

/// Enters y as the result of a map. The tape keeps the function's bytes.
template <class T>
void record_map(const char* name, const MapTable<T>& table, const void* f, Inputs<T> x, Spread<T> spread,
                const BasicTensor<T>& y) {
  if (!Tape::recording()) return;
  void* const kept = std::memcpy(Tape::current()->state().allocate(table.bytes), f, table.bytes);
  MapRule<T> rule{name, table, kept, spread, {}};
  std::array<Identity*, kernels::max_inputs> inputs;
  for (std::size_t k = 0; k < x.size(); ++k) inputs[k] = (rule.x[k] = *x[k]).identity();
  push(name, y.identity(), std::move(rule), std::span(inputs).first(x.size()));
}

template <class T> BasicTensor<T> recorded_map(const char* name, const MapTable<T>& table, const void* f, Inputs<T> x) {
  auto y = map_value<T>(name, table.pass, f, x);
  record_map<T>(name, table, f, x, nullptr, y);
  return y;
}

/// The value of map_sum(), not recorded.
template <class T>
BasicTensor<T> map_sum_value(const char* name, kernels::SumPass<T> pass, const void* f, Inputs<T> x) {
  const Shape& shape = x[0]->shape();
  if (shape.rank() == 0) throw Error(std::string(name) + ": expected a batch, found a scalar");
  std::array<const T*, kernels::max_inputs> data;
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (const Shape& s = x[k]->shape(); s != shape)
      throw Error(std::string(name) + ": shapes differ, " + shape.str() + " and " + s.str());
    data[k] = x[k]->data();
  }
  auto y = BasicTensor<T>::empty({shape[0]});
  kernels::sum_rows<T>(pass, f, y.mutable_data(), std::span(data).first(x.size()), shape[0],
                       shape.count(1, shape.rank()));
  return y;
}

/// What a map may capture: the tape keeps it byte by byte.
template <class F>
concept MapFunction = std::is_trivially_copyable_v<F> && alignof(F) <= 16;

}  // namespace detail

/// y = f(x0, x...), elementwise with broadcasting; differentiable twice. What f captures are plain numbers.
/// Throws Error when the shapes do not broadcast.
template <detail::MapFunction F, class T, class... X>
BasicTensor<T> map(const char* name, const F& f, const BasicTensor<T>& x0, const X&... x) {
  const BasicTensor<T>* const inputs[] = {&x0, &x...};
  return detail::recorded_map<T>(name, detail::MapOf<T, F, 1 + sizeof...(X)>::table, &f, inputs);
}

/// Sum of f(x0, x...) over all dimensions but the first: [B, ...] -> [B], in one pass that stores nothing else.
/// The inputs have one shape. Differentiable twice. Throws Error for unequal shapes or rank 0.
template <detail::MapFunction F, class T, class... X>
BasicTensor<T> map_sum(const char* name, const F& f, const BasicTensor<T>& x0, const X&... x) {
  constexpr std::size_t count = 1 + sizeof...(X);
  const BasicTensor<T>* const inputs[] = {&x0, &x...};
  auto y = detail::map_sum_value<T>(name, &kernels::run_sum_pass<T, F, count>, &f, inputs);
  detail::record_map<T>(name, detail::MapOf<T, F, count>::table, &f, inputs, &detail::along_rows<T>, y);
  return y;
}

}  // namespace atelier::inline v0
