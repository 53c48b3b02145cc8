/// Compiled operations: in the ordinary build each operation is compiled once, into the library, for float and double
/// (src/ops/). With ATELIER_HEADER_ONLY every program compiles what it uses.
#pragma once

#include <type_traits>

#include "atelier/core/scalar.hpp"

#if defined(ATELIER_HEADER_ONLY)
#define ATELIER_OP(name)
#else
/// Follows the definition of an operation `name`, a function template over the scalar that is not overloaded.
#define ATELIER_OP(name)                             \
  extern template decltype(name<float>) name<float>; \
  extern template decltype(name<double>) name<double>;
#endif
