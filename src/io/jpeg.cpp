#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h needs it before
#include <limits>
#include <new>

#include <jpeglib.h>

#include <jerror.h>

#include "atelier/core/error.hpp"
#include "io/image_file.hpp"

namespace atelier::inline v0::io {
namespace {

/// A Huffman-coded block of 64 pixels takes at least one bit, and the luma that counts the pixels is never subsampled
/// by more than 4 x 4.
constexpr double most_pixels_a_byte = 8 * 64 * 16;
/// Each scan of a progressive image runs over all of it: real ones have about ten.
constexpr int most_scans = 500;

/// libjpeg's state. Its errors jump back to `back`; its warnings, all of which say that data are damaged, are kept.
struct Codec {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX] = "";
  std::size_t byte = 0;  // where the message arose
  const ImageFile* file = nullptr;

  std::size_t position() const {
    const auto* at = reinterpret_cast<const std::byte*>(jpeg.src ? jpeg.src->next_input_byte : nullptr);
    const auto begin = file->bytes.data(), end = begin + file->bytes.size();
    return at >= begin && at <= end ? static_cast<std::size_t>(at - begin) : file->bytes.size();
  }
  void keep_message() {
    if (message[0]) return;
    (*errors.format_message)(reinterpret_cast<j_common_ptr>(&jpeg), message);
    byte = position();
  }
};

Codec& codec_of(j_common_ptr jpeg) { return *static_cast<Codec*>(jpeg->client_data); }

extern "C" {
[[noreturn]] static void fail_jpeg(j_common_ptr jpeg) {
  codec_of(jpeg).message[0] = 0;  // the error says more than a warning before it
  codec_of(jpeg).keep_message();
  std::longjmp(codec_of(jpeg).back, 1);
}
static void warn_jpeg(j_common_ptr jpeg, int level) {
  if (level < 0) codec_of(jpeg).keep_message();
}
static void watch_scans(j_common_ptr jpeg) {
  if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= most_scans) return;
  std::snprintf(codec_of(jpeg).message, JMSG_LENGTH_MAX, "more than %d scans", most_scans);
  codec_of(jpeg).byte = codec_of(jpeg).position();
  std::longjmp(codec_of(jpeg).back, 1);
}
}

/// Calls f(jpeg), which may be left by a jump: between here and libjpeg there must be nothing to destroy. False after
/// an error.
template <class F> __attribute__((noinline)) bool guarded(Codec& codec, const F& f) {
  if (setjmp(codec.back)) return false;
  f(codec.jpeg);
  return true;
}

class JpegReader {
 public:
  explicit JpegReader(const ImageFile& file) : file_(file) {
    codec_.file = &file;
    codec_.jpeg.err = ::jpeg_std_error(&codec_.errors);
    codec_.jpeg.client_data = &codec_;
    codec_.errors.error_exit = fail_jpeg;
    codec_.errors.emit_message = warn_jpeg;
    codec_.progress.progress_monitor = watch_scans;
    step([&](auto& jpeg) {
      ::jpeg_create_decompress(&jpeg);
      jpeg.progress = &codec_.progress;
      ::jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(file_.bytes.data()), file_.bytes.size());
    });
  }
  ~JpegReader() { ::jpeg_destroy_decompress(&codec_.jpeg); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  Image read() {
    const auto& jpeg = codec_.jpeg;
    step([](auto& j) { ::jpeg_read_header(&j, TRUE); });
    check_warnings();
    check_header();
    codec_.jpeg.out_color_space = color_space();
    step([](auto& j) { ::jpeg_start_decompress(&j); });
    Image image = blank_image(jpeg.output_width, jpeg.output_height, jpeg.output_components);
    JSAMPLE* pixels = image.pixels.data();
    step([pixels](auto& j) {
      const auto row_bytes = static_cast<std::size_t>(j.output_width) * static_cast<std::size_t>(j.output_components);
      while (j.output_scanline < j.output_height) {
        JSAMPLE* row = pixels + j.output_scanline * row_bytes;
        ::jpeg_read_scanlines(&j, &row, 1);
      }
      ::jpeg_finish_decompress(&j);
    });
    check_warnings();
    return image.channels == 4 ? from_cmyk(image) : image;
  }

 private:
  template <class F> void step(const F& f) {
    if (guarded(codec_, f)) return;
    if (codec_.errors.msg_code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
    file_.damaged("JPEG", codec_.byte, codec_.message);
  }
  void check_warnings() const {
    if (codec_.message[0]) file_.damaged("JPEG", codec_.byte, codec_.message);
  }
  void check_header() const {
    const auto& jpeg = codec_.jpeg;
    const double most = jpeg.arith_code ? std::numeric_limits<double>::infinity()
                                        : most_pixels_a_byte * static_cast<double>(file_.bytes.size());
    file_.check_size(jpeg.image_width, jpeg.image_height, most);
  }
  J_COLOR_SPACE color_space() const {
    switch (codec_.jpeg.jpeg_color_space) {
      case JCS_GRAYSCALE: return JCS_GRAYSCALE;
      case JCS_CMYK:
      case JCS_YCCK: return JCS_CMYK;
      case JCS_RGB:
      case JCS_YCbCr: return JCS_RGB;
      default: file_.damaged("JPEG", codec_.position(), "components of unknown meaning");
    }
  }
  /// Inverted, as Adobe writes them: C, M, Y, K are 255 where there is no ink.
  static Image from_cmyk(const Image& cmyk) {
    Image image = blank_image(cmyk.width, cmyk.height, 3);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
      const std::uint8_t* ink = cmyk.pixels.data() + i / 3 * 4;
      image.pixels[i] = static_cast<std::uint8_t>((ink[i % 3] * ink[3] + 127) / 255);
    }
    return image;
  }

  const ImageFile& file_;
  Codec codec_;
};

}  // namespace

Image read_jpeg(const ImageFile& file) { return JpegReader(file).read(); }

}  // namespace atelier::inline v0::io
