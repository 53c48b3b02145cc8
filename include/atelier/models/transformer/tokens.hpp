/// Texts as numbers.
#pragma once

#include <cstdint>
#include <vector>

namespace atelier::inline v0::transformer {

/// Numbers of a vocabulary.
using Tokens = std::vector<std::int32_t>;

}  // namespace atelier::inline v0::transformer
