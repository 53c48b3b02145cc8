#include "atelier/io/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "atelier/core/error.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::io {
namespace {

namespace fs = std::filesystem;

/// The holder removes the file before it lets go: a lock on a file that is no longer there holds nothing.
bool still_there(const Descriptor& file, const fs::path& path) {
  struct stat ours, there;
  return ::fstat(file.get(), &ours) == 0 && ::stat(path.c_str(), &there) == 0 && ours.st_ino == there.st_ino &&
         ours.st_dev == there.st_dev;
}

[[noreturn]] void throw_taken(const fs::path& folder, const Descriptor& file) {
  char text[16] = {};
  const auto n = ::pread(file.get(), text, sizeof text - 1, 0);
  std::string pid(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  pid.resize(std::min(pid.size(), pid.find_first_not_of("0123456789")));
  throw ConfigError(printable(folder.string()) + ": expected a folder that nobody else uses, found process " +
                    (pid.empty() ? "(number not known yet)" : pid) +
                    " at work in it; wait until it ends or choose another folder");
}

Descriptor open_lock(const fs::path& folder, const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (file.get() < 0) fail(folder, "lock the folder");
  int result;
  do result = ::flock(file.get(), LOCK_EX | LOCK_NB);
  while (result != 0 && errno == EINTR);
  if (result != 0 && errno == EWOULDBLOCK) throw_taken(folder, file);
  if (result != 0) fail(folder, "lock the folder");
  return file;
}

}  // namespace

FolderLock::FolderLock(fs::path folder) : file_(folder / ".lock") {
  Descriptor file;
  do file = open_lock(folder, file_);
  while (!still_there(file, file_));
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.get(), 0) != 0) fail(folder, "lock the folder");
  write_at(file, file_, std::as_bytes(std::span(pid)), 0);
  descriptor_ = file.release();
}

FolderLock::~FolderLock() { unlock(); }

FolderLock::FolderLock(FolderLock&& other) noexcept
    : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  if (this == &other) return *this;
  unlock();
  file_ = std::move(other.file_);
  descriptor_ = std::exchange(other.descriptor_, -1);
  return *this;
}

void FolderLock::unlock() noexcept {
  if (descriptor_ < 0) return;
  ::unlink(file_.c_str());
  ::close(std::exchange(descriptor_, -1));
}

}  // namespace atelier::inline v0::io
