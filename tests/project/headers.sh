#!/usr/bin/env bash
# Every public header compiles alone, without a warning.
#   headers.sh COMPILER [FLAGS...]
set -euo pipefail
cd "$(dirname "$0")/../.."
export CHECK="$* -std=c++20 -fsyntax-only -fopenmp -Wall -Wextra -Wshadow -Wpedantic -Wno-psabi -Werror -Iinclude -x c++"
find include/atelier -name '*.hpp' | sort | xargs -P "$(nproc)" -I{} sh -c '$CHECK -include {} /dev/null || { echo "{}: does not compile alone"; exit 255; }'
