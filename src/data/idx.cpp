#include "atelier/data/idx.hpp"

#include <algorithm>
#include <cstdio>

#include "atelier/core/error.hpp"
#include "atelier/io/checksum.hpp"
#include "io/file_kind.hpp"
#include "io/gzip.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr std::uint32_t magic_of_bytes = 0x0800;  // plus the number of dimensions
constexpr std::size_t chunk = std::size_t{1} << 20;

[[noreturn]] void refuse(const std::string& place, const std::string& expected, const std::string& found,
                         const std::string& advice) {
  throw InputError(place + ": expected " + expected + ", found " + found + "; " + advice);
}

std::uint32_t big_endian(std::span<const std::byte> bytes) {
  std::uint32_t n = 0;
  for (std::byte b : bytes) n = n << 8 | std::to_integer<std::uint32_t>(b);
  return n;
}

/// What a file is that is no IDX file, by its first bytes.
std::string describe(const std::string& head) {
  if (head.starts_with("\x1f\x8b")) return "gzip data inside gzip data";
  if (head.size() < 4 || io::looks_like_a_web_page(head) || head.starts_with("PK\3\4")) return io::describe_kind(head);
  char text[32];
  const auto magic = big_endian(std::as_bytes(std::span(head)).first(4));
  std::snprintf(text, sizeof text, "magic %u (0x%08x)", magic, magic);
  return text;
}

/// Reads the file front to back, with the checksum of all that was read.
class IdxReader {
 public:
  IdxReader(const std::filesystem::path& path, int rank) : content_(path), rank_(rank) {}

  Idx read() {
    Idx idx;
    idx.shape = header();
    const auto bytes = checked_bytes(idx.shape);
    values(idx, bytes);
    end(bytes);
    idx.sha256 = hash_.hex();
    return idx;
  }

 private:
  const std::string& place() const { return content_.place(); }
  std::size_t next(std::span<std::byte> to) {
    const auto n = content_.read(to);
    hash_.update(to.first(n));
    return n;
  }
  std::uint64_t header_bytes() const { return 4 + 4 * static_cast<std::uint64_t>(rank_); }

  Shape header() {
    std::string head(header_bytes(), '\0');
    const auto bytes = std::as_writable_bytes(std::span(head));
    head.resize(next(bytes));
    const auto magic = magic_of_bytes + static_cast<std::uint32_t>(rank_);
    if (head.size() < 4 || big_endian(std::as_bytes(std::span(head)).first(4)) != magic) {
      const auto found = describe(head);
      refuse(place(), "magic " + std::to_string(magic) + " at byte 0 (IDX, " + std::to_string(rank_) + " dimensions)",
             found, io::kind_advice(found));
    }
    if (head.size() < header_bytes())
      refuse(place(), "a header of " + std::to_string(header_bytes()) + " bytes", std::to_string(head.size()),
             "the file is cut short, fetch it again");
    Shape shape;
    for (int i = 1; i <= rank_; ++i)
      shape.push_back(big_endian(std::as_bytes(std::span(head)).subspan(static_cast<std::size_t>(4 * i), 4)));
    return shape;
  }

  /// Bytes of data by the shape, when the file can hold so many.
  std::uint64_t checked_bytes(const Shape& shape) const {
    std::uint64_t bytes = 1;
    for (Index n : shape.sizes()) {
      if (n == 0) refuse(place(), "sizes above 0", shape.str(), "the file is damaged, fetch it again");
      if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(n), &bytes)) too_large(shape);
    }
    const auto ratio = content_.compressed() ? io::gzip_max_ratio : 1;
    if (bytes / ratio > content_.file_bytes()) too_large(shape);
    if (!content_.compressed() && bytes > content_.file_bytes() - header_bytes()) too_large(shape);
    return bytes;
  }
  [[noreturn]] void too_large(const Shape& shape) const {
    refuse(place(), "data of shape " + shape.str() + ", as the header says",
           "a file of " + std::to_string(content_.file_bytes()) + " bytes that cannot hold it",
           "the file is cut short or damaged, fetch it again");
  }

  /// Memory grows with the data that really come, not with what the header says.
  void values(Idx& idx, std::uint64_t bytes) {
    idx.values.reserve(std::min(bytes, 64 * content_.file_bytes()));
    while (idx.values.size() < bytes) {
      const auto at = idx.values.size();
      idx.values.resize(std::min<std::uint64_t>(bytes, at + chunk));
      const auto n = next(std::as_writable_bytes(std::span(idx.values).subspan(at)));
      if (at + n < idx.values.size())
        refuse(place(), std::to_string(bytes) + " bytes of data for " + idx.shape.str(), std::to_string(at + n),
               "the file is cut short or damaged, fetch it again");
    }
  }
  void end(std::uint64_t bytes) {
    std::byte one[1];
    if (content_.read(one) > 0)
      refuse(place(), "the end behind " + std::to_string(header_bytes() + bytes) + " bytes", "more data",
             "the file is damaged or of another kind, fetch it again");
  }

  io::ContentReader content_;
  int rank_;
  io::Sha256 hash_;
};

}  // namespace

Idx read_idx(const std::filesystem::path& path, int rank) {
  if (rank < 1 || rank > Shape::max_rank)
    throw Error("read_idx: expected a rank of 1 to 6, found " + std::to_string(rank));
  return IdxReader(path, rank).read();
}

}  // namespace atelier::inline v0::data
