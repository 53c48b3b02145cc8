/// WikiText-2 (Merity et al. 2016, "Pointer sentinel mixture models") and texts in the same three files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace atelier::inline v0::data {

struct WikiTextPart {
  std::string text;         // its last line ends with a line feed, which is added where it is missing
  std::string sha256;       // of the file
  std::int64_t lines = 0;   // blank ones included
  std::int64_t tokens = 0;  // words between white space, and one <eos> for every line
};

struct WikiText {
  WikiTextPart train, valid, test;
  bool raw = false;  // the files are wiki.*.raw, where rare words are not replaced by <unk>
};

/// Which counts a folder must have.
enum class WikiTextSet {
  wikitext2,  // 36,718 / 3,760 / 4,358 lines; of .tokens files 2,088,628 / 217,646 / 245,569 tokens
  any,        // such as WikiText-103
};

/// Reads wiki.{train,valid,test}.tokens from `folder`, or .raw when there are no .tokens. Throws InputError naming the
/// file: missing (with the command that fetches it), empty, no UTF-8 (by offset), or with other counts than the set
/// has; IoError when the system refuses.
WikiText load_wikitext(const std::filesystem::path& folder, WikiTextSet set = WikiTextSet::wikitext2);

}  // namespace atelier::inline v0::data
