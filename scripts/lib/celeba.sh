# Checks a folder that holds CelebA. Its licence forbids handing it on, so nobody but its authors can be asked for it.

celeba_source="http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html (Align&Cropped Images, Anno, Eval), after agreeing to its terms"
celeba_images=202599
celeba_official() { # NAME BYTES MD5, as the authors hand them out
  printf '%s %s %s\n' img_align_celeba.zip 1443490838 00d2c5bc6d35e252742224ab0c1e8fcb \
    list_attr_celeba.txt 26721026 75e246fa4810816ffd6ee81facbd244c \
    list_eval_partition.txt 2836386 d32c9cbf5e040fd4025c592c306e6668 \
    identity_CelebA.txt 3424458 32bd1bd63d3c78cd57e08160ec5ed1e2
}

# problem TEXT: what is wrong; the check goes on.
problem() { printf '%s: error: %s\n' "$(basename "$0")" "$1" >&2; problems=$((problems + 1)); }

# compare FILE: with the authors' own, when it has that size; files of other sizes are parts, or packed otherwise.
compare() {
  local name bytes md5
  while read -r name bytes md5; do
    [ "$name" = "$(basename "$1")" ] && [ "$(stat -L -c %s "$1")" = "$bytes" ] || continue
    if [ "$(md5sum <"$1" | cut -d ' ' -f 1)" = "$md5" ]; then say "$name: the authors' file"; else
      problem "$1: expected MD5 $md5 of a file of $bytes bytes, found another; it is damaged, fetch it again"
    fi
  done < <(celeba_official)
}

# zip_problem FILE: says what is wrong with the archive, or nothing.
zip_problem() {
  local text
  case $(head -c 4 "$1" | od -An -tx1 | tr -d ' ') in
    504b0304) ;;
    3c*) echo "a web page: the download failed, delete the file and fetch it again"; return ;;
    *) echo "another kind of file: fetch it again"; return ;;
  esac
  command -v unzip >/dev/null || need_packages unzip
  text=$(unzip -tqq "$1" 2>&1) || echo "damage: $(head -n 1 <<<"$text" | cut -c 1-200); fetch it again"
}

# count_images FOLDER: sets `images`, by the folder or else the archive; checks the archive when it is the one that counts.
count_images() {
  local unpacked=$1/img_align_celeba archive=$1/img_align_celeba.zip wrong
  images=0
  [ ! -d "$unpacked" ] || images=$(find -L "$unpacked" -type f \( -iname '*.jpg' -o -iname '*.png' \) | wc -l)
  if [ "$images" -gt 0 ]; then
    say "img_align_celeba: $images images"
  elif [ -f "$archive" ]; then
    wrong=$(zip_problem "$archive")
    if [ -n "$wrong" ]; then
      problem "$archive: expected a whole zip archive, found $wrong"
    else
      images=$(unzip -Z1 "$archive" | grep -v '^__MACOSX/' | grep -ciE '\.(jpg|png)$' || true)
      say "img_align_celeba.zip: whole, $images images"
      compare "$archive"
      [ "$images" -gt 0 ] || problem "$archive: expected images, found none; fetch it again"
    fi
  else
    problem "$1: expected img_align_celeba.zip or the folder img_align_celeba, found neither; it comes from $celeba_source"
  fi
  [ "$images" -eq 0 ] || [ "$images" -eq "$celeba_images" ] ||
    say "that is not all of CelebA, which has $celeba_images; a part of it is fine, results are others"
}

# check_table FOLDER STEM HEADER_LINES PURPOSE: a line for each image in STEM.txt, or in STEM.csv behind one of names.
check_table() {
  local file=$1/$2.txt header=$3 lines
  [ -f "$file" ] || { file=$1/$2.csv header=1; }
  [ -f "$file" ] || { missing+=("$2.txt ($4)"); return 0; }
  if head -c 200 "$file" | grep -qiE '<(!doctype|html)'; then
    problem "$file: expected lines of names and numbers, found a web page; delete it and fetch it again"
    return 0
  fi
  lines=$(($(grep -c '[^[:space:]]' "$file" || true) - header))
  if [ "$header" = 2 ] && [ "$lines" != "$(head -n 1 "$file" | tr -d '[:space:]')" ]; then
    problem "$file: expected $(head -n 1 "$file" | tr -d '[:space:]') lines of attributes, as line 1 says, found $lines; fetch it again"
  elif [ "$lines" -lt "$images" ]; then
    problem "$file: expected a line for each of $images images, found $lines; fetch it again"
  else
    say "$(basename "$file"): $lines lines"
    compare "$file"
  fi
}

# check_celeba FOLDER: exits 3 when something is wrong or something needed is missing.
check_celeba() {
  local problems=0 images=0 missing=() name
  [ -d "$1" ] || fail "$1: expected a folder with CelebA, found none; make it, and put there what comes from $celeba_source" 3
  count_images "$1"
  check_table "$1" list_eval_partition 0 "the official split; others are by identity or by count"
  check_table "$1" list_attr_celeba 2 "the attributes, to condition on"
  check_table "$1" identity_CelebA 0 "who is seen, for splits by identity"
  for name in "${missing[@]}"; do say "not there: $name"; done
  [ "${#missing[@]}" -eq 0 ] || say "these files come from $celeba_source"
  [ "$problems" -eq 0 ] || exit 3
  say "celeba is usable in $1: trainers find it by --data $1"
}
