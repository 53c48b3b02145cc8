#include "atelier/data/text/wikitext.hpp"

#include <algorithm>

#include "atelier/core/error.hpp"
#include "atelier/data/text/read.hpp"
#include "data/tokenizer/split_words.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

namespace fs = std::filesystem;

struct Known {
  const char* part;
  std::int64_t lines, tokens;
};
constexpr Known known_parts[] = {{"train", 36'718, 2'088'628}, {"valid", 3'760, 217'646}, {"test", 4'358, 245'569}};

fs::path file_of(const fs::path& folder, const char* part, bool raw) {
  return folder / (std::string("wiki.") + part + (raw ? ".raw" : ".tokens"));
}

std::int64_t count_words(std::string_view text) {
  std::int64_t words = 0;
  detail::split_words(
      text, [&](std::string_view) { ++words; }, [] {});
  return words;
}

void check_count(const fs::path& path, std::int64_t expected, std::int64_t found, const char* what) {
  if (expected != found)
    throw InputError(io::printable(path.string()) + ": expected " + std::to_string(expected) + " " + what +
                     " of WikiText-2, found " + std::to_string(found) +
                     "; scripts/get_data.sh wikitext2 fetches it, other texts are loaded as WikiTextSet::any");
}

WikiTextPart load_part(const fs::path& folder, const Known& known, bool raw, WikiTextSet set) {
  const fs::path path = file_of(folder, known.part, raw);
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    throw InputError(io::printable(folder.string()) + ": expected the file " + path.filename().string() +
                     ", found none; scripts/get_data.sh wikitext2 fetches it");
  Text text = read_text(path);
  WikiTextPart part{std::move(text.bytes), std::move(text.sha256)};
  if (part.text.back() != '\n') part.text += '\n';
  part.lines = std::count(part.text.begin(), part.text.end(), '\n');
  part.tokens = count_words(part.text) + part.lines;
  if (set == WikiTextSet::wikitext2) {
    check_count(path, known.lines, part.lines, "lines");
    if (!raw) check_count(path, known.tokens, part.tokens, "tokens");
  }
  return part;
}

}  // namespace

WikiText load_wikitext(const fs::path& folder, WikiTextSet set) {
  std::error_code ignored;
  const auto there = [&](bool raw) {
    return std::any_of(std::begin(known_parts), std::end(known_parts),
                       [&](const Known& k) { return fs::exists(file_of(folder, k.part, raw), ignored); });
  };
  const bool raw = !there(false) && there(true);
  const auto part = [&](int i) { return load_part(folder, known_parts[i], raw, set); };
  return {.train = part(0), .valid = part(1), .test = part(2), .raw = raw};
}

}  // namespace atelier::inline v0::data
