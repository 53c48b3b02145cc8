#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "atelier/core/error.hpp"
#include "atelier/io/checksum.hpp"
#include "atelier/io/durable_file.hpp"
#include "atelier/io/safetensors.hpp"
#include "io/descriptor.hpp"
#include "io/safetensors_header.hpp"

namespace atelier::inline v0::io {
namespace {

std::string json_text(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    throw Error("write_safetensors: expected UTF-8, found " + in_quotes(text));
  }
}

void check(std::span<const NamedBytes> tensors, const Metadata& metadata) {
  std::set<std::string> names = {metadata_key};
  for (const NamedBytes& t : tensors) {
    if (!names.insert(t.name).second)
      throw Error("write_safetensors: tensor '" + printable(t.name) + "': expected a name of its own");
    if (t.bytes.size() != static_cast<std::size_t>(t.shape.size()) * byte_size(t.dtype))
      throw Error("write_safetensors: tensor '" + printable(t.name) + "': " + std::to_string(t.bytes.size()) +
                  " bytes do not fill " + name(t.dtype) + " " + t.shape.str());
  }
  for (const auto& [key, value] : metadata)
    if (key == header_crc_key || key.starts_with(tensor_crc_prefix))
      throw Error("write_safetensors: metadata key '" + printable(key) + "' is reserved for checksums");
}

/// Wide elements first: every tensor then begins at a multiple of its element size.
std::vector<const NamedBytes*> layout(std::span<const NamedBytes> tensors) {
  std::vector<const NamedBytes*> order;
  for (const NamedBytes& t : tensors) order.push_back(&t);
  std::stable_sort(order.begin(), order.end(),
                   [](auto a, auto b) { return byte_size(a->dtype) > byte_size(b->dtype); });
  return order;
}

/// Appends ,"KEY":VALUE.
void add_entry(std::string& text, const std::string& key, const std::string& value) {
  text.append(",").append(json_text(key)).append(":").append(value);
}

std::string metadata_json(const std::vector<const NamedBytes*>& order, const Metadata& metadata) {
  std::string text = std::string("{\"") + header_crc_key + "\":\"00000000\"";
  for (const auto& [key, value] : metadata) add_entry(text, key, json_text(value));
  for (const NamedBytes* t : order)
    add_entry(text, tensor_crc_prefix + t->name, json_text(crc32_text(crc32(t->bytes))));
  return text + "}";
}

std::string tensor_json(const NamedBytes& t, std::uint64_t begin) {
  std::string shape;
  for (Index n : t.shape.sizes()) shape.append(shape.empty() ? "" : ",").append(std::to_string(n));
  return std::string("{\"dtype\":\"") + name(t.dtype) + "\",\"shape\":[" + shape + "],\"data_offsets\":[" +
         std::to_string(begin) + "," + std::to_string(begin + t.bytes.size()) + "]}";
}

std::string header_json(const std::vector<const NamedBytes*>& order, const Metadata& metadata) {
  std::string text = std::string("{\"") + metadata_key + "\":" + metadata_json(order, metadata);
  std::uint64_t begin = 0;
  for (const NamedBytes* t : order) {
    add_entry(text, t->name, tensor_json(*t, begin));
    begin += t->bytes.size();
  }
  text += "}";
  text.append((64 - (text.size() + 8) % 64) % 64, ' ');
  const std::string zeros = std::string(header_crc_key) + "\":\"00000000";  // the first in the text
  text.replace(text.find(zeros) + zeros.size() - 8, 8, crc32_text(*header_crc(text)));
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const NamedBytes> tensors,
                       const Metadata& metadata) {
  check(tensors, metadata);
  const auto order = layout(tensors);
  const std::string header = header_json(order, metadata);
  if (header.size() > max_header_bytes) throw Error("write_safetensors: the header exceeds 100000000 bytes");
  const std::uint64_t length = header.size();
  std::vector<Bytes> parts = {std::as_bytes(std::span(&length, 1)), bytes_of(header)};
  for (const NamedBytes* t : order) parts.push_back(t->bytes);
  write_durable(path, parts);
}

}  // namespace atelier::inline v0::io
