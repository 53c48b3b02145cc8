# The C++ blocks of pages as one source file: each in a namespace of its own, its statements in a function. A comment
# <!-- with: CODE --> in front of a block says what stands before it in a program.
/^<!-- with: .* -->$/ { with = substr($0, 12, length($0) - 15) }
/^```/ {
  if (open) finish()
  open = !open && $0 == "```cpp"
  if (open) { ++blocks; statements = ""; declares = 0; place = FILENAME ":" FNR }
  next
}
open && /^#include/ { print; next }
open && /^using namespace/ { next }
open && statements == "" && /^$/ { next }
open { if (statements == "" && /^struct /) declares = 1; statements = statements $0 "\n" }
function finish() {
  body = body "namespace block" blocks " {\n// " place "\nusing namespace atelier;\n" \
    (declares ? with "\n" statements : "[[maybe_unused]] void run() {\n" with "\n" statements "}\n") "}\n"
  with = ""
}
END { print "#include \"atelier/atelier.hpp\""; print body; print "// blocks: " blocks }
