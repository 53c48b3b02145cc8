/// What is compiled once, into the library, for float and double (src/): in the ordinary build each of these functions
/// is only declared to a program. With ATELIER_HEADER_ONLY every program compiles what it uses.
#pragma once

#if defined(ATELIER_HEADER_ONLY)
#define ATELIER_KERNEL(name)
#define ATELIER_OP(name)
#else
/// Follows the definitions of a kernel `name`, a function template not overloaded, and of all it names.
#define ATELIER_KERNEL(name)                         \
  extern template decltype(name<float>) name<float>; \
  extern template decltype(name<double>) name<double>;
/// The same for an operation; a test asks for a test of each.
#define ATELIER_OP(name) ATELIER_KERNEL(name)
#endif
