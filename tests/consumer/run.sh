#!/usr/bin/env bash
# Other people's ways to use the library: installed and found, moved after that, added as a folder, header-only.
#   run.sh BUILD COMPILER [full]      BUILD: a finished build; full: compile the folder and the header-only way too
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1 compiler=$2 full=${3:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# consumer NAME OPTIONS...: configures the consumer, and unless there is nothing to compile with, builds and runs it.
configure() { cmake -S "$root/tests/consumer" -B "$work/$1" -DCMAKE_CXX_COMPILER="$compiler" "${@:2}" >/dev/null; }
use() {
  configure "$@"
  cmake --build "$work/$1" --target consumer -j "$(nproc)" >/dev/null
  "$work/$1/consumer" | grep -qx 'atelier 0.1.0: 6' || { echo "$1: expected the gradient 6"; exit 1; }
  echo "$1: works"
}

cmake --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/moved"
use find_package -DCMAKE_PREFIX_PATH="$work/moved"
configure add_subdirectory -DATELIER_SOURCE="$root"
echo "add_subdirectory: configures"
[ -n "$full" ] || exit 0
use add_subdirectory -DATELIER_SOURCE="$root"
"$compiler" -std=c++20 -O1 -DATELIER_HEADER_ONLY -I"$root/include" "$root"/tests/consumer/{main,other}.cpp -o "$work/header_only"
"$work/header_only" >/dev/null
echo "header-only, without OpenMP: works"
