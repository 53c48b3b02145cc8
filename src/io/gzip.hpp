/// Files that may be compressed.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "io/descriptor.hpp"

namespace atelier::inline v0::io {

/// Deflate cannot expand its input by more (zlib's technical details: 1032 to 1).
constexpr std::uint64_t gzip_max_ratio = 1032;

/// The content of a file from its beginning: as it stands or, when it begins as gzip does (RFC 1952; the name is of no
/// importance), decompressed. Memory does not depend on the size of either.
class ContentReader {
 public:
  /// Throws InputError when there is no such file, IoError when the system refuses.
  explicit ContentReader(const std::filesystem::path& path);
  ~ContentReader();

  /// The next bytes; fewer than asked for only at the end. Throws InputError, naming file and byte, when compressed
  /// data end early, are damaged (gzip's own checksum included) or have something else behind them.
  std::size_t read(std::span<std::byte> to);
  bool compressed() const { return inflater_ != nullptr; }
  /// Size of the file as it lies on disk.
  std::uint64_t file_bytes() const { return file_bytes_; }
  /// The file's name, fit for messages.
  const std::string& place() const { return place_; }

 private:
  struct Inflater;
  bool refill();
  void next_member();

  std::filesystem::path path_;
  std::string place_;
  Descriptor file_;
  std::uint64_t file_bytes_ = 0, at_ = 0;  // at_: bytes of the file that have been read
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace atelier::inline v0::io
