#!/usr/bin/env bash
# Builds and runs every test.
#   scripts/test.sh [--all]
# Installs missing packages from the distribution first. Tests that need a real data set look for it below ATELIER_DATA
# and are skipped by name where it is missing. --all adds the address, undefined-behaviour and thread sanitizers, the
# clang build, and the slow tests. Safe to run twice.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/setup.sh

all=0
while [ $# -gt 0 ]; do
  case $1 in
    --all) all=1; shift ;;
    -h|--help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) fail "expected --all or nothing, found '$1'" 2 ;;
  esac
done

# run PRESET CTEST_OPTIONS...: the tests of one build.
run() {
  local preset=$1
  shift
  say "testing ($preset)"
  ctest --preset "$preset" -j "$(nproc)" "$@"
}

need_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" python3 curl unzip
if [ "$all" = 0 ]; then
  build release -DATELIER_TESTS=ON -DATELIER_BENCH=OFF -DATELIER_WERROR=ON
  run release -LE slow
  exit 0
fi

need_packages clang libomp-dev pkg-config
build release -DATELIER_TESTS=ON -DATELIER_BENCH=ON -DATELIER_WERROR=ON
ATELIER_SLOW_TESTS=1 run release
build asan -DCMAKE_CXX_COMPILER=clang++  # g++ takes ten minutes for a file of kernels under it
run asan -LE slow
build tsan -DCMAKE_CXX_COMPILER=clang++
TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp" run tsan -LE slow
build release -B build/clang -DCMAKE_CXX_COMPILER=clang++
ctest --test-dir build/clang -LE slow -j "$(nproc)" --output-on-failure
