# Shared by the scripts: messages, packages of Debian and Ubuntu, the build.

say() { printf '== %s\n' "$*" >&2; }
fail() { printf '%s: error: %s\n' "$(basename "$0")" "$1" >&2; exit "${2:-1}"; }

# need_packages NAME...: installs those that are missing, from the distribution's registry, asking for nothing.
need_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "packages: expected apt-get (Debian, Ubuntu), found none; install by hand: ${missing[*]}" 2
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "packages: installing ${missing[*]} needs root or sudo" 2
    root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${root[@]}" apt-get update -qq >&2 || fail "packages: apt-get update failed" 4
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "packages: apt-get could not install ${missing[*]}" 4
}

BUILD_PACKAGES=(cmake make g++ libeigen3-dev zlib1g-dev libjpeg-dev libpng-dev libzip-dev nlohmann-json3-dev libstb-dev libcli11-dev)
TEST_PACKAGES=(libgtest-dev libbenchmark-dev)

# build PRESET CMAKE_OPTIONS... [-- TARGET...]: configures and builds, on all processors.
build() {
  local preset=$1 options=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
  [ $# -eq 0 ] || shift
  cmake --preset "$preset" "${options[@]}" >&2
  local targets=()
  [ $# -eq 0 ] || targets=(--target "$@")
  cmake --build --preset "$preset" -j "$(nproc)" "${targets[@]}" >&2
}
