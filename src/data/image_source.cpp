#include "data/image_source.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "atelier/core/error.hpp"
#include "atelier/io/checksum.hpp"
#include "atelier/io/durable_file.hpp"
#include "io/descriptor.hpp"
#include "io/zip.hpp"

namespace atelier::inline v0::data {
namespace {

namespace fs = std::filesystem;

bool is_image_name(const std::string& name) {
  std::string ending = fs::path(name).extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png";
}

/// Hidden, or what macOS adds to archives.
bool is_passed_over(const std::string& name) { return name.starts_with('.') || name == "__MACOSX"; }

void add(io::Sha256& hash, const std::string& name, std::uint64_t a, std::uint64_t b) {
  hash.update(io::bytes_of(name + '\0' + std::to_string(a) + ' ' + std::to_string(b) + '\0'));
}

class FolderSource : public ImageSource {
 public:
  explicit FolderSource(const fs::path& folder) : folder_(folder) {
    place_ = io::printable(folder.string());
    list("");
    std::sort(names_.begin(), names_.end());
    io::Sha256 hash;
    for (const auto& name : names_) {
      std::error_code error;
      const auto bytes = fs::file_size(folder_ / name, error);
      const auto time = fs::last_write_time(folder_ / name, error).time_since_epoch().count();
      add(hash, name, bytes, static_cast<std::uint64_t>(time));
    }
    fingerprint_ = hash.hex();
  }

  std::unique_ptr<Reader> reader(std::uint64_t max_file_bytes) const override {
    struct FolderReader : Reader {
      FolderReader(const FolderSource& s, std::uint64_t max) : source(s), max_bytes(max) {}
      std::vector<std::byte> read(std::size_t number) override {
        return io::read_file(source.folder_ / source.names()[number], static_cast<std::size_t>(max_bytes));
      }
      const FolderSource& source;
      std::uint64_t max_bytes;
    };
    return std::make_unique<FolderReader>(*this, max_file_bytes);
  }

 private:
  /// Links to folders are followed, each folder once: they may go round in circles.
  void list(const fs::path& below) {
    const fs::path folder = folder_ / below;
    std::error_code error;
    if (!seen_.insert(fs::canonical(folder, error)).second) return;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      const auto name = it->path().filename();
      std::error_code ignored;
      if (is_passed_over(name.string())) continue;
      if (it->is_directory(ignored))
        list(below / name);
      else if (is_image_name(name.string()))
        names_.push_back((below / name).generic_string());
    }
    if (error) io::fail(folder, "list the folder", error.value());
  }

  fs::path folder_;
  std::set<fs::path> seen_;
};

class ZipSource : public ImageSource {
 public:
  explicit ZipSource(const fs::path& path) : path_(path) {
    place_ = io::printable(path.string());
    for (auto& member : io::ZipArchive(path).members())
      if (is_image_name(member.name) && !is_passed_over(member.name)) members_.push_back(std::move(member));
    std::sort(members_.begin(), members_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    io::Sha256 hash;
    for (const auto& member : members_) {
      names_.push_back(member.name);
      add(hash, member.name, member.bytes, member.crc);
    }
    fingerprint_ = hash.hex();
  }

  std::unique_ptr<Reader> reader(std::uint64_t max_file_bytes) const override {
    struct ZipReader : Reader {
      ZipReader(const ZipSource& s, std::uint64_t max) : source(s), archive(s.path_), max_bytes(max) {}
      std::vector<std::byte> read(std::size_t number) override {
        return archive.read(source.members_[number], max_bytes);
      }
      const ZipSource& source;
      io::ZipArchive archive;
      std::uint64_t max_bytes;
    };
    return std::make_unique<ZipReader>(*this, max_file_bytes);
  }

 private:
  static bool is_passed_over(const std::string& name) {
    const fs::path path(name);
    return std::any_of(path.begin(), path.end(),
                       [](const fs::path& part) { return data::is_passed_over(part.string()); });
  }

  fs::path path_;
  std::vector<io::ZipMember> members_;
};

}  // namespace

std::unique_ptr<ImageSource> open_images(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    throw InputError(io::printable(path.string()) +
                     ": expected a folder or a zip archive of images, found none; check the path");
  if (fs::is_directory(path, ignored)) return std::make_unique<FolderSource>(path);
  return std::make_unique<ZipSource>(path);
}

}  // namespace atelier::inline v0::data
