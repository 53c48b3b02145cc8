#!/usr/bin/env bash
# Rules of the tree that no compiler checks. Prints every breach; exits 1 when there is one.
#   check.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
breaches=0
breach() { echo "$1"; breaches=$((breaches + 1)); }

# Layers: what the headers of a folder may include, besides their own folder.
declare -A behind=(
  [core]="" [memory]="core" [parallel]="core"
  [kernels]="core parallel"
  [tensor]="core memory"
  [autograd]="core memory parallel tensor"
  [ops]="core memory parallel kernels tensor autograd"
  [nn]="core kernels tensor autograd ops"
  [optim]="core memory kernels tensor autograd ops nn"
  [io]="core tensor"
  [data]="core tensor io"
  [metrics]="core tensor ops"
  [models]="core tensor autograd ops nn optim io metrics"
  [train]="core tensor nn optim io data metrics"
  [interop]="tensor"
)
for header in $(find include/atelier -mindepth 2 -name '*.hpp' | sort); do
  layer=$(cut -d/ -f3 <<<"$header")
  [ -n "${behind[$layer]+known}" ] || { breach "$header: folder $layer has no place among the layers"; continue; }
  for used in $(sed -n 's|^#include "atelier/\([a-z]*\)/.*|\1|p' "$header" | sort -u); do
    [[ " $layer ${behind[$layer]} " == *" $used "* ]] || breach "$header: $layer may not include $used"
  done
  ! grep -q '#include "atelier/atelier.hpp"' "$header" || breach "$header: includes atelier.hpp, which is for programs"
done
while read -r header; do breach "$header: Eigen belongs to interop/eigen.hpp"; done < <(
  grep -rl '#include <Eigen' include/atelier | grep -v -e interop/eigen.hpp -e kernels/reference/ || true)
while read -r header; do breach "$header: OpenMP is seen in parallel/team.hpp only"; done < <(
  grep -rlE '#pragma omp|<omp.h>' include src | grep -v parallel/team.hpp || true)
while read -r line; do breach "$line: the library prints nothing, ends no process and handles no signals"; done < <(
  grep -rnE '\bstd::(cout|cerr|clog|exit|abort|quick_exit|terminate|signal)\b|(^|[^a-z_n])(printf|puts|putchar|fprintf|perror|sigaction|_exit|exit|abort)\(' \
    include src | grep -v '///' || true)

# Sizes: lines of files, of functions (from a line at the margin that opens a brace to the closing one), macros.
sources=$(git ls-files -co --exclude-standard '*.hpp' '*.cpp' '*.sh' '*.py' | sort)
for file in $sources; do
  [ "$(wc -l <"$file")" -le 450 ] || breach "$file: more than 450 lines"
done
lines=$(for file in $sources; do wc -l <"$file"; done | sort -n)
median=$(sed -n "$(( ($(wc -l <<<"$lines") + 1) / 2 ))p" <<<"$lines")
[ "$median" -le 120 ] || breach "median of file lengths is $median, more than 120"
for file in $(grep -E '\.[ch]pp$' <<<"$sources"); do
  most=60
  [[ $file == */kernels/* ]] && most=90
  awk -v most=$most -v file="$file" '
    /^[A-Za-z].*\) *(const|noexcept|override|try)* *\{$/ { start = NR; text = $0 }
    /^}/ { if (start && NR - start > most) print file ":" start ": function of " NR - start " lines, at most " most
           start = 0 }' "$file"
done >"${TMPDIR:-/tmp}/long.$$"
while read -r line; do breach "$line"; done <"${TMPDIR:-/tmp}/long.$$"
rm -f "${TMPDIR:-/tmp}/long.$$"
macros=$(grep -rhoE '^#define [A-Za-z_]+\(' include src examples | sort -u | wc -l)
[ "$macros" -le 3 ] || breach "$macros function-like macros, at most 3"

# Every operation has a gradient test, and every option of FEATURES.md a test that exists.
for op in $(sed -n 's/^ATELIER_OP(\([a-z0-9_]*\))$/\1/p' include/atelier/ops/*.hpp); do
  grep -qE "(^|[^a-z_])$op(<[a-z]*>)?\(" tests/ops/*_test.cpp || breach "include/atelier/ops: no test of $op in tests/ops"
done
if [ -f FEATURES.md ]; then
  for name in $(grep -oE '`[A-Z][A-Za-z0-9]*\.[A-Za-z0-9]+`' FEATURES.md | tr -d '`' | sort -u); do
    suite=${name%.*} test=${name#*.}
    grep -rqE "TEST(_F|_P)?\($suite, $test\)|TYPED_TEST\($suite, $test\)" tests || breach "FEATURES.md: no test $name"
  done
  for name in $(grep -oE '`test_[a-z0-9_]+`' FEATURES.md | tr -d '`' | sort -u); do
    grep -rqE "def $name\(" scripts || breach "FEATURES.md: no test $name"
  done
fi

[ $breaches -eq 0 ] || { echo "$breaches breaches"; exit 1; }
