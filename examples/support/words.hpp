/// Lists that are written as one word.
#pragma once

#include <sstream>
#include <string>
#include <vector>

namespace atelier::programs {

/// What stands between commas; nothing of an empty text.
inline std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream rest(text.empty() ? text : text + ",");
  for (std::string word; std::getline(rest, word, ',');) words.push_back(word);
  return words;
}

}  // namespace atelier::programs
