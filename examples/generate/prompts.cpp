#include "prompts.hpp"

#include <fstream>
#include <iostream>
#include <iterator>

#include "atelier/core/error.hpp"

namespace atelier::programs {

namespace {
std::string read_prompt(const std::filesystem::path& path) {
  if (path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown))  // which opens, but can't be read
    throw InputError(path.string() + ": expected a file with the prompt, found a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(path.string() + ": expected a file with the prompt, found none that can be read");
  return {std::istreambuf_iterator<char>(file), {}};
}
}  // namespace

std::vector<std::string> prompts_of(const GenerateFlags& f) {
  if (!f.ids.empty() && (!f.prompts.empty() || !f.prompt_file.empty()))
    throw ConfigError("--ids: expected no other prompt beside it, found one");
  if (!f.prompts.empty() && !f.prompt_file.empty())
    throw ConfigError("--prompt and --prompt-file: expected one of them, found both");
  if (!f.prompt_file.empty()) return {read_prompt(f.prompt_file)};
  return f.prompts.empty() ? std::vector<std::string>{""} : f.prompts;
}

}  // namespace atelier::programs
