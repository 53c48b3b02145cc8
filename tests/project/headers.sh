#!/usr/bin/env bash
# Every public header compiles alone, without a warning. Those that a source file or another header includes before all
# else are proved by that one; the others are compiled here.
#   headers.sh COMPILER [FLAGS...]
set -euo pipefail
cd "$(dirname "$0")/../.."
export CHECK="$* -std=c++20 -fsyntax-only -fopenmp -Wall -Wextra -Wshadow -Wpedantic -Wno-psabi -Werror -Iinclude -x c++"
proved=$(find src tests examples include \( -name '*.cpp' -o -path 'include/*.hpp' \) \
  -exec grep -m1 -h '^#include' {} + | sed -n 's|^#include "\(atelier/.*\)"$|include/\1|p')
find include/atelier -name '*.hpp' | grep -vxF "$proved" | sort |
  xargs -P "$(nproc)" -I{} sh -c '$CHECK -include {} /dev/null || { echo "{}: does not compile alone"; exit 255; }'
