/// One process at a time in a folder.
#pragma once

#include <filesystem>

namespace atelier::inline v0::io {

/// Keeps a folder to one holder while it lives, by an advisory lock (flock) on the file `.lock` in it. The system drops
/// the lock with the process, however that ends, so nothing is ever left locked.
class FolderLock {
 public:
  /// Throws ConfigError naming the folder and the holder's process number when it is taken, by another process or
  /// another FolderLock of this one; IoError when the folder does not exist or cannot be written.
  explicit FolderLock(std::filesystem::path folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;

 private:
  void unlock() noexcept;

  std::filesystem::path file_;
  int descriptor_ = -1;
};

}  // namespace atelier::inline v0::io
