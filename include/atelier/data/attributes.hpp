/// What images show, by name: to condition a model on.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::data {

struct Attributes {
  std::vector<std::string> names = {};
  std::vector<std::uint8_t> values = {};  // [images, names], 1 where the image has it, else 0

  /// Number of an attribute. Throws ConfigError that lists the names for one that there is not.
  Index find(std::string_view name) const;
};

/// Columns (as find() gives them) of images by number: [B, columns], 0 or 1. Throws Error for numbers out of range.
Tensor gather_attributes(const Attributes& attributes, std::span<const std::int32_t> numbers,
                         std::span<const Index> columns);

}  // namespace atelier::inline v0::data
