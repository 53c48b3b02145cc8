#!/usr/bin/env bash
# Tests scripts/get_data.sh against a mirror on loopback with good, truncated and wrong files, and folders of CelebA.
#   tests/scripts/get_data_test.sh
# With the real sets below ATELIER_DATA, their contents are compared with the script's tables too.
# Exit code 77 (skipped) where python3 or curl is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
script=$here/../../scripts/get_data.sh
for tool in python3 curl; do
  command -v "$tool" >/dev/null || { echo "skipped: needs $tool"; exit 77; }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/get_data_test.XXXXXX")
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
data=${ATELIER_DATA:-/nonexistent} real=${ATELIER_DATA:-/nonexistent}/mnist
unset ATELIER_DATA ATELIER_MIRRORS ATELIER_CHECKSUMS
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1

names=(train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz)
mkdir "$work/served"
for name in "${names[@]}"; do
  content=$(seq 20000 | sed "s/^/$name /")
  gzip -n <<<"$content" >"$work/served/$name"
  hash=$(sha256sum <"$work/served/$name" | cut -d ' ' -f 1)
  echo "$name $(stat -c %s "$work/served/$name") $hash $(sha256sum <<<"$content" | cut -d ' ' -f 1)"
done >"$work/checksums"

: >"$work/port"
python3 "$here/mirror.py" "$work/served" >"$work/port" 2>"$work/server.log" &
server=$!
for _ in $(seq 100); do
  [ ! -s "$work/port" ] || break
  sleep 0.1
done
port=$(cat "$work/port")
[ -n "$port" ] || { echo "the mirror does not start: $(cat "$work/server.log")"; exit 1; }

passed=0 failed=0
check() { # check WHAT COMMAND...: COMMAND must succeed.
  local what=$1
  shift
  if "$@"; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    printf 'FAILED: %s\n' "$what"
    sed 's/^/  /' "$work/messages"
  fi
}
mirrors() { # mirrors MODE...: where they are
  local mode
  for mode in "$@"; do echo "http://127.0.0.1:$port/$mode"; done | paste -sd ' '
}
run() { # run MODES ARGUMENTS...: sets `code`; what is said goes to messages.
  local modes=$1
  shift
  code=0
  # shellcheck disable=SC2086
  ATELIER_MIRRORS=${mirror_list:-$(mirrors $modes)} ATELIER_CHECKSUMS=${table-$work/checksums} \
    timeout 60 bash "$script" "$@" >"$work/messages" 2>&1 || code=$?
}
complete() { # complete FOLDER: all four files as served, and nothing else
  local name
  [ "$(find "$1" -mindepth 1 | wc -l)" = 4 ] || return 1
  for name in "${names[@]}"; do cmp -s "$1/$name" "$work/served/$name" || return 1; done
}
empty() { [ -z "$(find "$1" -mindepth 1)" ]; }
is() { [ "$1" = "$2" ]; }
says() { grep -qF -- "$1" "$work/messages"; }
one_error() { is "$(grep -c 'error:' "$work/messages")" 1 && is "$(tail -n 1 "$work/messages" | grep -c 'error:')" 1; }
requests() { grep -c . "$work/served/requests" 2>/dev/null || true; }

folder=$work/plain/mnist
run good mnist "$folder"
check "a good mirror: exit 0" is $code 0
check "a good mirror: the files" complete "$folder"
before=$(requests)
run good mnist "$folder"
check "a second run: exit 0" is $code 0
check "a second run fetches nothing" is "$(requests)" "$before"

for mode in short wrong page cut gone; do
  folder=$work/$mode
  run "$mode" mnist "$folder"
  case $mode in cut | gone) expected=4 ;; *) expected=3 ;; esac
  check "$mode: exit $expected" is $code $expected
  check "$mode: nothing is left" empty "$folder"
  check "$mode: one error" one_error
  check "$mode: names the file and the mirror" says "$folder/${names[0]}: expected it from a mirror, found: http://127."
  run "$mode good" mnist "$folder"
  check "$mode, then good: exit 0" is $code 0
  check "$mode, then good: the files" complete "$folder"
  check "$mode, then good: silent about it" eval '! says error'
