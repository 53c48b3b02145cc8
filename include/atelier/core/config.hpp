/// Compiler facts that every other header builds on. Defines no function and no type.
#pragma once

#if !defined(__cpp_exceptions)
#error "atelier reports errors by exceptions: compile without -fno-exceptions"
#endif
#if __cplusplus < 202002L
#error "atelier needs C++20: compile with -std=c++20 or newer"
#endif

/// Forces inlining, through every call the function makes: vector code must end up inside the one function that carries
/// the instruction-set attribute (see kernels/isa.hpp), whatever the optimisation level.
#define ATELIER_INLINE __attribute__((always_inline, flatten)) inline
/// The same for a lambda; stands between its parameter list and its body.
#define ATELIER_LAMBDA __attribute__((always_inline))

/// Restrict qualifier: the pointers of one kernel call do not overlap unless its documentation says so.
#define ATELIER_RESTRICT __restrict__
