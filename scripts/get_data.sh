#!/usr/bin/env bash
# Fetches a data set and verifies size and SHA-256 of every file.
#   scripts/get_data.sh mnist|wikitext2|tinyshakespeare [FOLDER]
#   scripts/get_data.sh celeba [FOLDER]      fetches nothing, which the licence forbids: checks what is in FOLDER, and
#                                            says what is missing and where it comes from
# FOLDER: where the files go; by default mnist, wikitext-2, tinyshakespeare or celeba below ATELIER_DATA, or below data
# in the current folder. Files that are there and verify are left alone, so it is safe to run twice; a file gets its name
# only when it is whole.
# Exit codes: 0 done, 2 usage, 3 other files than expected, 4 no mirror answers or the folder cannot be written.
# Environment:
#   ATELIER_MIRRORS    folders on the web that are tried instead of the usual ones, in order, separated by spaces
#   ATELIER_CHECKSUMS  a file of lines "NAME BYTES SHA256 SHA256-OF-CONTENT" instead of the known ones; "-" as the last
#                      for files that are not compressed
set -euo pipefail
# shellcheck source=scripts/lib/setup.sh
. "$(dirname "$0")/lib/setup.sh"
# shellcheck source=scripts/lib/celeba.sh
. "$(dirname "$0")/lib/celeba.sh"

mnist_mirrors="https://ossci-datasets.s3.amazonaws.com/mnist https://storage.googleapis.com/cvdf-datasets/mnist"
mnist_files() {
  printf '%s %s %s %s\n' \
    train-images-idx3-ubyte.gz 9912422 440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609 \
    ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db \
    train-labels-idx1-ubyte.gz 28881 3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c \
    65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5 \
    t10k-images-idx3-ubyte.gz 1648877 8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6 \
    0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7 \
    t10k-labels-idx1-ubyte.gz 4542 f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6 \
    ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2
}

# The three texts come out of one archive, wikitext-2-v1.zip.
wikitext2_mirrors="https://wikitext.smerity.com https://s3.amazonaws.com/research.metamind.io/wikitext"
wikitext2_archive=wikitext-2-v1.zip
wikitext2_files() {
  printf '%s %s %s %s\n' \
    wiki.train.tokens 10797148 9e9fa1ad55b1c2c95b08e37dd8e653f638fac2c6de904b79e813611eefbc985f - \
    wiki.valid.tokens 1121681 f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8 - \
    wiki.test.tokens 1256449 d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0 -
}

tinyshakespeare_mirrors="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare
  https://cdn.jsdelivr.net/gh/karpathy/char-rnn@master/data/tinyshakespeare"
tinyshakespeare_files() {
  echo input.txt 1115394 86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed -
}

sha256() { sha256sum | cut -d ' ' -f 1; }

# matches FILE BYTES SHA256: or else says what is wrong with FILE.
matches() {
  local bytes hash
  bytes=$(stat -c %s "$1")
  [ "$bytes" = "$2" ] || { echo "$bytes bytes instead of $2"; return 1; }
  hash=$(sha256 <"$1")
  [ "$hash" = "$3" ] || { echo "SHA-256 $hash instead of $3"; return 1; }
}

# present FILE SHA256 CONTENT_SHA256: FILE is there. What compressed it does not matter; "-" as the content's checksum
# stands for a file that is not compressed.
present() {
  [ -f "$1" ] || return 1
  if [ "$3" = - ]; then [ "$(sha256 <"$1")" = "$2" ]; else [ "$(gzip -dc "$1" 2>/dev/null | sha256)" = "$3" ]; fi
}

