#include "io/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "atelier/core/error.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr std::size_t one_call = std::size_t{1} << 30;  // Linux moves at most 2 GiB a call

std::string reason(int error) { return std::generic_category().message(error); }

const char* advice(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return "; free some space and run again";
    case EACCES:
    case EPERM:
    case EROFS: return "; check who may use it";
    case ENOENT:
    case ENOTDIR: return "; make its folder first";
    default: return "; check the device and the path";
  }
}

}  // namespace

void fail(const std::filesystem::path& path, const std::string& verb, int error) {
  throw IoError(printable(path.string()) + ": expected to " + verb + ", found: " + reason(error) + advice(error));
}

void fail_input(const std::filesystem::path& path, int error) {
  if (error != ENOENT && error != ENOTDIR && error != ENAMETOOLONG) fail(path, "read", error);
  throw InputError(printable(path.string()) + ": expected a file, found none (" + reason(error) + "); check the path");
}

std::string printable(const std::string& text) {
  constexpr std::size_t longest = 300;
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f)
      out += c;
    else
      out.append({'\\', 'x', digits[byte >> 4], digits[byte & 15]});
  }
  return text.size() > longest ? out + "..." : out;
}

std::string in_quotes(const std::string& text) { return std::string("'").append(printable(text)).append("'"); }

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Descriptor open_input(const std::filesystem::path& path) {
  // Without O_NONBLOCK a named pipe would wait for its writer before it could be refused.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) fail_input(path);
  struct stat status;
  if (::fstat(file.get(), &status) != 0) fail(path, "read");
  if (!S_ISREG(status.st_mode))
    throw InputError(printable(path.string()) + ": expected a file, found a " +
                     (S_ISDIR(status.st_mode) ? "folder" : "device or pipe") + "; check the path");
  return file;
}

std::uint64_t file_size(const Descriptor& file, const std::filesystem::path& path) {
  struct stat status;
  if (::fstat(file.get(), &status) != 0) fail(path, "read");
  return static_cast<std::uint64_t>(status.st_size);
}

std::size_t read_at(const Descriptor& file, const std::filesystem::path& path, std::span<std::byte> to,
                    std::uint64_t offset) {
  std::size_t done = 0;
  while (done < to.size()) {
    const auto n =
        ::pread(file.get(), to.data() + done, std::min(to.size() - done, one_call), static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, "read");
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

void write_at(const Descriptor& file, const std::filesystem::path& path, std::span<const std::byte> from,
              std::uint64_t offset) {
  std::size_t done = 0;
  while (done < from.size()) {
    const auto n = ::pwrite(file.get(), from.data() + done, std::min(from.size() - done, one_call),
                            static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail(path, "write", n == 0 ? ENOSPC : errno);
    done += static_cast<std::size_t>(n);
  }
}

}  // namespace atelier::inline v0::io
