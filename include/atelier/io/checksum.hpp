/// Checksums: CRC-32 against damage, SHA-256 to name contents.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace atelier::inline v0::io {

/// CRC-32 as in gzip and PNG (ISO 3309, polynomial 0xEDB88320 reflected). Of bytes in pieces: give the last result as
/// `before`.
std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before = 0);
/// Eight lower-case hexadecimal digits.
std::string crc32_text(std::uint32_t crc);

/// SHA-256 of a stream (FIPS 180-4, section 6.2).
class Sha256 {
 public:
  void update(std::span<const std::byte> bytes);
  /// The digest of everything given so far, as 64 lower-case hexadecimal digits; more may follow.
  std::string hex() const;

 private:
  void block(const std::byte* bytes);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> pending_{};
  std::uint64_t size_ = 0;  // bytes so far; size_ % 64 of them are pending
};

/// SHA-256 of bytes that are all there.
std::string sha256(std::span<const std::byte> bytes);

}  // namespace atelier::inline v0::io
