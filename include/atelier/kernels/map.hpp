/// Elementwise passes: an arbitrary function over broadcast inputs, vectorised for every instruction set, and its
/// derivatives by dual numbers.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "atelier/core/dual.hpp"
#include "atelier/core/scalar.hpp"
#include "atelier/core/shape.hpp"
#include "atelier/kernels/isa.hpp"
#include "atelier/kernels/simd_math.hpp"
#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::kernels {

// ---- what a function of the map tier sees: a vector of reals, or a dual number over one

/// How T's elements are gathered into lanes under vectors of `Bytes` bytes.
template <class T, int Bytes> struct Lanes {
  using Value = simd::Vec<T, Bytes / static_cast<int>(sizeof(T))>;
  static constexpr int count = Value::lanes;
  ATELIER_INLINE static Value load(const T* p) { return Value::load(p); }
  ATELIER_INLINE static Value broadcast(const T& x) { return Value(x); }
  ATELIER_INLINE static void store(const Value& x, T* p) { x.store(p); }
};
/// Dual numbers go one at a time: they serve exact checks, not speed.
template <class B, int Bytes> struct Lanes<Dual<B>, Bytes> {
  using Base = Lanes<B, 16>;
  using Value = Dual<typename Base::Value>;
  static constexpr int count = 1;
  ATELIER_INLINE static Value load(const Dual<B>* p) { return broadcast(*p); }
  ATELIER_INLINE static Value broadcast(const Dual<B>& x) { return {Base::broadcast(x.v), Base::broadcast(x.d)}; }
  ATELIER_INLINE static B first(const typename Base::Value& x) {
    B lanes[Base::count];
    Base::store(x, lanes);
    return lanes[0];
  }
  ATELIER_INLINE static void store(const Value& x, Dual<B>* p) { *p = {first(x.v), first(x.d)}; }
};

// ---- derivatives of such a function

namespace detail {
/// The more deeply nested of two number types with one base.
template <class A, class B> struct Deeper { using type = A; };
template <class A> struct Deeper<A, Dual<A>> { using type = Dual<A>; };
template <class A> struct Deeper<A, Dual<Dual<A>>> { using type = Dual<Dual<A>>; };
template <class X, class... Rest> struct Deepest { using type = X; };
template <class X, class Y, class... Rest>
struct Deepest<X, Y, Rest...> : Deepest<typename Deeper<X, Y>::type, Rest...> {};

/// x as B, or as the active variable Dual<B>.
template <class B, bool Active, class X> ATELIER_INLINE auto lift(const X& x) {
  if constexpr (Active) {
    return Dual<B>(B(x), B(1));
  } else {
    return B(x);
  }
}
template <std::size_t I, class F, std::size_t... J, class... X>
ATELIER_INLINE auto derivative(const F& f, std::index_sequence<J...>, const X&... x) {
  using B = typename Deepest<X...>::type;  // one base for all, or two perturbations would share one epsilon
  const auto y = f(lift<B, J == I>(x)...);
  if constexpr (std::is_same_v<std::remove_cv_t<decltype(y)>, B>) {
    return B(0);  // f ignores this argument
  } else {
    return y.d;
  }
}
}  // namespace detail

/// (g, x...) -> g * d f(x...) / d x_I: again a function of the map tier.
template <std::size_t I, class F> struct Partial {
  F f;
  template <class G, class... X> ATELIER_INLINE auto operator()(const G& g, const X&... x) const {
    return g * detail::derivative<I>(f, std::index_sequence_for<X...>{}, x...);
  }
};

/// The function after differentiating it by inputs I...; each time the cotangent becomes the new input 0.
template <class F> ATELIER_INLINE F partial(const F& f) { return f; }
template <std::size_t I, std::size_t... Then, class F> ATELIER_INLINE auto partial(const F& f) {
  return partial<Then...>(Partial<I, F>{f});
}

// ---- broadcasting

/// Most inputs of a pass: six of a function, and two cotangents of its second derivative.
inline constexpr std::size_t max_inputs = 8;

/// A broadcast pass as `outer` runs of `inner` elements; within a run every input is contiguous (step) or constant.
struct Layout {
  Index inner = 1, outer = 1;
  int rank = 0;  // of the outer loop, innermost dimension first
  Index dim[Shape::max_rank] = {};
  Index stride[max_inputs][Shape::max_rank] = {};
  std::array<bool, max_inputs> step{};
  std::array<bool, max_inputs> whole{};  // has all elements of the result, in the same order
};

