#!/usr/bin/env bash
# Every code block of README.md and docs/: C++ compiles, CMake finds the installed library, commands exist and have the
# flags that they are shown with (also those that a comment behind a command names).
#   blocks.sh BUILD COMPILER [FLAGS...]     BUILD: a finished build with the programs
set -euo pipefail
build=$(cd "$1" && pwd) compiler=$2
shift 2
cd "$(dirname "$0")/../.."
pages=(README.md docs/*.md)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
breaches=0
breach() { echo "$1"; breaches=$((breaches + 1)); }

awk -f tests/docs/blocks.awk "${pages[@]}" >"$work/blocks.cpp"
grep -q '^// blocks: [1-9]' "$work/blocks.cpp" || breach "C++: no block found"
"$compiler" "$@" -std=c++20 -fsyntax-only -fopenmp -Wall -Wextra -Wshadow -Werror -Wno-psabi -Wno-unused-variable \
  -Iinclude "$work/blocks.cpp" || breach "C++: blocks of ${pages[*]} do not compile"

# blocks LANGUAGE: their lines, behind the page that they stand in.
blocks() {
  awk -v language="$1" '/^```/ { open = !open && $0 == "```" language; next } open { print FILENAME ": " $0 }' "${pages[@]}"
}

mkdir "$work/mine"
cmake --install "$build" --prefix "$work/prefix" >/dev/null
echo 'int main() {}' >"$work/mine/main.cpp"
{ printf 'cmake_minimum_required(VERSION 3.25)\nproject(mine LANGUAGES CXX)\nadd_executable(mine main.cpp)\n'
  blocks cmake | sed 's/^[^ ]*: //'; } >"$work/mine/CMakeLists.txt"
grep -q atelier::atelier "$work/mine/CMakeLists.txt" || breach "CMake: no block found"
cmake -S "$work/mine" -B "$work/mine/build" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_COMPILER="$compiler" \
  >"$work/log" 2>&1 || { cat "$work/log"; breach "CMake: blocks of ${pages[*]} do not configure"; }

# has PAGE FLAG TEXT WHERE: whether TEXT, the help or source of a command, knows a flag.
has() { grep -qE -- "(^|[^a-z-])$2([^a-z-]|$)" <<<"$3" || breach "$1: expected $2 in $4, found none"; }
flags_of() { grep -oE -- '(^|[ (])--[a-z0-9-]+' <<<"$1" | tr -d ' (' || true; }

# check PAGE COMMAND COMMENT
check() {
  local page=$1 command=$2 comment=$3 word flag help
  word=${command%% *}
  case $word in
    build/release/examples/*)
      local name=${word##*/}
      [ -x "$build/examples/$name" ] || { breach "$page: expected a program $name, found none"; return; }
      help=$("$build/examples/$name" --help)
      for flag in $(flags_of "$command $comment"); do has "$page" "$flag" "$help" "$name --help"; done ;;
    scripts/*)
      [ -x "$word" ] || { breach "$page: expected a script $word, found none"; return; }
      for flag in $(flags_of "$command $comment"); do has "$page" "$flag" "$(cat "$word")" "$word"; done ;;
    cmake|ctest)
      for flag in $(grep -oE 'ATELIER_[A-Z]+' <<<"$command"); do has "$page" "$flag" "$(cat cmake/AtelierOptions.cmake)" "the options"; done
      for flag in $(sed -nE 's/.*--preset ([a-z]+).*/\1/p' <<<"$command"); do has "$page" "\"$flag\"" "$(cat CMakePresets.json)" "the presets"; done
      for flag in $(sed -nE 's/.*--target ([a-z_]+).*/\1/p' <<<"$command"); do
        [ -x "$build/examples/$flag" ] || breach "$page: expected a program $flag, found none"
      done ;;
    pkg-config) [ -f "$work/prefix/lib/pkgconfig/atelier.pc" ] || breach "$page: expected atelier.pc, found none" ;;
    g++) for flag in $(grep -oE 'ATELIER_[A-Z_]+' <<<"$command"); do has "$page" "$flag" "$(cat include/atelier/core/compiled.hpp)" "compiled.hpp"; done ;;
    *) breach "$page: expected a program, script, cmake, ctest, pkg-config or g++, found '$word'" ;;
  esac
}
commands=0
while IFS= read -r line; do
  page=${line%%: *} line=${line#*: }
  comment="" command=$line
  [[ $line != *" #"* ]] || { comment=${line#* #}; command=${line%% #*}; }
  [ -n "${command// /}" ] || continue
  check "$page" "$command" "$comment"
  commands=$((commands + 1))
done < <(blocks sh)
[ $commands -gt 10 ] || breach "sh: expected more than 10 commands, found $commands"
[ $breaches -eq 0 ] || { echo "$breaches breaches"; exit 1; }
echo "$(sed -n 's|^// ||p' "$work/blocks.cpp" | tail -1) of C++, $commands commands"