done
run "short" mnist "$work/say"
check "says how long" says "bytes instead of $(stat -c %s "$work/served/${names[0]}")"
run "wrong" mnist "$work/say"
check "says which checksum" says "instead of $(sha256sum <"$work/served/${names[0]}" | cut -d ' ' -f 1)"
run "gone cut" mnist "$work/say"
check "names the first reason" says "404"
check "names the second reason" says "/cut: ("

mirror_list="http://127.0.0.1:9/a http://127.0.0.1:9/b" run "" mnist "$work/offline"
check "offline: exit 4" is $code 4
check "offline: one error" one_error
check "offline: what to do" says "check the network"
check "offline: nothing is left" empty "$work/offline"

folder=$work/damaged
mkdir "$folder"
echo damaged >"$folder/${names[1]}"
run wrong mnist "$folder"
check "no good mirror: what was there stays" grep -qx damaged "$folder/${names[1]}"
run good mnist "$folder"
check "a damaged file is replaced" complete "$folder"

folder=$work/repacked
mkdir "$folder"
for name in "${names[@]}"; do gzip -dc "$work/served/$name" | gzip -n1 >"$folder/$name"; done
before=$(requests)
run good mnist "$folder"
check "the same content, compressed otherwise: exit 0" is $code 0
check "the same content, compressed otherwise: fetches nothing" is "$(requests)" "$before"

for signal in TERM KILL; do
  folder=$work/$signal
  ATELIER_MIRRORS=$(mirrors slow) ATELIER_CHECKSUMS=$work/checksums setsid bash "$script" mnist "$folder" \
    >"$work/messages" 2>&1 &
  child=$!
  for _ in $(seq 100); do
    [ -z "$(find "$folder" -name '.*.part.*' -size +0 2>/dev/null)" ] || break
    sleep 0.1
  done
  code=0
  kill -s "$signal" -- "-$child"
  wait "$child" 2>/dev/null || code=$?
  check "SIG$signal: exit code" is $code $((128 + $(kill -l "$signal")))
  check "SIG$signal: no file has its name" is "$(find "$folder" -name '*.gz')" ""
  [ "$signal" = KILL ] || check "SIG$signal: nothing is left" empty "$folder"
  find "$folder" -name '.*.part.*' -exec touch -d '2 hours ago' {} +
  run good mnist "$folder"
  check "after SIG$signal: the files" complete "$folder"
done

source "$here/get_texts_test.sh"

cd "$work"
run good mnist
check "the default folder" complete "$work/data/mnist"
ATELIER_DATA=$work/root run good mnist
check "the default folder below ATELIER_DATA" complete "$work/root/mnist"
touch "$work/file"
run good mnist "$work/file/mnist"
check "a folder that cannot be made: exit 4" is $code 4
check "a folder that cannot be made: one error" one_error

for arguments in "" "cifar" "mnist a b" "celeba a b" "--nothing"; do
  # shellcheck disable=SC2086
  run good $arguments
  check "'$arguments': exit 2" is $code 2
  check "'$arguments': one error" one_error
done
table=$work/none run good mnist "$work/say"
check "no table: exit 3" is $code 3
run good --help
check "--help: exit 0" is $code 0
for word in FOLDER ATELIER_MIRRORS ATELIER_CHECKSUMS; do check "--help names $word" says "$word"; done

# CelebA: nothing is fetched, what is there is checked.
celeba=$work/celeba
before=$(requests)
run good celeba "$celeba"
check "celeba, no folder: exit 3" is $code 3
check "celeba, no folder: where it comes from" says "mmlab.ie.cuhk.edu.hk"
mkdir -p "$celeba"
run good celeba "$celeba"
check "celeba, empty folder: exit 3" is $code 3
check "celeba, empty folder: what is missing" says "expected img_align_celeba.zip or the folder img_align_celeba"
for name in list_eval_partition.txt list_attr_celeba.txt identity_CelebA.txt; do
  check "celeba, empty folder: $name" says "not there: $name"
