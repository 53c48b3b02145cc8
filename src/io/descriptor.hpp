/// An open file of the operating system, and errors that name it.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

namespace atelier::inline v0::io {

/// Throws IoError: "PATH: expected to VERB, found: reason". A missing file is an InputError when `input` is set.
[[noreturn]] void fail(const std::filesystem::path& path, const std::string& verb, int error = errno);
[[noreturn]] void fail_input(const std::filesystem::path& path, int error = errno);

/// `text` on one line and of bounded length, whatever it holds: what stands in files must not break messages.
std::string printable(const std::string& text);
/// The same in quotation marks.
std::string in_quotes(const std::string& text);

/// Closes itself. Errors of close are of no interest: what was written has been synced before.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// Opens a regular file to read. Throws InputError when there is none, IoError when the system refuses.
Descriptor open_input(const std::filesystem::path& path);
/// Bytes in the file. Throws IoError when the system refuses.
std::uint64_t file_size(const Descriptor& file, const std::filesystem::path& path);
/// Reads from `offset` until `to` is full or the file ends; returns the bytes read.
std::size_t read_at(const Descriptor& file, const std::filesystem::path& path, std::span<std::byte> to,
                    std::uint64_t offset);
void write_at(const Descriptor& file, const std::filesystem::path& path, std::span<const std::byte> from,
              std::uint64_t offset);

}  // namespace atelier::inline v0::io
