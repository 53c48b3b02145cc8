/// The header of a safetensors file, read from bytes that anyone may have written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "atelier/io/safetensors.hpp"

namespace atelier::inline v0::io {

constexpr std::uint64_t max_header_bytes = 100'000'000;  // the limit of the reference implementation
inline constexpr const char* metadata_key = "__metadata__";
inline constexpr const char* header_crc_key = "atelier.header_crc32";
inline constexpr const char* tensor_crc_prefix = "crc32.";

struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;  // in the order of their data; offsets from the start of the file
  Metadata metadata;                // everything, checksums too
};

/// `text`: the header's bytes, `data_bytes`: what follows it in the file. Throws InputError that begins with `place`.
SafetensorsHeader parse_safetensors_header(const std::string& place, std::string_view text, std::uint64_t data_bytes);

/// Checksum of a header, the eight digits of its own checksum read as zeros; nothing when they do not stand in it as
/// write_safetensors puts them.
std::optional<std::uint32_t> header_crc(std::string_view text);

}  // namespace atelier::inline v0::io
