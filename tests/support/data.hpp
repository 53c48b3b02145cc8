/// Where real data are, for tests that need them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

/// Folder `name` below ATELIER_DATA, or an empty path where there is none: then the test calls GTEST_SKIP.
inline std::filesystem::path data_folder(const std::string& name) {
  const char* root = std::getenv("ATELIER_DATA");
  if (!root || !*root) return {};
  auto folder = std::filesystem::path(root) / name;
  return std::filesystem::exists(folder) ? folder : std::filesystem::path();
}
