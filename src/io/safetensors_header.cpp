#include "io/safetensors_header.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "atelier/core/error.hpp"
#include "atelier/io/checksum.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr std::uint64_t prefix_bytes = 8;

[[noreturn]] void refuse(const std::string& place, const std::string& expected, const std::string& found) {
  throw InputError(place + ": expected " + expected + ", found " + found +
                   "; the file is damaged or no safetensors file, write or fetch it again");
}

std::string tensor_place(const std::string& file, const std::string& name) {
  return file + ": tensor " + in_quotes(name);
}

/// Receives the JSON piece by piece and accepts exactly the grammar of the format, so that nothing else is ever stored:
/// nesting deeper than the format's three levels and duplicate keys end the reading where they stand.
class HeaderReader {
 public:
  explicit HeaderReader(const std::string& place) : file_(place) {}
  SafetensorsHeader take() { return std::move(header_); }

  // The interface that nlohmann::json::sax_parse calls.
  bool null() { return unexpected("null"); }
  bool boolean(bool) { return unexpected("a truth value"); }
  bool number_integer(std::int64_t n) { return unexpected("the number " + std::to_string(n)); }
  bool number_float(double, const std::string& text) { return unexpected("the number " + printable(text)); }
  bool binary(std::vector<std::uint8_t>&) { return unexpected("binary data"); }
  bool number_unsigned(std::uint64_t n) {
    if (in_ == In::shape) return size(n);
    if (in_ == In::offsets) return offset(n);
    return unexpected("the number " + std::to_string(n));
  }
  bool string(std::string& text) {
    if (in_ == In::metadata) return header_.metadata[key_] = text, true;
    if (in_ != In::tensor || key_ != "dtype") return unexpected("the text " + in_quotes(text));
    const auto dtype = dtype_from(text);
    if (!dtype) refuse(place(), "a known dtype such as F32", in_quotes(text));
    tensor_.dtype = *dtype;
    return true;
  }
  bool start_object(std::size_t) {
    if (in_ == In::file) return in_ = In::top, true;
    if (in_ != In::top) return unexpected("an object");
    in_ = key_ == metadata_key ? In::metadata : In::tensor;
    tensor_ = {key_, {}, {}, 0, 0};
    keys_.clear();
    offsets_ = 0;
    return true;
  }
  bool end_object() {
    if (in_ == In::tensor) end_tensor();
    in_ = in_ == In::top ? In::file : In::top;
    return true;
  }
  bool start_array(std::size_t) {
    if (in_ != In::tensor || key_ == "dtype") return unexpected("a list");
    in_ = key_ == "shape" ? In::shape : In::offsets;
    return true;
  }
  bool end_array() {
    if (in_ == In::offsets && offsets_ != 2) refuse(place(), "two data_offsets", std::to_string(offsets_));
    in_ = In::tensor;
    return true;
  }
  bool key(std::string& text) {
    if (in_ == In::tensor && text != "dtype" && text != "shape" && text != "data_offsets")
      refuse(place(), "dtype, shape and data_offsets", "the key " + in_quotes(text));
    auto& seen = in_ == In::top ? names_ : keys_;
    if (!seen.insert(text).second) refuse(place(), "every key once", in_quotes(text) + " twice");
    key_ = text;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    refuse(file_ + ": header", "valid JSON", "an error at byte " + std::to_string(prefix_bytes + position - 1));
  }

 private:
  enum class In { file, top, metadata, tensor, shape, offsets };

  std::string place() const {
    if (in_ == In::file || in_ == In::top) return file_ + ": header";
    return in_ == In::metadata ? file_ + ": " + metadata_key : tensor_place(file_, tensor_.name);
  }
  bool unexpected(const std::string& what) {
    switch (in_) {
      case In::file: refuse(place(), "an object", what);
      case In::top: refuse(place(), "an object for " + in_quotes(key_), what);
      case In::metadata: refuse(place(), "a text for " + in_quotes(key_), what);
      case In::tensor: refuse(place(), key_ == "dtype" ? "a text as dtype" : "a list of numbers as " + key_, what);
      default: refuse(place(), "whole numbers from 0 to 2^63 - 1 as " + key_, what);
    }
  }
  bool size(std::uint64_t n) {
    if (n > std::uint64_t{INT64_MAX}) return unexpected("the number " + std::to_string(n));
    if (tensor_.shape.rank() == Shape::max_rank) refuse(place(), "at most 6 dimensions", "more");
    tensor_.shape.push_back(static_cast<Index>(n));
    return true;
  }
  bool offset(std::uint64_t n) {
    if (n > std::uint64_t{INT64_MAX}) return unexpected("the number " + std::to_string(n));
    if (offsets_ < 2) (offsets_ ? end_ : tensor_.offset) = n;
    ++offsets_;
    return true;
  }
  void end_tensor() {
    for (const char* key : {"dtype", "shape", "data_offsets"})
      if (!keys_.contains(key)) refuse(place(), std::string("the key ") + key, "none");
    if (end_ < tensor_.offset)
      refuse(place(), "data_offsets in order",
             "[" + std::to_string(tensor_.offset) + ", " + std::to_string(end_) + "]");
    tensor_.bytes = end_ - tensor_.offset;
    header_.tensors.push_back(std::move(tensor_));
  }

