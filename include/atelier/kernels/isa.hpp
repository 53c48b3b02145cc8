/// Instruction sets: which one this process uses, and how one piece of source becomes code for each of them.
///
/// A kernel is written once as a body `[&]<int Bytes>() {...}` over vectors of `Bytes` bytes; dispatch() calls it
/// inside a function that carries the instruction set as an attribute. `flatten` pulls the whole body, a user's lambda
/// included, into that function, so no file needs special compiler flags. Intrinsics need the attribute on the function
/// itself: ATELIER_TARGET_*.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <type_traits>

#include "atelier/core/config.hpp"
#include "atelier/core/error.hpp"

#if defined(__x86_64__)
#define ATELIER_X86 1
#define ATELIER_TARGET_AVX2 __attribute__((target("avx2,fma,bmi,bmi2,f16c")))
#define ATELIER_TARGET_AVX512 __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,bmi,bmi2,f16c")))
#define ATELIER_TARGET_AVX512BF16 \
  __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,avx2,fma,bmi,bmi2,f16c")))
#define ATELIER_TARGET_AMX \
  __attribute__((target("amx-tile,amx-bf16,avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,avx2,fma,bmi,bmi2,f16c")))
#endif
#if defined(ATELIER_X86) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace atelier::inline v0 {

/// Instruction sets with code of their own, weakest first. `portable` is the compiler's baseline with 16-byte vectors;
/// `amx` is avx512 with tile registers for products of bfloat16; its pairs in vectors are slower than floats.
enum class Isa { portable, avx2, avx512, avx512bf16, amx };
inline constexpr int isa_count = 5;

inline const char* name(Isa isa) {
  constexpr const char* names[] = {"portable", "avx2", "avx512", "avx512bf16", "amx"};
  return names[static_cast<int>(isa)];
}

namespace detail {
/// Whether the processor has tiles of bfloat16.
inline bool has_tiles() {
#if defined(ATELIER_X86) && defined(__linux__)
  constexpr unsigned bf16_bit = 1u << 22, tile_bit = 1u << 24;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & bf16_bit) && (d & tile_bit);
#else
  return false;
#endif
}

/// Whether this process may use them. Linux gives a process the registers when it asks for them; from then on its
/// alternate signal stacks must have room for those, too (sysconf(_SC_MINSIGSTKSZ)).
inline bool tiles_are_granted() {
#if defined(ATELIER_X86) && defined(__linux__)
  constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return false;
#endif
}

/// The best instruction set of this processor.
inline Isa best_isa() {
#if defined(ATELIER_X86)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  if (v4 && __builtin_cpu_supports("avx512bf16")) return has_tiles() ? Isa::amx : Isa::avx512bf16;
  if (v4) return Isa::avx512;
  if (v3) return Isa::avx2;
#endif
  return Isa::portable;
}

/// The set that ATELIER_ISA names; none when it is not set.
inline std::optional<Isa> forced_isa(Isa best) {
  const char* forced = std::getenv("ATELIER_ISA");
  if (!forced || !*forced) return {};
  for (int i = 0; i < isa_count; ++i) {
    if (std::string(forced) != name(static_cast<Isa>(i))) continue;
    if (i <= static_cast<int>(best)) return static_cast<Isa>(i);
    throw ConfigError("ATELIER_ISA: this processor has no " + std::string(forced) + "; its best is " + name(best));
  }
  throw ConfigError("ATELIER_ISA: expected portable, avx2, avx512, avx512bf16 or amx, found '" + std::string(forced) +
                    "'");
}

inline Isa chosen_isa() {
  const Isa best = best_isa();
  const auto forced = forced_isa(best);
  if (forced.value_or(best) != Isa::amx) return forced.value_or(best);
  if (tiles_are_granted()) return Isa::amx;
  if (forced) throw ConfigError("ATELIER_ISA: the system does not give this process the registers of amx");
  return Isa::avx512;  // such processors multiply pairs in vectors at a third of the speed of floats
}
}  // namespace detail

/// The instruction set in use: the processor's best, or the one that the environment variable ATELIER_ISA names.
/// Throws ConfigError when that one is unknown or missing here.
inline Isa isa() {
  static const Isa chosen = detail::chosen_isa();
  return chosen;
}

/// Bytes of a vector register under `isa`.
constexpr int vector_bytes(Isa isa) { return isa >= Isa::avx512 ? 64 : isa == Isa::avx2 ? 32 : 16; }

namespace detail {
template <class Body> __attribute__((flatten, noinline)) void run_portable(const Body& body) {
  body.template operator()<16>();
}
#if defined(ATELIER_X86)
template <class Body> ATELIER_TARGET_AVX2 __attribute__((flatten, noinline)) void run_avx2(const Body& body) {
  body.template operator()<32>();
}
template <class Body> ATELIER_TARGET_AVX512 __attribute__((flatten, noinline)) void run_avx512(const Body& body) {
  body.template operator()<64>();
}
#endif
}  // namespace detail

/// Runs body.operator()<Bytes>() compiled for `isa`. Do the parallel split outside and dispatch inside each part:
/// a lambda that becomes a function of its own (a thread's entry point) does not inherit the instruction set.
template <class Body> void dispatch(Isa isa, const Body& body) {
#if defined(ATELIER_X86)
  if (isa >= Isa::avx512) return detail::run_avx512(body);
  if (isa == Isa::avx2) return detail::run_avx2(body);
#endif
  detail::run_portable(body);
}

template <class Body> void dispatch(const Body& body) { dispatch(isa(), body); }

/// The same with at most 32 bytes a vector, which takes less to compile.
template <class Body> void dispatch_narrow(const Body& body) {
#if defined(ATELIER_X86)
  if (isa() >= Isa::avx2) return detail::run_avx2(body);
#endif
  detail::run_portable(body);
}

/// The same for a body that computes with T, compiled for fewer sets where T is not float: double serves checks of
/// gradients, and dual numbers go one at a time. Compile time is what counts there.
template <class T, class Body> void dispatch_for(const Body& body) {
  if constexpr (std::is_same_v<T, float>) {
    dispatch(body);
  } else if constexpr (std::is_same_v<T, double>) {
    dispatch_narrow(body);
  } else {
    detail::run_portable(body);
  }
}

/// The same for a body whose lanes never meet. A lane's bits are the same under AVX2 and AVX-512, and such passes wait
/// for memory more than for arithmetic: a program that compiles all it uses does so without the widest vectors.
template <class T, class Body> void dispatch_lanes(const Body& body) {
#if defined(ATELIER_HEADER_ONLY)
  if constexpr (std::is_same_v<T, float>) return dispatch_narrow(body);
#endif
  dispatch_for<T>(body);
}

}  // namespace atelier::inline v0
