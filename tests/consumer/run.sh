#!/usr/bin/env bash
# Other people's ways to use the library: small programs outside the tree, each with the command that builds and runs it.
# Prints name, time and command of each; ends at the first that does not print what it should.
#   run.sh BUILD COMPILER [WAY...]      BUILD: a finished build, which is installed, and moved after that; no WAY: all
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
consumer=$source/tests/consumer
build=$(cd "$1" && pwd) compiler=$2
shift 2
wanted=" $* "
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
eigen=$(sed -n 's/^Eigen3_DIR:PATH=//p' "$build/CMakeCache.txt")
eigen=$(cd "$eigen/../../.." && pwd)/include/eigen3
jobs=$(nproc) prefix=$work/moved
headers="-I $source/include -I $eigen"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig

cd "$work"
cmake --install "$build" --prefix "$work/first" >/dev/null
mv first moved
! grep -rn -e '-march' -e "$work/first" moved/lib/cmake moved/lib/pkgconfig || { echo "installed: not to be moved"; exit 1; }

# way NAME EXPECTED COMMAND: runs COMMAND in a folder of its own; the last line that it prints has to match EXPECTED.
TIMEFORMAT='%R %U'
way() {
  [[ $wanted == "  " || $wanted == *" $1 "* ]] || return 0
  mkdir "$work/$1" && cd "$work/$1"
  if ! { time { (eval "$3") >log 2>&1; }; } 2>time || ! tail -n 1 log | grep -qE "$2"; then
    cat log
    echo "$1: expected a last line '$2' from: $3"
    exit 1
  fi
  printf '%-17s %6.1f s, %6.1f s of processors   %s\n' "$1" $(tail -n 1 time) "$3"
}
# within TIMES WAY: ends where the way took more than so many times what the compiler takes for a page with std::regex,
# in time of processors: seconds would say how fast the machine is.
within() {
  [[ -f $work/$2/time ]] || return 0
  printf '%s\n' '#include <regex>' 'bool f(const char* s) { return std::regex_match(s, std::regex("[a-z]+")); }' >"$work/page.cpp"
  { time $compiler -std=c++20 -O2 -c "$work/page.cpp" -o "$work/page.o"; } 2>"$work/page"
  tail -qn 1 "$work/$2/time" "$work/page" | awk -v most="$1" 'NR == 1 { way = $2 } NR == 2 && way > most * $2 { exit 1 }' ||
    { echo "$2: expected at most $1 times the time of a page with std::regex"; exit 1; }
}
# needs PROGRAM WAY: whether the system has PROGRAM; says so where not.
needs() { command -v "$1" >/dev/null || { echo "$2: skipped, $1 is not installed"; return 1; }; }

configure='cmake -S $consumer -B . -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=$compiler'
way find_package '^atelier 0.1.0: 6$' \
  "$configure -DCMAKE_PREFIX_PATH=\$prefix && cmake --build . -j \$jobs && ./consumer"
way add_subdirectory '^3 numbers, checksums$' \
  "$configure -DHOW=folder -DATELIER_SOURCE=\$source -DCMAKE_CXX_FLAGS_RELEASE= && cmake --build . -j \$jobs --target files && ./files"
way bare_line '^-ELBO 5[0-9][0-9]\.[0-9] nats$' \
  '$compiler -std=c++20 -O2 -fopenmp -DATELIER_HEADER_ONLY $headers $consumer/vae.cpp -o vae && ./vae'
within 13 bare_line # twice what it takes
way whole_folder '^atelier 0.1.0: 6$' \
  "$configure -DHOW=folder -DATELIER_SOURCE=\$source && cmake --build . -j \$jobs && ./consumer"
way fetch_content '^3 numbers, checksums$' \
  "$configure -DHOW=fetch -DATELIER_SOURCE=\$source && cmake --build . -j \$jobs --target files && ./files"
needs pkg-config pkg_config && way pkg_config '^1 pictures, mean 0.50$' \
  '$compiler -std=c++20 -O2 $consumer/sampler.cpp $(pkg-config --cflags --libs atelier) -o s && ./s model && ./s model 1'
# no -lzip: Debian has no such archive, and a sampler opens no zip files
parts='-latelier_models -latelier_model_files -latelier_objectives -latelier_sequence_ops -latelier_image_ops -latelier_ops -latelier_io -lz'
way static '^1 pictures, mean 0.50$' \
  '$compiler -std=c++20 -O2 -fopenmp -static $consumer/sampler.cpp -I $prefix/include -I $eigen -L $prefix/lib $parts -s -Wl,--gc-sections -o s &&
  ls -l s && ./s model && ./s model 1'
needs clang++ clang && way clang '^-ELBO 5[0-9][0-9]\.[0-9] nats$' \
  'clang++ -std=c++20 -O2 -fopenmp -DATELIER_HEADER_ONLY $headers $consumer/vae.cpp -o vae && ./vae'
needs clang++ clang && way clang_links_gcc '^atelier 0.1.0: 6$' \
  'cmake -S $consumer -B . -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_PREFIX_PATH=$prefix && cmake --build . -j $jobs && ./consumer'
needs pkg-config dlopen && way dlopen '^the same bits, 3 times$' \
  'flags="-std=c++20 -O2 $(pkg-config --cflags atelier)" libraries=$(pkg-config --libs atelier) &&
  $compiler -shared -fPIC $flags $consumer/{plugin,learn}.cpp $libraries -o plugin.so &&
  $compiler $flags $consumer/{host,learn}.cpp $libraries -o host && ./host ./plugin.so'
strict='-Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror'
way warnings '^-ELBO 5[0-9][0-9]\.[0-9] nats$' \
  '(cd $source/include && find atelier -name "*.hpp" | sort | sed "s/.*/#include \"&\"/") | cat - $consumer/vae.cpp >all.cpp &&
  $compiler -std=c++20 -O2 -fopenmp -DATELIER_HEADER_ONLY $strict -I $source/include -isystem $eigen all.cpp -o vae && ./vae'
way without_openmp '^-ELBO 5[0-9][0-9]\.[0-9] nats$' \
  '$compiler -std=c++20 -O2 -DATELIER_HEADER_ONLY $headers $consumer/vae.cpp -o vae && ./vae'
way no_exceptions '#error .*exceptions' \
  '! $compiler -std=c++20 -fno-exceptions -fsyntax-only $headers $consumer/vae.cpp >out 2>&1 && grep "#error" out'

compare='$compiler -std=c++20 -O2 -fopenmp -DATELIER_HEADER_ONLY $headers $consumer/vae.cpp -o bare &&
  $compiler -std=c++20 -O2 -fopenmp $consumer/vae.cpp -I $prefix/include -I $eigen -L $prefix/lib $parts -o linked &&
  bash $consumer/compare.sh ./bare ./linked'
way speed '^ratio (0\.|1\.0)' "$compare"
