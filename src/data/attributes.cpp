#include "atelier/data/attributes.hpp"

#include <algorithm>

#include "atelier/core/error.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {

Index Attributes::find(std::string_view name) const {
  const auto it = std::find(names.begin(), names.end(), name);
  if (it != names.end()) return it - names.begin();
  std::string all;
  for (const auto& other : names) all += (all.empty() ? "" : ", ") + other;
  throw ConfigError("attribute: expected one of " + (all.empty() ? "none, the data have no attributes" : all) +
                    ", found " + io::in_quotes(std::string(name)));
}

Tensor gather_attributes(const Attributes& attributes, std::span<const std::int32_t> numbers,
                         std::span<const Index> columns) {
  const auto width = static_cast<Index>(attributes.names.size());
  const auto most = width ? static_cast<Index>(attributes.values.size()) / width : 0;
  const auto check = [](const char* what, Index i, Index end) {
    if (i < 0 || i >= end)
      throw Error(std::string("gather_attributes: expected ") + what + " below " + std::to_string(end) + ", found " +
                  std::to_string(i));
  };
  for (Index column : columns) check("columns", column, width);
  auto y = Tensor::empty({static_cast<Index>(numbers.size()), static_cast<Index>(columns.size())});
  float* to = y.mutable_data();
  for (auto i : numbers) {
    check("numbers", i, most);
    for (Index column : columns) *to++ = attributes.values[static_cast<std::size_t>(i * width + column)];
  }
  return y;
}

}  // namespace atelier::inline v0::data
