#include "io/zip.hpp"

#include <zip.h>

#include <algorithm>
#include <new>
#include <unordered_set>

#include "atelier/core/error.hpp"
#include "io/descriptor.hpp"
#include "io/file_kind.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr std::size_t chunk = std::size_t{1} << 16;

std::string text_of_code(int code) {
  zip_error_t error;
  ::zip_error_init_with_code(&error, code);
  std::string text = ::zip_error_strerror(&error);
  ::zip_error_fini(&error);
  return text;
}

/// The file exists and begins as a zip archive does.
void check_start(const std::filesystem::path& path, const std::string& place) {
  std::string head(kind_bytes, '\0');
  head.resize(read_at(open_input(path), path, std::as_writable_bytes(std::span(head)), 0));
  if (head.starts_with("PK\3\4") || head.starts_with("PK\5\6")) return;
  const auto found = describe_kind(head);
  throw InputError(place + ": expected a zip archive, found " + found + "; " + kind_advice(found));
}

/// Absolute, or with a part that leads upwards; backslashes count as separators, as some programs take them.
bool leads_out(std::string name) {
  std::replace(name.begin(), name.end(), '\\', '/');
  if (name.starts_with('/') || (name.size() > 1 && name[1] == ':')) return true;
  return ("/" + name + "/").find("/../") != std::string::npos;
}

struct CloseFile {
  void operator()(zip_file_t* file) const { ::zip_fclose(file); }
};

[[noreturn]] void damaged(const ZipMember& member, const std::string& reason) {
  throw InputError(printable(member.name) + ": expected a whole member of the zip archive, found: " +
                   printable(reason) + "; fetch the archive again");
}

}  // namespace

void ZipArchive::Close::operator()(struct zip* archive) const { ::zip_discard(archive); }

ZipArchive::ZipArchive(const std::filesystem::path& path) : place_(printable(path.string())) {
  check_start(path, place_);
  int code = 0;
  zip_.reset(::zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (zip_) return;
  if (code == ZIP_ER_MEMORY) throw std::bad_alloc();
  throw InputError(place_ + ": expected the directory of a zip archive at its end, found: " + text_of_code(code) +
                   "; the file is cut short or damaged, fetch it again");
}

std::vector<ZipMember> ZipArchive::members() const {
  std::vector<ZipMember> all;
  std::unordered_set<std::string> names;
  const auto count = ::zip_get_num_entries(zip_.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t status;
    if (::zip_stat_index(zip_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW, &status) != 0)
      throw InputError(place_ + ": member " + std::to_string(i) + ": expected an entry of the directory, found: " +
                       ::zip_strerror(zip_.get()) + "; the file is damaged, fetch it again");
    std::string name = status.name;
    if (leads_out(name))
      throw InputError(place_ + ": expected names inside of the archive, found " + in_quotes(name) +
                       "; the archive is not to be trusted");
    if (!names.insert(name).second)
      throw InputError(place_ + ": expected every name once, found " + in_quotes(name) +
                       " twice; the archive is damaged or not to be trusted");
    if (!name.ends_with('/')) all.push_back({std::move(name), static_cast<std::uint64_t>(i), status.size, status.crc});
  }
  return all;
}

std::vector<std::byte> ZipArchive::read(const ZipMember& member, std::uint64_t max_bytes) const {
  if (member.bytes > max_bytes)
    throw InputError(printable(member.name) + ": expected at most " + std::to_string(max_bytes) + " bytes, found " +
                     std::to_string(member.bytes) + "; check that this is the right file, or raise the limit");
  const std::unique_ptr<zip_file_t, CloseFile> file(::zip_fopen_index(zip_.get(), member.index, 0));
  if (!file) damaged(member, ::zip_strerror(zip_.get()));
  std::vector<std::byte> bytes;
  for (;;) {
    const auto at = bytes.size();
    bytes.resize(at + chunk);
    const auto n = ::zip_fread(file.get(), bytes.data() + at, chunk);
    bytes.resize(at + static_cast<std::size_t>(std::max<zip_int64_t>(n, 0)));
    if (n < 0) damaged(member, ::zip_file_strerror(file.get()));
    if (n == 0) break;
    if (bytes.size() > member.bytes) damaged(member, "more data than its header says");
  }
  if (bytes.size() != member.bytes) damaged(member, std::to_string(bytes.size()) + " of its bytes");
  return bytes;
}

}  // namespace atelier::inline v0::io
