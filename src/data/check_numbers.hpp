/// Numbers of examples, as batches are made of them.
#pragma once

#include <span>

#include "atelier/data/mnist.hpp"

namespace atelier::inline v0::data {

/// Throws Error, naming the function, for numbers that the set does not have.
void check_numbers(const char* name, const ImageSet& set, std::span<const std::int32_t> numbers);

}  // namespace atelier::inline v0::data
