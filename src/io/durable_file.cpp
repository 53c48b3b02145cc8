#include "atelier/io/durable_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "atelier/core/error.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::io {
namespace {

namespace fs = std::filesystem;

std::uint64_t total(std::span<const Bytes> parts) {
  std::uint64_t n = 0;
  for (Bytes part : parts) n += part.size();
  return n;
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

/// The file beside `path`; removed unless it was renamed. It stays locked while it is open, which tells a writer at
/// work from one that was killed.
class Temporary {
 public:
  explicit Temporary(const fs::path& path) : target_(path) {
    const std::string stem = path.string() + ".tmp." + std::to_string(::getpid()) + ".";
    for (int n = 0; file_.get() < 0; ++n) {
      path_ = stem + std::to_string(n);
      file_ = Descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      if (file_.get() < 0 && errno != EEXIST && errno != EINTR) fail(target_, "make a file in its folder");
    }
    ::flock(file_.get(), LOCK_EX | LOCK_NB);  // where there are no locks, nothing is cleaned up either
  }
  ~Temporary() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  /// A full disk is found here, before anything is written, where the file system can tell.
  void reserve(std::uint64_t bytes) const {
    if (!bytes) return;
    int error;
    do error = ::posix_fallocate(file_.get(), 0, static_cast<off_t>(bytes));
    while (error == EINTR);
    if (error && error != EOPNOTSUPP && error != EINVAL && error != ENOSYS)
      fail(target_, "write " + std::to_string(bytes) + " bytes", error);
  }
  void write(std::span<const Bytes> parts) const {
    std::uint64_t offset = 0;
    for (Bytes part : parts) write_at(file_, target_, part, offset), offset += part.size();
    if (::fsync(file_.get()) != 0) fail(target_, "write to the device");
  }
  void verify(std::span<const Bytes> parts) const {
    ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_DONTNEED);  // read the device, not the cache
    std::vector<std::byte> buffer(std::size_t{1} << 20);
    std::uint64_t offset = 0;
    for (Bytes part : parts)
      for (std::size_t at = 0; at < part.size(); at += buffer.size()) {
        const Bytes expected = part.subspan(at, std::min(buffer.size(), part.size() - at));
        const auto found = read_at(file_, target_, std::span(buffer).first(expected.size()), offset);
        if (found != expected.size() || std::memcmp(buffer.data(), expected.data(), found) != 0) throw_damaged(offset);
        offset += found;
      }
  }
  void rename() {
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail(target_, "put the new file in place");
    path_.clear();
  }

 private:
  [[noreturn]] void throw_damaged(std::uint64_t offset) const {
    throw IoError(printable(target_.string()) +
                  ": expected to read back what was written, found other bytes behind byte " + std::to_string(offset) +
                  "; check the device");
  }

  fs::path target_, path_;
  Descriptor file_;
};

/// A device or a pipe that was renamed over would be gone for every program of the machine; so would /dev/stdout, a
/// link into /proc, whatever it shows.
void refuse_special(const fs::path& path) {
  std::error_code error;
  const fs::file_status found = fs::status(path, error);
  const bool stream = fs::read_symlink(path, error).string().starts_with("/proc/");
  if (stream || (fs::exists(found) && fs::is_other(found)))
    throw IoError(printable(path.string()) + ": expected a place for a file, found a device, pipe or socket");
}

void sync_folder(const fs::path& path) {
  const Descriptor folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) fail(path, "open its folder");
  if (::fsync(folder.get()) != 0 && errno != EINVAL && errno != EROFS) fail(path, "sync its folder");
}

/// NAME.tmp.PID.N
bool is_temporary(const std::string& name) {
  const auto at = name.rfind(".tmp.");
  if (at == std::string::npos || at == 0) return false;
  const std::string tail = name.substr(at + 5);
  const auto dot = tail.find('.');
  const auto digits = [](const std::string& s) {
    return !s.empty() && s.find_first_not_of("0123456789") == std::string::npos;
  };
  return dot != std::string::npos && digits(tail.substr(0, dot)) && digits(tail.substr(dot + 1));
}

bool remove_if_stale(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0 || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return false;
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  fail(path, "remove it");
}

}  // namespace

void write_durable(const fs::path& path, std::span<const Bytes> parts) {
  refuse_special(path);
  Temporary file(path);
  file.reserve(total(parts));
  file.write(parts);
  file.verify(parts);
  file.rename();
  sync_folder(path);
}

void write_durable(const fs::path& path, std::initializer_list<Bytes> parts) {
  write_durable(path, std::span(parts.begin(), parts.size()));
}

void write_durable(const fs::path& path, std::string_view text) { write_durable(path, {bytes_of(text)}); }

int remove_stale_temporaries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->is_regular_file(error) && is_temporary(it->path().filename().string())) found.push_back(it->path());
  if (error && error != std::errc::no_such_file_or_directory) fail(folder, "list the folder", error.value());
  return static_cast<int>(std::count_if(found.begin(), found.end(), remove_if_stale));
}

std::vector<std::byte> read_file(const fs::path& path, std::size_t max_bytes) {
  const Descriptor file = open_input(path);
  const std::uint64_t size = file_size(file, path);
  if (size > max_bytes)
    throw InputError(printable(path.string()) + ": expected at most " + std::to_string(max_bytes) + " bytes, found " +
                     std::to_string(size) + "; this is not the file that was meant");
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  bytes.resize(read_at(file, path, bytes, 0));
  return bytes;
}

}  // namespace atelier::inline v0::io
