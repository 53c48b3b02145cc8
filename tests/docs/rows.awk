# Rows | `PyTorch` | `atelier` | of a page as tests; the last expression of a cell is its value.
function with_return(code,   depth, i, c, at) {
  at = 0
  for (i = 1; i <= length(code); ++i) {
    c = substr(code, i, 1)
    if (c ~ /[({[]/) ++depth
    if (c ~ /[)}\]]/) --depth
    if (depth == 0 && (c == ";" || (c == "}" && substr(code, i + 1) ~ /^ [a-z]/))) at = i
  }
  return substr(code, 1, at) " return " substr(code, at + 1) ";"
}
/^\| `.*` \| `.*` \|$/ {
  row = substr($0, 4, length($0) - 6)
  middle = index(row, "` | `")
  left = substr(row, 1, middle - 1)
  gsub(/"/, "\\\"", left)
  printf "TEST_F(ComingFromPyTorch, Line%d) { expect_as_pytorch(\"%s\", [&] {%s }); }\n", NR, left,
    with_return(substr(row, middle + 5))
}
