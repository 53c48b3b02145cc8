#!/usr/bin/env bash
# Every benchmark is well formed, as far as a compiler tells without making code: a third of the time of building them.
#   benches.sh COMPILER [FLAGS...]
set -euo pipefail
cd "$(dirname "$0")/../.."
export CHECK="$* -std=c++20 -fsyntax-only -fopenmp -Wall -Wextra -Wshadow -Wpedantic -Wno-psabi -Werror -Iinclude -Ibench -Itests"
find bench -name '*.cpp' | sort | xargs -P "$(nproc)" -I{} sh -c '$CHECK {} || { echo "{}: does not compile"; exit 255; }'