done
python3 - "$celeba" <<'PYTHON'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/img_align_celeba.zip", "w") as archive:
    for i in (1, 2, 3):
        archive.writestr(f"img_align_celeba/{i:06}.jpg", b"a face" * 50)
    archive.writestr("__MACOSX/img_align_celeba/._000001.jpg", b"")
PYTHON
printf '00000%d.jpg 0\n' 1 2 3 >"$celeba/list_eval_partition.txt"
printf '00000%d.jpg 7\n' 1 2 3 >"$celeba/identity_CelebA.txt"
attributes() { printf '%s\r\n' 3 "Bald Young " "000001.jpg -1  1" "000002.jpg -1  1" "000003.jpg -1  1"; }
attributes >"$celeba/list_attr_celeba.txt"
run good celeba "$celeba"
check "celeba, a part: exit 0" is $code 0
check "celeba, a part: counts" says "img_align_celeba.zip: whole, 3 images"
check "celeba, a part: says so" says "which has 202599"
check "celeba, a part: usable" says "--data $celeba"
attributes | sed 1d | sed '1i 4\r' >"$celeba/list_attr_celeba.txt"
run good celeba "$celeba"
check "celeba, too few attributes: exit 3" is $code 3
check "celeba, too few attributes: says so" says "expected 4 lines of attributes, as line 1 says, found 3"
attributes >"$celeba/list_attr_celeba.txt"
printf '00000%d.jpg 0\n' 1 2 >"$celeba/list_eval_partition.txt"
run good celeba "$celeba"
check "celeba, too few lines: exit 3" is $code 3
check "celeba, too few lines: says so" says "list_eval_partition.txt: expected a line for each of 3 images, found 2"
echo '<!DOCTYPE html>' >"$celeba/list_eval_partition.txt"
run good celeba "$celeba"
check "celeba, a web page for a table: exit 3" is $code 3
check "celeba, a web page for a table: says so" says "found a web page"
rm "$celeba/list_eval_partition.txt"
run good celeba "$celeba"
check "celeba, no partition: exit 0" is $code 0
check "celeba, no partition: what else" says "others are by identity or by count"
cp "$celeba/img_align_celeba.zip" "$work/whole.zip"
for damage in "a face/A face" "PK/XX"; do
  sed "0,/${damage%%/*}/s/${damage}/" "$work/whole.zip" >"$celeba/img_align_celeba.zip"
  run good celeba "$celeba"
  check "celeba, a damaged archive ($damage): exit 3" is $code 3
  check "celeba, a damaged archive ($damage): says so" says "expected a whole zip archive, found"
done
echo '<html>quota exceeded</html>' >"$celeba/img_align_celeba.zip"
run good celeba "$celeba"
check "celeba, a web page: exit 3" is $code 3
check "celeba, a web page: says so" says "a web page: the download failed"
mkdir "$celeba/img_align_celeba"
touch "$celeba/img_align_celeba/00000"{1,2}.jpg
run good celeba "$celeba"
check "celeba, unpacked: exit 0" is $code 0
check "celeba, unpacked: counts" says "img_align_celeba: 2 images"
truncate -s 3424458 "$celeba/identity_CelebA.txt"
run good celeba "$celeba"
check "celeba, a file as long as the authors': exit 3" is $code 3
check "celeba, a file as long as the authors': its checksum" says "expected MD5 32bd1bd6"
check "celeba: nothing is fetched" is "$(requests)" "$before"

table="" run good mnist "$work/real"
check "the table of the script refuses other files: exit 3" is $code 3
check "the table of the script refuses other files" says "bytes instead of 9912422"
if [ -d "$real" ]; then
  before=$(requests)
  table="" run good mnist "$real"
  check "the table of the script knows the real digits: exit 0" is $code 0
  check "the table of the script knows the real digits: fetches nothing" is "$(requests)" "$before"
else
  echo "skipped: the real digits, ATELIER_DATA has no mnist"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
