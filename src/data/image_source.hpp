/// Where images lie: a folder with its subfolders, or a zip archive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace atelier::inline v0::data {

class ImageSource {
 public:
  /// Reads files; each thread needs its own.
  class Reader {
   public:
    virtual ~Reader() = default;
    /// The bytes of image `number`. Throws InputError that names it.
    virtual std::vector<std::byte> read(std::size_t number) = 0;
  };

  virtual ~ImageSource() = default;
  virtual std::unique_ptr<Reader> reader(std::uint64_t max_file_bytes) const = 0;

  /// The folder or archive, fit for messages.
  const std::string& place() const { return place_; }
  /// In ascending order, byte by byte.
  const std::vector<std::string>& names() const { return names_; }
  /// SHA-256 that changes with names, sizes, and times of change (folder) or checksums (archive).
  const std::string& fingerprint() const { return fingerprint_; }

 protected:
  std::string place_, fingerprint_;
  std::vector<std::string> names_;
};

/// Throws InputError for a path that is neither, and as io::ZipArchive does.
std::unique_ptr<ImageSource> open_images(const std::filesystem::path& path);

}  // namespace atelier::inline v0::data
