/// A function by reference.
#pragma once

namespace atelier::inline v0::detail {

/// What calls it is compiled once for all functions of a kind. It must not outlive the function.
template <class... A> class FunctionRef {
 public:
  template <class F>
  FunctionRef(const F& f) : f_(&f), call_([](const void* g, A... a) { (*static_cast<const F*>(g))(a...); }) {}
  void operator()(A... a) const { call_(f_, a...); }

 private:
  const void* f_;
  void (*call_)(const void*, A...);
};

}  // namespace atelier::inline v0::detail
