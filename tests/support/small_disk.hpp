/// A file system of a few pages, to be filled.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>

namespace small_disk {

inline bool write_text(const char* file, const std::string& text) {
  const int fd = ::open(file, O_WRONLY | O_CLOEXEC);
  const bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  return written;
}

/// Mounts of this process's own: as root of a new user name space, or as the root that it is.
inline bool private_mounts() {
  const auto user = std::to_string(::geteuid()), group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) {
    write_text("/proc/self/setgroups", "deny");
    if (!write_text("/proc/self/uid_map", "0 " + user + " 1") || !write_text("/proc/self/gid_map", "0 " + group + " 1"))
      return false;
  } else if (::unshare(CLONE_NEWNS) != 0) {
    return false;
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

enum class Outcome { done, forbidden, failed };

/// Calls `f` in a child process for which `folder` is an empty file system of `kib` KiB. What f wants to be seen
/// afterwards, it copies elsewhere. `forbidden`: the system lets nobody mount.
inline Outcome with(const std::filesystem::path& folder, int kib, const std::function<void()>& f) {
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string size = "size=" + std::to_string(kib) + "k";
    if (!private_mounts() || ::mount("none", folder.c_str(), "tmpfs", 0, size.c_str()) != 0) ::_exit(77);
    try {
      f();
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return Outcome::forbidden;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? Outcome::done : Outcome::failed;
}

}  // namespace small_disk
