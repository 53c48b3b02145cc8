/// The stored results of independent implementations.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

inline nlohmann::json golden(const std::string& name) {
  std::ifstream file(ATELIER_TEST_DIR "/golden/" + name + ".json");
  return nlohmann::json::parse(file);
}
