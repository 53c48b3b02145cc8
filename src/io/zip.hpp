/// Archives in the zip format (APPNOTE.TXT of PKWARE), read into memory only: nothing is ever extracted to a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct zip;

namespace atelier::inline v0::io {

/// A file in an archive.
struct ZipMember {
  std::string name;
  std::uint64_t index;  // in the archive
  std::uint64_t bytes;
  std::uint32_t crc;
};

/// An open archive; each thread needs its own.
class ZipArchive {
 public:
  /// Throws InputError naming the file when it is missing or no zip archive (a saved web page is named as such).
  explicit ZipArchive(const std::filesystem::path& path);

  /// Its files, without folders, in the archive's order. Throws InputError for a name that stands twice, or that leads
  /// out of the archive's own folder.
  std::vector<ZipMember> members() const;
  /// The content of a member. Throws InputError that begins with its name when it is longer than `max_bytes`, damaged,
  /// encrypted, or compressed by a method that is not known. Memory grows with the data that really come.
  std::vector<std::byte> read(const ZipMember& member, std::uint64_t max_bytes) const;

 private:
  struct Close {
    void operator()(struct zip* archive) const;
  };
  std::string place_;
  std::unique_ptr<struct zip, Close> zip_;
};

}  // namespace atelier::inline v0::io
