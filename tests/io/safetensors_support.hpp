/// Safetensors files made by hand.
#pragma once

#include <cstring>
#include <string>

#include "atelier/io/safetensors.hpp"

/// 8 bytes of length, the header as it is given, `data` zeros.
inline std::string raw_file(const std::string& header, std::size_t data, std::uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data, '\0');
}
inline std::string raw_file(const std::string& header, std::size_t data) {
  return raw_file(header, data, header.size());
}

/// One entry of a header.
inline std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                         const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}