inline Layout layout(const Shape& out, std::span<const Shape* const> in) {
  Layout l;
  std::array<Index, max_inputs> extent;  // elements of input k in the dimensions passed so far
  extent.fill(1);
  bool open = true, first = true;  // the run can still grow; no dimension in it yet
  for (int i = 1; i <= out.rank(); ++i) {
    const Index n = out[-i];
    if (n == 1) continue;
    std::array<bool, max_inputs> has{};
    for (std::size_t k = 0; k < in.size(); ++k) has[k] = i <= in[k]->rank() && (*in[k])[-i] != 1;
    if (open && (first || has == l.step)) {
      l.step = has;
      l.inner *= n;
      first = false;
    } else {
      open = false;
      l.dim[l.rank] = n;
      l.outer *= n;
      for (std::size_t k = 0; k < in.size(); ++k) l.stride[k][l.rank] = has[k] ? extent[k] : 0;
      ++l.rank;
    }
    for (std::size_t k = 0; k < in.size(); ++k) extent[k] *= has[k] ? n : 1;
  }
  for (std::size_t k = 0; k < in.size(); ++k) l.whole[k] = extent[k] == l.inner * l.outer;
  return l;
}

/// Calls run(o, offsets) for the runs [begin, end) of `inputs` inputs, o the run's number, offsets[k] where input k's
/// part starts.
template <class Run> void each_run(const Layout& l, std::size_t inputs, Index begin, Index end, const Run& run) {
  std::array<Index, max_inputs> at{};
  Index index[Shape::max_rank] = {};
  Index rest = begin;
  for (int r = 0; r < l.rank; ++r) {
    index[r] = rest % l.dim[r];
    rest /= l.dim[r];
    for (std::size_t k = 0; k < inputs; ++k) at[k] += index[r] * l.stride[k][r];
  }
  for (Index o = begin; o < end; ++o) {
    run(o, at);
    for (int r = 0; r < l.rank; ++r) {
      for (std::size_t k = 0; k < inputs; ++k) at[k] += l.stride[k][r];
      if (++index[r] < l.dim[r]) break;
      for (std::size_t k = 0; k < inputs; ++k) at[k] -= l.stride[k][r] * l.dim[r];
      index[r] = 0;
    }
  }
}

// ---- passes

/// out[i] = f(in[0][i or 0], ...) for i in [0, n). The last, partial vector goes through padded buffers on a second
/// turn of the same loop: f is inlined here once, which is most of what compiling an operation costs.
template <int Bytes, class F, class T, std::size_t K>
ATELIER_INLINE void map_span(const F& f, T* out, const std::array<const T*, K>& in, const std::array<bool, K>& step,
                             Index n) {
  using L = Lanes<T, Bytes>;
  [&]<std::size_t... J>(std::index_sequence<J...>) ATELIER_LAMBDA {
    T padded[K][L::count] = {}, result[L::count];
    std::array<const T*, K> from = in;
    T* to = out;
    Index whole = n - n % L::count;
    const Index rest = n - whole;
    for (bool last = whole == 0; n > 0; last = true) {
      if (last) {
        const std::size_t bytes = static_cast<std::size_t>(rest) * sizeof(T);
        ((std::memcpy(static_cast<void*>(padded[J]), step[J] ? in[J] + n - rest : in[J], step[J] ? bytes : sizeof(T)),
          from[J] = padded[J]),
         ...);
        to = result;
        whole = L::count;
      }
      for (Index i = 0; i < whole; i += L::count)
        L::store(f((step[J] ? L::load(from[J] + i) : L::broadcast(*in[J]))...), to + i);
      if (last) {
        std::memcpy(static_cast<void*>(out + n - rest), result, static_cast<std::size_t>(rest) * sizeof(T));
        return;
      }
      if (rest == 0) return;
    }
  }
  (std::make_index_sequence<K>{});
}

/// The numbers at a time that passes work on.
template <class T> inline constexpr Index pass_step = std::max<Index>(1, 64 / static_cast<Index>(sizeof(T)));

/// The code of a function: out[i] = f(in[0][i], ...) for i in [0, n), f at `f`, n a multiple of pass_step; of an input
/// without `step` the same pass_step numbers serve all along. Whatever shares a pass out sees the function as this
/// pointer and is compiled once for all functions: they differ by these lines only.
template <class T> using Pass = void (*)(const void* f, T* out, const T* const* in, const bool* step, Index n);

template <int Bytes, class F, class T, std::size_t... J>
ATELIER_INLINE void map_vectors(const F& f, T* out, const T* const* in, const bool* step, Index n,
                                std::index_sequence<J...>) {
  using L = Lanes<T, Bytes>;
  const T* from[] = {in[J]...};
  const Index advance[] = {(step[J] ? L::count : 0)...};
  for (Index i = 0; i < n; i += L::count) {
    L::store(f(L::load(from[J])...), out + i);
    ((from[J] += advance[J]), ...);
  }
}

