#include "atelier/io/apng.hpp"

#include <cmath>

#include "atelier/core/error.hpp"
#include "atelier/io/durable_file.hpp"
#include "io/png_text.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr double longest = 60;  // seconds
constexpr std::size_t chunk_frame = 12, iend_bytes = 12;

void check(std::span<const Image> frames, double seconds, Index hold) {
  if (frames.empty()) throw Error("write_apng: expected at least one frame, found none");
  if (!(seconds > 0 && seconds <= longest) || hold < 1 || static_cast<double>(hold) * seconds > longest)
    throw Error("write_apng: expected frames of up to 60 seconds, found " + number_text(seconds) + ", the last " +
                std::to_string(hold) + " times");
  for (const Image& f : frames)
    if (f.width != frames[0].width || f.height != frames[0].height || f.channels != frames[0].channels)
      throw Error("write_apng: expected frames of " + std::to_string(frames[0].width) + " x " +
                  std::to_string(frames[0].height) + " and one kind, found one of " + std::to_string(f.width) + " x " +
                  std::to_string(f.height));
}

std::string two_bytes(Index n) { return big_endian(static_cast<std::uint32_t>(n)).substr(2); }

/// fcTL: the whole canvas, shown for so many milliseconds, nothing kept of the frame before.
std::string frame_control(std::uint32_t number, const Image& frame, Index milliseconds) {
  return png_chunk("fcTL", big_endian(number) + big_endian(static_cast<std::uint32_t>(frame.width)) +
                               big_endian(static_cast<std::uint32_t>(frame.height)) + big_endian(0) + big_endian(0) +
                               two_bytes(milliseconds) + two_bytes(1000) + std::string(2, '\0'));
}

}  // namespace

void write_apng(const std::filesystem::path& path, std::span<const Image> frames, double seconds, const PngText& text,
                Index hold) {
  check(frames, seconds, hold);
  std::string file;
  std::uint32_t number = 0;  // of fcTL and fdAT chunks together
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto png = encode_png(frames[i]);
    const std::string_view bytes(reinterpret_cast<const char*>(png.data()), png.size());
    if (i == 0)
      file += std::string(bytes.substr(0, png_start_bytes)) + text_chunks(text) +
              png_chunk("acTL", big_endian(static_cast<std::uint32_t>(frames.size())) + big_endian(0));
    const Index times = i + 1 == frames.size() ? hold : 1;
    file += frame_control(number++, frames[i], std::lround(1000 * seconds * static_cast<double>(times)));
    const auto idat = bytes.substr(png_start_bytes, bytes.size() - png_start_bytes - iend_bytes);  // the whole chunk
    if (i == 0)
      file += idat;
    else
      file += png_chunk("fdAT", big_endian(number++) + std::string(idat.substr(8, idat.size() - chunk_frame)));
  }
  write_durable(path, file + png_chunk("IEND", ""));
}

}  // namespace atelier::inline v0::io
