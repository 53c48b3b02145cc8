/// What the program generate is asked for.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "atelier/models/transformer/sampling.hpp"

namespace atelier::programs {

struct GenerateFlags {
  std::filesystem::path model, tokenizer, prompt_file;
  std::vector<std::string> prompts, stop;
  std::vector<std::int32_t> ids;  // a prompt of numbers: no tokenizer is needed, and numbers come out
  std::int64_t tokens = 200, samples = 1, beams = 0;
  double length_penalty = 1;
  transformer::Sampling sampling{};
  std::uint64_t seed = 1;
  int threads = 0;
  bool without_prompt = false;
  std::vector<std::string> given;  // flags that stand on the command line

  bool given_flag(const std::string& flag) const { return std::find(given.begin(), given.end(), flag) != given.end(); }
};

}  // namespace atelier::programs
