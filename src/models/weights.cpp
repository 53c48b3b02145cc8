#include "atelier/models/weights.hpp"

#include <algorithm>

#include "io/descriptor.hpp"

namespace atelier::inline v0::detail {

namespace {
constexpr std::size_t most_listed = 8, longest_compared = 256;

/// Insertions, deletions and replacements that make b of a (Levenshtein 1966).
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = corner + (a[i - 1] != b[j - 1]);
      corner = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row[b.size()];
}

/// The one of `names` that is most like `name`, if any is.
std::string nearest(const std::string& name, const std::vector<std::string>& names) {
  std::string best;
  std::size_t least = name.size() / 2 + 1;
  for (const auto& other : names) {
    if (std::max(name.size(), other.size()) > longest_compared) continue;
    const std::size_t d = distance(name, other);
    if (d < least) least = d, best = other;
  }
  return best;
}

/// "2 missing (a, b)", with no more names than can be read.
std::string listing(const std::vector<std::string>& names, const char* what) {
  std::string text = std::to_string(names.size()) + " " + what + " (";
  for (std::size_t i = 0; i < std::min(names.size(), most_listed); ++i) text += (i ? ", " : "") + names[i];
  return text + (names.size() > most_listed ? ", ...)" : ")");
}

/// What a file and a module do not have in common.
struct Differences {
  std::vector<std::string> missing, unexpected, misshapen;

  bool any() const { return !missing.empty() || !unexpected.empty() || !misshapen.empty(); }
  std::string text() const {
    std::string all;
    for (const auto& [names, what] :
         {std::pair{&missing, "missing"}, {&unexpected, "unexpected"}, {&misshapen, "of another shape"}})
      if (!names->empty()) all += (all.empty() ? "" : ", ") + listing(*names, what);
    return all;
  }
};

bool belongs(const io::TensorInfo& info, const WeightsOptions& o) { return info.name.starts_with(o.prefix); }
bool loads_as(const io::TensorInfo& info, const Shape& shape) {
  return info.shape == shape || (info.shape.size() == 1 && shape.size() == 1);
}

Differences compare(const std::vector<WeightSlot>& slots, const io::SafetensorsFile& file, const WeightsOptions& o) {
  Differences found;
  std::vector<std::string> known, spare;
  for (const auto& slot : slots) known.push_back(o.prefix + slot.name);
  std::sort(known.begin(), known.end());
  for (const auto& info : file.tensors())
    if (belongs(info, o) && !std::binary_search(known.begin(), known.end(), info.name)) spare.push_back(info.name);
  if (!o.unexpected_ok)
    for (const auto& name : spare) found.unexpected.push_back(io::in_quotes(name));
  for (const auto& slot : slots) {
    const std::string name = o.prefix + slot.name;
    if (!file.contains(name)) {
      const auto like = found.missing.size() < most_listed ? nearest(name, spare) : std::string();
      found.missing.push_back(io::in_quotes(name) + (like.empty() ? "" : ", nearest " + io::in_quotes(like)));
    } else if (const auto& info = file.info(name); !loads_as(info, slot.shape)) {
      found.misshapen.push_back(io::in_quotes(name) + " " + info.shape.str() + " instead of " + slot.shape.str());
    }
  }
  return found;
}

void read_slot(const WeightSlot& slot, const io::SafetensorsFile& file, const std::string& name) {
  const auto type = file.info(name).dtype;
  const std::span<float> to(slot.write(), static_cast<std::size_t>(slot.shape.size()));
  if (slot.shape.size() != 1 || (type != io::DType::I64 && type != io::DType::I32)) return file.read_into(name, to);
  to[0] = type == io::DType::I64 ? static_cast<float>(file.read<std::int64_t>(name).item())
                                 : static_cast<float>(file.read<std::int32_t>(name).item());
}

/// Types that become float. Throws InputError for others, before anything is overwritten.
void check_types(const std::vector<WeightSlot>& slots, const io::SafetensorsFile& file, const std::string& place,
                 const WeightsOptions& o) {
  using io::DType;
  for (const auto& slot : slots) {
    const auto& info = file.info(o.prefix + slot.name);
    const bool real =
        info.dtype == DType::F64 || info.dtype == DType::F32 || info.dtype == DType::F16 || info.dtype == DType::BF16;
    const bool count = slot.shape.size() == 1 && (info.dtype == DType::I64 || info.dtype == DType::I32);
    if (!real && !count)
      throw InputError(place + ": tensor " + io::in_quotes(info.name) + ": expected real numbers, found " +
                       name(info.dtype));
  }
}
}  // namespace

void load_weights(const std::vector<WeightSlot>& slots, const std::filesystem::path& path, const WeightsOptions& o) {
  const auto file = io::SafetensorsFile::open(path);
  const std::string place = io::printable(path.string());
  const auto found = compare(slots, file, o);
  if (found.any())
    throw InputError(place + ": expected the " + std::to_string(slots.size()) + " tensors of the model" +
                     (o.prefix.empty() ? "" : " behind " + io::in_quotes(o.prefix)) + ", found " + found.text());
  check_types(slots, file, place, o);
  file.verify();
  for (const auto& slot : slots) read_slot(slot, file, o.prefix + slot.name);
}

}  // namespace atelier::inline v0::detail
