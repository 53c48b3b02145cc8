/// Walking over a module. A module is an aggregate with one static function
///
///   static void visit(auto& m, auto&& f) { f("weight", m.weight); f("layers", m.layers); }
///
/// that names its parts: parameters, buffers, modules, and vectors, arrays or optionals of these. Everything else comes
/// from that one function: optimizers, files, copies, averages, counting, printing.
#pragma once

#include <concepts>
#include <string>
#include <variant>
#include <vector>

#include "atelier/nn/param.hpp"

namespace atelier::inline v0::nn {

/// A parameter or buffer.
template <class P>
concept ParamLike = requires(const P& p) {
  typename P::scalar;
  { P::trained } -> std::convertible_to<bool>;
};
template <class M>
concept Module = requires(M& m) {
  std::remove_const_t<M>::visit(m, [](const char*, auto&) {});
};

namespace detail {
inline std::string join(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}
inline std::string join(const std::string& path, std::size_t number) { return join(path, std::to_string(number)); }
inline const std::string& join(const std::string& path, std::monostate) { return path; }

/// Calls f(key, part) for each part of `m`, not for theirs. The key is the part's name in a module, its number in a
/// range, a std::monostate for what an optional holds; join() makes a path of it.
template <class M, class F> void visit_parts(M& m, const F& f) {
  using Plain = std::remove_const_t<M>;
  if constexpr (Module<M>) {
    Plain::visit(m, [&](const char* name, auto& part) { f(name, part); });
  } else if constexpr (requires {
                         m.has_value();
                         *m;
                       }) {
    if (m.has_value()) f(std::monostate{}, *m);
  } else if constexpr (requires {
                         m.begin();
                         m.end();
                       }) {
    std::size_t i = 0;
    for (auto& part : m) f(i++, part);
  } else {
    static_assert(!sizeof(M),
                  "a part of a module is a Param, a Buffer, a module with visit(), or a range or optional of those");
  }
}
}  // namespace detail

/// Calls f(name, p) for every parameter and buffer p of `m`, in order; names are paths such as "encoder.0.weight".
template <class M, class F> void visit_all(M& m, const F& f, const std::string& path = "") {
  if constexpr (ParamLike<std::remove_const_t<M>>)
    f(path, m);
  else
    detail::visit_parts(m, [&](const auto& key, auto& part) { visit_all(part, f, detail::join(path, key)); });
}

/// Calls f(p) for the same parameters and buffers in the same order. Makes no names, and so allocates nothing.
template <class M, class F> void visit_values(M& m, const F& f) {
  if constexpr (ParamLike<std::remove_const_t<M>>)
    f(m);
  else
    detail::visit_parts(m, [&](const auto&, auto& part) { visit_values(part, f); });
}

/// Calls f(part) for `m` and for every module in it, outer ones first.
template <class M, class F> void visit_modules(M& m, const F& f) {
  if constexpr (Module<M>) f(m);
  if constexpr (!ParamLike<std::remove_const_t<M>>)
    detail::visit_parts(m, [&](const auto&, auto& part) { visit_modules(part, f); });
}

/// visit_all() for the trained parameters only.
template <class M, class F> void visit_params(M& m, const F& f) {
  visit_all(m, [&](const std::string& name, auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trained) f(name, p);
  });
}

/// Number of trained numbers in a module.
template <class M> Index count_params(const M& m) {
  Index n = 0;
  visit_params(m, [&](const std::string&, const auto& p) { n += p.size(); });
  return n;
}

/// A table of names and shapes, one line each, and the total.
template <class M> std::string describe(const M& m) {
  std::string text;
  visit_all(m, [&](const std::string& name, const auto& p) {
    text += name + " " + p.shape().str() + (std::remove_cvref_t<decltype(p)>::trained ? "" : " (buffer)") + "\n";
  });
  return text + std::to_string(count_params(m)) + " parameters\n";
}

}  // namespace atelier::inline v0::nn
