/// Texts from a model file to standard output.
#pragma once

#include "options.hpp"

namespace atelier::programs {

/// Loads model and tokenizer and prints the texts: a single one as it grows, several one after the other under
/// headings. Throws ConfigError for flags that contradict each other, InputError for files that are missing, damaged or
/// do not fit each other.
void write_texts(const GenerateFlags& flags);

}  // namespace atelier::programs
