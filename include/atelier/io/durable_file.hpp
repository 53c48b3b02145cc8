/// Files that are whole or absent: written aside, synced, read back, renamed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace atelier::inline v0::io {

using Bytes = std::span<const std::byte>;

/// The bytes of an array or a text, as they lie in memory.
template <class T> Bytes bytes_of(const T& values) { return std::as_bytes(std::span(values)); }

/// Replaces `path` by the parts, one after the other. At any moment, a crash included, `path` is what it was before or
/// all of the new content: the bytes go to a file beside it named NAME.tmp.PID.N, are synced to the device, read back
/// and compared; then that file is renamed and the folder is synced. The folder must exist; a symbolic link is
/// replaced, not followed. Throws IoError naming `path` when it is a device, a pipe or a socket, when the system refuses,
/// or when the bytes read back differ; the file beside it is removed then.
void write_durable(const std::filesystem::path& path, std::span<const Bytes> parts);
void write_durable(const std::filesystem::path& path, std::initializer_list<Bytes> parts);
void write_durable(const std::filesystem::path& path, std::string_view text);

/// Removes from `folder` what killed writers left (NAME.tmp.PID.N). A file that some process is still writing is locked
/// and stays. Returns how many were removed. A missing folder holds none. Throws IoError when the system refuses.
int remove_stale_temporaries(const std::filesystem::path& folder);

/// All bytes of a regular file. Throws InputError when it is missing, no regular file, or longer than `max_bytes`,
/// IoError when the system refuses.
std::vector<std::byte> read_file(const std::filesystem::path& path, std::size_t max_bytes);

}  // namespace atelier::inline v0::io
