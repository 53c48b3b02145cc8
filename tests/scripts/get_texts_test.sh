# The text sets of scripts/get_data.sh; part of get_data_test.sh, which has the mirror and the checks.
# shellcheck shell=bash disable=SC2154

plain_table() { # plain_table FILE...: lines of a table of files that are not compressed
  local file
  for file in "$@"; do
    echo "$(basename "$file") $(stat -c %s "$file") $(sha256sum <"$file" | cut -d ' ' -f 1) -"
  done
}
same_files() { # same_files FOLDER FILE...: the folder holds these and nothing else
  local folder=$1 file
  shift
  [ "$(find "$folder" -mindepth 1 | wc -l)" = $# ] || return 1
  for file in "$@"; do cmp -s "$file" "$folder/$(basename "$file")" || return 1; done
}

seq 3000 >"$work/served/input.txt"
plain_table "$work/served/input.txt" >"$work/shakespeare"
table=$work/shakespeare run good tinyshakespeare "$work/shakes"
check "a plain file: exit 0" is $code 0
check "a plain file: what was served" same_files "$work/shakes" "$work/served/input.txt"
before=$(requests)
table=$work/shakespeare run good tinyshakespeare "$work/shakes"
check "a plain file: a second run fetches nothing" is "$(requests)" "$before"
echo damaged >"$work/shakes/input.txt"
table=$work/shakespeare run "page good" tinyshakespeare "$work/shakes"
check "a plain file: a damaged one is replaced" same_files "$work/shakes" "$work/served/input.txt"
for mode in short wrong page; do
  table=$work/shakespeare run "$mode" tinyshakespeare "$work/shakes-$mode"
  check "a plain file, $mode: exit 3" is $code 3
  check "a plain file, $mode: nothing is left" empty "$work/shakes-$mode"
done

mkdir -p "$work/inside/wikitext-2"
texts=()
for part in train valid test; do
  texts+=("$work/inside/wikitext-2/wiki.$part.tokens")
  seq 20000 | sed "s/^/$part /" >"${texts[-1]}"
done
(cd "$work/inside" && python3 -m zipfile -c "$work/served/wikitext-2-v1.zip" wikitext-2)
plain_table "${texts[@]}" >"$work/wikitext"
if command -v unzip >/dev/null; then
  before=$(requests)
  table=$work/wikitext run good wikitext2 "$work/wiki"
  check "an archive: exit 0" is $code 0
  check "an archive: its texts" same_files "$work/wiki" "${texts[@]}"
  check "an archive: fetched once" is "$(requests)" $((before + 1))
  table=$work/wikitext run good wikitext2 "$work/wiki"
  check "an archive: a second run fetches nothing" is "$(requests)" $((before + 1))
  rm "$work/wiki/wiki.valid.tokens"
  table=$work/wikitext run good wikitext2 "$work/wiki"
  check "an archive: a missing text comes back" same_files "$work/wiki" "${texts[@]}"
  for mode in short wrong page gone; do
    folder=$work/wiki-$mode
    table=$work/wikitext run "$mode" wikitext2 "$folder"
    [ "$mode" = gone ] && expected=4 || expected=3
    check "an archive, $mode: exit $expected" is $code $expected
    check "an archive, $mode: one error" one_error
    check "an archive, $mode: no text that does not verify" eval '! find "$folder" -name "*.part.*" | grep -q .'
    table=$work/wikitext run "$mode good" wikitext2 "$folder"
    check "an archive, $mode, then good: its texts" same_files "$folder" "${texts[@]}"
  done
  sed 's/ [0-9a-f]\{64\} / '"$(seq 1 | sha256sum | cut -d ' ' -f 1)"' /' "$work/wikitext" >"$work/other"
  table=$work/other run good wikitext2 "$work/wiki-other"
  check "an archive with other texts: exit 3" is $code 3
  check "an archive with other texts: says so" says "SHA-256"
  check "an archive with other texts: nothing is left" empty "$work/wiki-other"
else
  echo "skipped: the archive, needs unzip"
fi

for set in wikitext2:wikitext-2 tinyshakespeare:tinyshakespeare; do
  folder=$data/${set#*:}
  if [ -d "$folder" ]; then
    before=$(requests)
    table="" run good "${set%:*}" "$folder"
    check "the table of the script knows the real ${set%:*}: exit 0" is $code 0
    check "the table of the script knows the real ${set%:*}: fetches nothing" is "$(requests)" "$before"
  else
    echo "skipped: the real ${set%:*}, ATELIER_DATA has none"
  fi
done
cd "$work"
table=$work/shakespeare run good tinyshakespeare
check "the default folder of a text" same_files "$work/data/tinyshakespeare" "$work/served/input.txt"
