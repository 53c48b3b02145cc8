/// What scripts/golden/bpe.py found.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

inline nlohmann::json golden_bpe() {
  std::ifstream file(ATELIER_TEST_DIR "/golden/bpe.json");
  return nlohmann::json::parse(file);
}

inline std::string from_hex(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}