# download URL FILE: or else says why not.
download() {
  local text
  text=$(curl --fail --location --silent --show-error --connect-timeout 15 --speed-limit 1000 --speed-time 30 \
    --output "$2" "$1" 2>&1) && return
  text=${text##*$'\n'}
  echo "${text#curl: }"
  return 1
}

temporary="" archive="" archive_mirror=""
trap '[ -z "$temporary$archive" ] || rm -f "$temporary" "$archive"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# temporary_for FILE: a name beside it.
temporary_for() {
  mktemp "$(dirname "$1")/.$(basename "$1").part.XXXXXX" 2>/dev/null ||
    fail "$(dirname "$1"): expected to write there, found that it is refused; check who may use it" 4
}

# fetch FILE BYTES SHA256: from the first mirror that has it; mirrors that failed are named only when all did.
fetch() {
  local file=$1 name reasons="" mirror wrong code=4
  name=$(basename "$file")
  temporary=$(temporary_for "$file")
  for mirror in $mirrors; do
    if wrong=$(download "${mirror%/}/$name" "$temporary"); then
      if wrong=$(matches "$temporary" "$2" "$3"); then keep "$file"; return; fi
      code=3
    fi
    reasons+="${reasons:+; }${mirror%/}: $wrong"
  done
  fail "$file: expected it from a mirror, found: $reasons; check the network, or put the files there by hand" "$code"
}

# archive_from MIRROR: the archive is there, downloaded once; or else says why not.
archive_from() {
  [ "$archive_mirror" != "$1" ] || return 0
  download "${1%/}/$(basename "$wikitext2_archive")" "$archive" || return 1
}

# fetch_member FILE BYTES SHA256: out of wikitext-2/ in the archive of the first mirror where it is right.
fetch_member() {
  local file=$1 reasons="" mirror wrong code=4
  command -v unzip >/dev/null || need_packages unzip
  [ -n "$archive" ] || archive=$(temporary_for "$folder/$wikitext2_archive")
  temporary=$(temporary_for "$file")
  for mirror in $mirrors; do
    if wrong=$(archive_from "$mirror"); then
      archive_mirror=$mirror
      if ! unzip -p "$archive" "wikitext-2/$(basename "$file")" >"$temporary" 2>/dev/null; then
        wrong="no whole zip archive with wikitext-2/$(basename "$file")"
      elif wrong=$(matches "$temporary" "$2" "$3"); then
        keep "$file"
        return
      fi
      code=3
    fi
    reasons+="${reasons:+; }${mirror%/}: $wrong"
  done
  fail "$file: expected it from a mirror, found: $reasons; check the network, or put the files there by hand" "$code"
}

# keep FILE: gives the temporary file its name, when its bytes are on the device.
keep() {
  chmod 644 "$temporary"
  { sync "$temporary" && mv -f "$temporary" "$1"; } 2>/dev/null ||
    fail "$1: expected to write it, found that it is refused; check the space and who may use it" 4
  temporary=""
}

get=fetch default=${1:-}
case $default in
  -h|--help) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 0 ;;
  mnist) mirrors=${ATELIER_MIRRORS:-$mnist_mirrors} files=$(mnist_files) ;;
  wikitext2) mirrors=${ATELIER_MIRRORS:-$wikitext2_mirrors} files=$(wikitext2_files) default=wikitext-2 get=fetch_member ;;
  tinyshakespeare) mirrors=${ATELIER_MIRRORS:-$tinyshakespeare_mirrors} files=$(tinyshakespeare_files) ;;
  celeba) ;;
  *) fail "expected a data set (mnist, wikitext2, tinyshakespeare, celeba), found '${1:-}'; see --help" 2 ;;
esac
[ $# -le 2 ] || fail "expected a data set and a folder, found '$3'; see --help" 2
folder=${2:-${ATELIER_DATA:-data}/$default}
if [ "$1" = celeba ]; then check_celeba "$folder"; exit 0; fi
if [ -n "${ATELIER_CHECKSUMS:-}" ]; then
  files=$(cat "$ATELIER_CHECKSUMS" 2>/dev/null) ||
    fail "$ATELIER_CHECKSUMS: expected a file, found none; check ATELIER_CHECKSUMS" 3
fi

command -v curl >/dev/null || need_packages curl
mkdir -p "$folder" 2>/dev/null ||
  fail "$folder: expected to make this folder, found that it is refused; check the path" 4
find "$folder" -maxdepth 1 -name '.*.part.*' -mmin +60 -delete  # of a run that was killed
while read -r name bytes hash content; do
  if present "$folder/$name" "$hash" "$content"; then
    say "$name is there"
  else
    say "fetching $name ($bytes bytes)"
    "$get" "$folder/$name" "$bytes" "$hash"
  fi
done <<<"$files"
say "$1 is complete in $folder: trainers find it by --data $folder"