/// The pass of f: F with K inputs, differentiated by those of Path. Wide = false compiles for the baseline only.
template <bool Wide, class T, class F, std::size_t K, std::size_t... Path>
void run_pass(const void* f, T* out, const T* const* in, const bool* step, Index n) {
  constexpr std::size_t inputs = K + sizeof...(Path);
  static_assert(inputs <= max_inputs, "map: a function of more than six inputs");
  const auto body = [&]<int Bytes>() ATELIER_LAMBDA {
    map_vectors<Bytes>(partial<Path...>(*static_cast<const F*>(f)), out, in, step, n,
                       std::make_index_sequence<inputs>{});
  };
  if constexpr (Wide) {
    dispatch_lanes<T>(body);
  } else {
    dispatch(Isa::portable, body);
  }
}

/// out[i] = f(in[0][i or 0], ...) for i in [0, n): the last numbers go through padded buffers.
template <class T>
void map_run(Pass<T> pass, const void* f, T* out, const T* const* in, const bool* step, std::size_t inputs, Index n) {
  constexpr Index count = pass_step<T>;
  alignas(64) T padded[max_inputs][count], result[count];
  const T* from[max_inputs] = {};
  for (std::size_t k = 0; k < inputs; ++k) {
    if (!step[k]) std::fill_n(padded[k], count, *in[k]);
    from[k] = step[k] ? in[k] : padded[k];
  }
  const Index rest = n % count, whole = n - rest;
  if (whole > 0) pass(f, out, from, step, whole);
  if (rest == 0) return;
  for (std::size_t k = 0; k < inputs; ++k) {
    if (!step[k]) continue;
    std::fill_n(std::copy_n(in[k] + whole, rest, padded[k]), count - rest, T(0));
    from[k] = padded[k];
  }
  pass(f, result, from, step, count);
  std::copy_n(result, rest, out + whole);
}

/// Numbers that short runs are gathered to, and the longest run for which that is less than a call of the pass.
template <class T> inline constexpr Index gather_block = 4096 / static_cast<Index>(sizeof(T));
template <class T> inline constexpr Index longest_gathered = gather_block<T> / 8;

/// The runs [begin, end), gathered to blocks: what an input repeats is written out.
template <class T>
void map_short_runs(Pass<T> pass, const void* f, T* out, const T* const* in, std::size_t inputs, const Layout& l,
                    Index begin, Index end) {
  alignas(64) T gathered[max_inputs][gather_block<T> + pass_step<T>];
  const T* from[max_inputs] = {};
  bool step[max_inputs];
  std::fill_n(step, max_inputs, true);
  Index first = begin, filled = 0;
  const auto flush = [&](Index next) {
    for (std::size_t k = 0; k < inputs; ++k) from[k] = l.whole[k] ? in[k] + first * l.inner : gathered[k];
    map_run(pass, f, out + first * l.inner, from, step, inputs, filled);
    first = next;
    filled = 0;
  };
  each_run(l, inputs, begin, end, [&](Index o, const std::array<Index, max_inputs>& at) {
    if (filled + l.inner > gather_block<T>) flush(o);
    for (std::size_t k = 0; k < inputs; ++k) {
      if (l.whole[k]) continue;
      if (l.step[k])
        std::copy_n(in[k] + at[k], l.inner, gathered[k] + filled);
      else
        for (Index i = 0; i < l.inner; i += pass_step<T>)  // beyond the run's end, which the next one overwrites
          std::fill_n(gathered[k] + filled + i, pass_step<T>, in[k][at[k]]);
    }
    filled += l.inner;
  });
  flush(end);
}

/// Elements that are worth a thread of their own.
inline constexpr Index map_grain = Index{1} << 13;

/// The whole broadcast pass over `inputs` inputs, on several threads where it is large.
template <class T>
void map_broadcast(Pass<T> pass, const void* f, T* out, const T* const* in, std::size_t inputs, const Layout& l) {
  // runs [run, run_end), and of each the elements [begin, end)
  const auto part = [&](Index run, Index run_end, Index begin, Index end) {
    if (l.outer > 1 && l.inner <= longest_gathered<T>) return map_short_runs(pass, f, out, in, inputs, l, run, run_end);
    each_run(l, inputs, run, run_end, [&](Index o, const std::array<Index, max_inputs>& at) {
      std::array<const T*, max_inputs> from;
      for (std::size_t k = 0; k < inputs; ++k) from[k] = in[k] + at[k] + (l.step[k] ? begin : 0);
      map_run(pass, f, out + o * l.inner + begin, from.data(), l.step.data(), inputs, end - begin);
    });
  };
  if (l.inner == 0 || l.outer == 0) return;
  const bool runs = l.outer > 1;  // what is shared out: whole runs, or the elements of the only one
  parallel_for(runs ? l.outer : l.inner, runs ? map_grain / l.inner + 1 : map_grain,
               [&](Index a, Index b) { part(runs ? a : 0, runs ? b : 1, runs ? 0 : a, runs ? l.inner : b); });
}

}  // namespace atelier::inline v0::kernels
