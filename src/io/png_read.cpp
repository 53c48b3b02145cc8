#include <png.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>

#include "atelier/core/error.hpp"
#include "io/image_file.hpp"
#include "io/png_text.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr png_alloc_size_t most_chunk_bytes = 8'000'000;  // of texts and profiles, which nobody looks at here
constexpr int most_chunks = 1'000;
constexpr double deflate_ratio = 1032;  // deflate cannot expand its input by more

/// The bytes that libpng has read, and its last word.
struct Input {
  Bytes bytes;
  std::size_t at = 0;
  char message[200] = "";
};

extern "C" {
static void read_bytes(png_structp png, png_bytep to, std::size_t n) {
  auto& input = *static_cast<Input*>(::png_get_io_ptr(png));
  if (n > input.bytes.size() - input.at) ::png_error(png, "the end of the file");
  std::memcpy(to, input.bytes.data() + input.at, n);
  input.at += n;
}
[[noreturn]] static void fail_png(png_structp png, png_const_charp message) {
  auto& input = *static_cast<Input*>(::png_get_error_ptr(png));
  std::snprintf(input.message, sizeof input.message, "%s", message);
  ::png_longjmp(png, 1);
}
static void ignore_warning(png_structp, png_const_charp) {}  // of chunks that are not needed: profiles, times, texts
}

/// Calls f(), which may be left by a jump: between here and libpng there must be nothing to destroy. False after an
/// error.
template <class F> __attribute__((noinline)) bool guarded(png_structp png, const F& f) {
  if (setjmp(png_jmpbuf(png))) return false;
  f();
  return true;
}

class PngReader {
 public:
  explicit PngReader(const ImageFile& file) : file_(file), input_{.bytes = file.bytes} {
    png_ = ::png_create_read_struct(PNG_LIBPNG_VER_STRING, &input_, fail_png, ignore_warning);
    if (png_) info_ = ::png_create_info_struct(png_);
    if (!info_) {
      ::png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  ~PngReader() { ::png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  Image read() {
    step([this] { read_header(); });
    check_header();
    int passes = 0;
    step([&] { passes = prepare(); });
    Image image = blank_image(::png_get_image_width(png_, info_), ::png_get_image_height(png_, info_),
                              ::png_get_channels(png_, info_));
    const std::size_t row_bytes = image.pixels.size() / static_cast<std::size_t>(image.height);
    step([&] {
      for (int pass = 0; pass < passes; ++pass)
        for (Index y = 0; y < image.height; ++y)
          ::png_read_row(png_, image.pixels.data() + static_cast<std::size_t>(y) * row_bytes, nullptr);
      ::png_read_end(png_, nullptr);
    });
    return image.channels % 2 == 0 ? composite(image) : image;
  }

 private:
  template <class F> void step(const F& f) {
    if (!guarded(png_, f)) file_.damaged("PNG", input_.at, input_.message);
  }
  void read_header() {
    ::png_set_user_limits(png_, 0x7fffffff, 0x7fffffff);  // check_header() has the limits
    ::png_set_chunk_malloc_max(png_, most_chunk_bytes);
    ::png_set_chunk_cache_max(png_, most_chunks);
    ::png_set_read_fn(png_, &input_, read_bytes);
    ::png_read_info(png_, info_);
  }
  void check_header() const {
    const double bits = ::png_get_bit_depth(png_, info_) * ::png_get_channels(png_, info_);
    file_.check_size(::png_get_image_width(png_, info_), ::png_get_image_height(png_, info_),
                     static_cast<double>(file_.bytes.size()) * deflate_ratio * 8 / bits);
  }
  /// Grey, grey with alpha, RGB or RGB with alpha, 8 bits each. Returns the number of interlaced passes.
  int prepare() {
    ::png_set_expand(png_);  // palettes, fewer than 8 bits, tRNS as alpha
    ::png_set_scale_16(png_);
    const int passes = ::png_set_interlace_handling(png_);
    ::png_read_update_info(png_, info_);
    return passes;
  }
  /// Alpha is the last channel.
  Image composite(const Image& image) const {
    Image opaque = blank_image(image.width, image.height, image.channels - 1);
    const auto colours = static_cast<std::size_t>(opaque.channels);
    for (std::size_t i = 0; i < opaque.pixels.size(); ++i) {
      const std::uint8_t* pixel = image.pixels.data() + i / colours * (colours + 1);
      const int alpha = pixel[colours];
      opaque.pixels[i] = static_cast<std::uint8_t>(
          (alpha * pixel[i % colours] + (255 - alpha) * file_.options.background + 127) / 255);
    }
    return opaque;
  }

  const ImageFile& file_;
  Input input_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Image read_png(const ImageFile& file) { return PngReader(file).read(); }

}  // namespace atelier::inline v0::io
