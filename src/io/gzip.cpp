#include "io/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

#include "atelier/core/error.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr std::size_t one_call = std::size_t{1} << 30;  // zlib counts in unsigned int

bool begins_as_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

}  // namespace

struct ContentReader::Inflater {
  Inflater() {
    if (::inflateInit2(&stream, 15 + 16) != Z_OK) throw std::bad_alloc();  // 16: gzip's frame and its checksum
  }
  ~Inflater() { ::inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream stream{};
  std::array<std::byte, 65'536> input;
  bool ended = false;
};

ContentReader::ContentReader(const std::filesystem::path& path)
    : path_(path), place_(printable(path.string())), file_(open_input(path)), file_bytes_(file_size(file_, path)) {
  std::array<std::byte, 2> start;
  if (begins_as_gzip(std::span(start).first(read_at(file_, path_, start, 0)))) inflater_ = std::make_unique<Inflater>();
}

ContentReader::~ContentReader() = default;

/// False at the end of the file.
bool ContentReader::refill() {
  z_stream& z = inflater_->stream;
  if (z.avail_in > 0) return true;
  const auto n = read_at(file_, path_, inflater_->input, at_);
  at_ += n;
  z.next_in = reinterpret_cast<Bytef*>(inflater_->input.data());
  z.avail_in = static_cast<uInt>(n);
  return n > 0;
}

/// gzip files may follow each other in one file; nothing else may.
void ContentReader::next_member() {
  if (!refill()) {
    inflater_->ended = true;
    return;
  }
  const z_stream& z = inflater_->stream;
  if (*z.next_in != 0x1f)
    throw InputError(place_ + ": expected the end of the gzip data at byte " + std::to_string(at_ - z.avail_in) +
                     ", found more behind it; fetch the file again");
  ::inflateReset(&inflater_->stream);
}

std::size_t ContentReader::read(std::span<std::byte> to) {
  if (!compressed()) {
    const auto n = read_at(file_, path_, to, at_);
    at_ += n;
    return n;
  }
  z_stream& z = inflater_->stream;
  std::size_t done = 0;
  while (done < to.size() && !inflater_->ended) {
    if (!refill())
      throw InputError(place_ + ": expected more gzip data, found the file's end at byte " + std::to_string(at_) +
                       "; it is cut short, fetch it again");
    const auto room = static_cast<uInt>(std::min(to.size() - done, one_call));
    z.next_out = reinterpret_cast<Bytef*>(to.data() + done);
    z.avail_out = room;
    const int result = ::inflate(&z, Z_NO_FLUSH);
    done += room - z.avail_out;
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result == Z_STREAM_END)
      next_member();
    else if (result != Z_OK)
      throw InputError(place_ + ": expected valid gzip data, found an error near byte " +
                       std::to_string(at_ - z.avail_in) + " (" + (z.msg ? z.msg : "unknown") +
                       "); the file is damaged, fetch it again");
  }
  return done;
}

}  // namespace atelier::inline v0::io
