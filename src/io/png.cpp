#include "atelier/io/png.hpp"

#include <zlib.h>

#include <cstdlib>
#include <memory>
#include <new>

#include "atelier/core/error.hpp"
#include "atelier/io/durable_file.hpp"
#include "io/png_text.hpp"

namespace {

/// What stb_image_write compresses with: zlib makes smaller files than its own code, and faster.
unsigned char* compress_with_zlib(unsigned char* data, int size, int* compressed_size, int level) {
  uLongf bytes = ::compressBound(static_cast<uLong>(size));
  auto* out = static_cast<unsigned char*>(std::malloc(bytes));
  if (out && ::compress2(out, &bytes, data, static_cast<uLong>(size), level) != Z_OK) {
    std::free(out);
    out = nullptr;
  }
  *compressed_size = static_cast<int>(bytes);
  return out;
}

}  // namespace

// Static: a program that links atelier may bring its own stb.
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#define STBIW_ZLIB_COMPRESS compress_with_zlib
#include <stb_image_write.h>

namespace atelier::inline v0::io {
namespace {

std::string size_text(const Image& image) {
  return std::to_string(image.width) + " x " + std::to_string(image.height) + " pixels of " +
         std::to_string(image.channels) + " channels";
}

void check(const Image& image) {
  if (image.channels != 1 && image.channels != 3)
    throw Error("write_png: expected 1 or 3 channels, found " + size_text(image));
  if (image.width < 1 || image.height < 1 || image.width > max_image_bytes ||
      image.height > max_image_bytes / (image.width * image.channels))
    throw Error("write_png: expected 1 to " + std::to_string(max_image_bytes) + " bytes, found " + size_text(image));
  if (image.pixels.size() != static_cast<std::size_t>(image.width * image.height * image.channels))
    throw Error("write_png: " + std::to_string(image.pixels.size()) + " bytes do not fill " + size_text(image));
}

struct Free {
  void operator()(unsigned char* p) const { std::free(p); }
};

}  // namespace

std::vector<std::byte> encode_png(const Image& image) {
  check(image);
  int size = 0;
  const std::unique_ptr<unsigned char, Free> png(::stbi_write_png_to_mem(
      image.pixels.data(), 0, static_cast<int>(image.width), static_cast<int>(image.height), image.channels, &size));
  if (!png) throw std::bad_alloc();
  const auto bytes = std::as_bytes(std::span(png.get(), static_cast<std::size_t>(size)));
  return {bytes.begin(), bytes.end()};
}

void write_png(const std::filesystem::path& path, const Image& image, const PngText& text) {
  check(image);
  const std::string texts = text_chunks(text);
  const auto png = encode_png(image);
  const Bytes bytes(png);
  write_durable(path, {bytes.first(png_start_bytes), bytes_of(texts), bytes.subspan(png_start_bytes)});
}

}  // namespace atelier::inline v0::io
