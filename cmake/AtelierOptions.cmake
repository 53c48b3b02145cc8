# Every option of the build. Nothing but the library is built when atelier is part of another project.
option(ATELIER_OPENMP "Take the number of threads from OpenMP, and one thread inside its regions" ON)
option(ATELIER_EXAMPLES "Build the example programs" ${PROJECT_IS_TOP_LEVEL})
option(ATELIER_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(ATELIER_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(ATELIER_INSTALL "Make install rules" ${PROJECT_IS_TOP_LEVEL})
option(ATELIER_WERROR "Treat warnings in atelier's own code as errors" OFF)
set(ATELIER_SANITIZE "" CACHE STRING "Sanitizers for everything that is built: address,undefined or thread")

add_library(atelier_warnings INTERFACE)
target_compile_options(atelier_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wpedantic -Wno-psabi
  $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion> $<$<BOOL:${ATELIER_WERROR}>:-Werror>)
if(ATELIER_SANITIZE)
  add_compile_options(-fsanitize=${ATELIER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  if(ATELIER_SANITIZE MATCHES undefined)  # what the address sanitizer sees too; in inlined kernels it doubles the code
    add_compile_options(-fno-sanitize=null,alignment,object-size,pointer-overflow,vptr)
  endif()
  add_link_options(-fsanitize=${ATELIER_SANITIZE})
endif()
