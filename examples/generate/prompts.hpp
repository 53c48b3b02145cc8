/// What the prompts of generate are.
#pragma once

#include "options.hpp"

namespace atelier::programs {

/// Texts of the command line, or the one that a file holds; an empty one when there is none. Throws ConfigError for
/// flags that exclude each other, InputError for a file that can't be read.
std::vector<std::string> prompts_of(const GenerateFlags& f);

}  // namespace atelier::programs
