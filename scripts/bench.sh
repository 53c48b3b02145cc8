#!/usr/bin/env bash
# Measures the library beside PyTorch and JAX, and the machine itself.
#   scripts/bench.sh [--setup] [--quick] [--only REGEX] [--threads N] [--precision LIST] [--peers LIST] [--resume]
#                    [--out DIR] [--compare OLD.json] ...          (--help lists all)
# Installs missing packages from the distribution and builds the programs first. --setup installs the pinned peers into
# an environment of their own, build/peers; without it, what is installed is used and the rest is left out by name.
# Results: DIR/bench.json, bench.md and bench.svg (DIR: build/bench), a short table on standard output.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/setup.sh

need_packages python3
setup=0
for word in "$@"; do
  case $word in
    -h|--help) exec python3 scripts/bench/suite.py --help ;;
    --setup) setup=1 ;;
  esac
done

programs=$(python3 scripts/bench/suite.py --list-programs "$@")
need_packages "${BUILD_PACKAGES[@]}" libbenchmark-dev
[ "$setup" = 0 ] || need_packages python3-venv python3-dev libopenblas-dev libdnnl-dev
say "building"
# shellcheck disable=SC2086
build release -DATELIER_BENCH=ON -DATELIER_TESTS=OFF -- $programs
exec python3 scripts/bench/suite.py "$@"
