#!/usr/bin/env bash
# Time of one program in proportion to another's, each the least of seven runs of 400 steps on one thread, in turn.
#   compare.sh PROGRAM OTHER
set -euo pipefail
export ATELIER_THREADS=1
least() { sort -n "$1" | head -1; }
for _ in 1 2 3 4 5 6 7; do
  for program in "$1" "$2"; do
    begin=$EPOCHREALTIME
    "$program" 400 >/dev/null
    awk -v begin="$begin" -v end="$EPOCHREALTIME" 'BEGIN { print (end - begin) / 400 * 1000 }' >>"$(basename "$program").ms"
  done
done
awk -v one="$(least "$(basename "$1").ms")" -v other="$(least "$(basename "$2").ms")" \
  'BEGIN { printf "ms a step: %.2f, %.2f\nratio %.3f\n", one, other, one / other }'