  std::string file_, key_;
  In in_ = In::file;
  TensorInfo tensor_{};
  std::uint64_t end_ = 0;
  int offsets_ = 0;
  std::unordered_set<std::string> names_, keys_;
  SafetensorsHeader header_;
};

/// Bytes that a shape takes. A size of 0 counts as 1 while sizes are multiplied, so that no order of them overflows
/// later.
std::uint64_t checked_bytes(const std::string& file, const TensorInfo& t) {
  std::int64_t product = static_cast<std::int64_t>(byte_size(t.dtype));
  for (Index n : t.shape.sizes())
    if (__builtin_mul_overflow(product, std::max<Index>(n, 1), &product))
      refuse(tensor_place(file, t.name), "a shape of less than 2^63 bytes", t.shape.str());
  return t.shape.size() ? static_cast<std::uint64_t>(product) : 0;
}

void check_tensor(const std::string& file, const TensorInfo& t, std::uint64_t data_bytes) {
  const auto needed = checked_bytes(file, t);
  if (t.bytes != needed)
    refuse(tensor_place(file, t.name), std::to_string(needed) + " bytes for " + name(t.dtype) + " " + t.shape.str(),
           std::to_string(t.bytes) + " in data_offsets");
  if (t.offset > data_bytes || t.bytes > data_bytes - t.offset)
    refuse(tensor_place(file, t.name),
           "data within the " + std::to_string(data_bytes) + " bytes that follow the header",
           "data_offsets up to " + std::to_string(t.offset + t.bytes));
}

/// Data tile the file: no byte is shared, none is unaccounted for.
void check_tiling(const std::string& file, const std::vector<TensorInfo>& tensors, std::uint64_t data_bytes) {
  std::uint64_t at = 0;
  for (const TensorInfo& t : tensors) {
    if (t.offset != at)
      refuse(tensor_place(file, t.name), "data from byte " + std::to_string(at) + " on",
             (t.offset < at ? "an overlap from byte " : "a hole up to byte ") + std::to_string(t.offset));
    at += t.bytes;
  }
  if (at != data_bytes)
    refuse(file, std::to_string(at) + " bytes of data", std::to_string(data_bytes) + " behind the header");
}

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::string& place, std::string_view text, std::uint64_t data_bytes) {
  if (text.empty() || text[0] != '{') refuse(place, "a header that begins with '{' at byte 8", "something else");
  if (const auto zero = text.find('\0'); zero != text.npos)  // which the parser would take for the end
    refuse(place + ": header", "valid JSON", "a zero at byte " + std::to_string(prefix_bytes + zero));
  HeaderReader reader(place);
  nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
  auto header = reader.take();
  for (const TensorInfo& t : header.tensors) check_tensor(place, t, data_bytes);
  std::stable_sort(header.tensors.begin(), header.tensors.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return std::pair(a.offset, a.offset + a.bytes) < std::pair(b.offset, b.offset + b.bytes);
  });
  check_tiling(place, header.tensors, data_bytes);
  for (TensorInfo& t : header.tensors) t.offset += prefix_bytes + text.size();
  return header;
}

std::optional<std::uint32_t> header_crc(std::string_view text) {
  const std::string mark = std::string("\"") + header_crc_key + "\":\"";
  const auto at = text.find(mark);  // inside a name or a text its quotes would be escaped
  if (at == text.npos || text.size() - at < mark.size() + 8) return std::nullopt;
  const auto digits = at + mark.size();
  auto crc = crc32(std::as_bytes(std::span(text.substr(0, digits))));
  crc = crc32(std::as_bytes(std::span(std::string_view("00000000"))), crc);
  return crc32(std::as_bytes(std::span(text.substr(digits + 8))), crc);
}

}  // namespace atelier::inline v0::io
