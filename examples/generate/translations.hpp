/// What generate does with a translator.
#pragma once

#include "options.hpp"

namespace atelier::programs {

/// Prints the translation of every prompt, one a line; of a prompt file, of every line, and blank lines for blank ones.
/// Throws ConfigError for flags that mean nothing here, InputError for files that are missing or damaged.
void write_translations(const GenerateFlags& flags);

}  // namespace atelier::programs
