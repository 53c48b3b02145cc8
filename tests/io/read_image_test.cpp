/// JPEG and PNG files: pixels against Pillow's, and everything that can be wrong with a file.
#include "atelier/io/read_image.hpp"

#include <gtest/gtest.h>

#include "atelier/io/checksum.hpp"
#include "io/golden_images.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using io::ReadImageOptions;

io::Image read(const std::string& file, const ReadImageOptions& options = {}) {
  return io::read_image(io::bytes_of(file), "a.jpg", options);
}
void refuse(const std::string& file, std::vector<std::string> parts, const ReadImageOptions& options = {}) {
  parts.push_back("a.jpg: ");
  expect_error<InputError>([&] { read(file, options); }, parts);
}

/// The file with other sizes in its JPEG frame header (ISO/IEC 10918-1, B.2.2).
std::string with_jpeg_size(std::string file, unsigned width, unsigned height) {
  for (const char* marker : {"\xff\xc0", "\xff\xc2"})
    if (const auto at = file.find(marker); at != std::string::npos)
      for (std::size_t i = 0; i < 4; ++i)
        file[at + 5 + i] = static_cast<char>((i < 2 ? height : width) >> (8 - i % 2 * 8));
  return file;
}
/// The file with other sizes in its PNG header, and its checksum.
std::string with_png_size(std::string file, std::uint32_t width, std::uint32_t height) {
  for (std::size_t i = 0; i < 8; ++i) file[16 + i] = static_cast<char>((i < 4 ? width : height) >> (24 - i % 4 * 8));
  const auto crc = io::crc32(std::as_bytes(std::span(file)).subspan(12, 17));
  for (std::size_t i = 0; i < 4; ++i) file[29 + i] = static_cast<char>(crc >> (24 - i * 8));
  return file;
}

TEST(ReadImage, PngsOfEveryKind) {
  for (const auto& golden : golden_images()["png"])
    EXPECT_EQ(largest_difference(read(base64(golden["file"])), golden_picture(golden)), 0) << golden["name"];
}

TEST(ReadImage, JpegsOfEveryKind) {
  for (const auto& golden : golden_images()["jpeg"])
    EXPECT_LE(largest_difference(read(base64(golden["file"])), golden_picture(golden)), 1) << golden["name"];
}

TEST(ReadImage, BackgroundShowsThroughTransparentPixels) {
  const auto file = golden_file("png", "colour with alpha");
  const auto white = read(file), black = read(file, {.background = 0});
  EXPECT_GT(largest_difference(white, black), 200);
  for (std::size_t i = 0; i < white.pixels.size(); ++i) ASSERT_GE(white.pixels[i], black.pixels[i]);
}

TEST(ReadImage, GreyAndColour) {
  const auto& golden = golden_images()["grey"];
  const auto colour = golden_picture(golden["colour"]), grey = golden_picture(golden["grey"]);
  EXPECT_EQ(largest_difference(io::to_grey(colour), grey), 0);
  EXPECT_EQ(largest_difference(io::to_grey(io::to_colour(grey)), grey), 0);
  EXPECT_EQ(io::to_colour(grey).channels, 3);
  EXPECT_EQ(largest_difference(io::to_grey(grey), grey), 0);
  EXPECT_EQ(largest_difference(io::to_colour(colour), colour), 0);
}

TEST(ReadImage, ContentDecidesNotTheName) {
  TempFolder folder;
  EXPECT_EQ(io::read_image(folder.write("a.jpg", golden_file("png", "grey 8"))).width, 11);
  EXPECT_EQ(io::read_image(folder.write("a.png", golden_file("jpeg", "grey"))).width, 19);
  expect_error<InputError>([&] { io::read_image(folder / "none.png"); }, {"none.png: expected a file"});
}

TEST(ReadImage, OtherKindsOfFiles) {
  refuse("", {"JPEG or PNG", "an empty file"});
  refuse("\n<!DOCTYPE html><html>quota exceeded</html>", {"web page", "delete the file"});
  refuse("GIF89a....", {"a GIF image"});
  refuse(std::string("RIFF\0\0\0\0WEBPVP8 ", 16), {"a WebP image"});
  refuse("PK\3\4....", {"a zip archive"});
  refuse("ab", {"a file of 2 bytes"});
  refuse("version https://git-lfs.github.com/spec/v1\n", {"Git LFS pointer", "fetch the file itself"});
  refuse("abcd", {"61 62 63 64"});
}

TEST(ReadImage, HugeHeadersInTinyFiles) {
  const auto jpeg = golden_file("jpeg", "colour 4:2:0"), progressive = golden_file("jpeg", "progressive");
  const auto png = golden_file("png", "colour 8");
  ASSERT_FALSE(jpeg.empty() || progressive.empty() || png.empty());
  refuse(with_jpeg_size(jpeg, 65'500, 65'500), {"at most 16384 x 16384", "65500 x 65500"});
  refuse(with_jpeg_size(jpeg, 16'000, 16'000), {"67108864 pixels", "16000 x 16000"});
  for (const auto& file : {jpeg, progressive})
    refuse(with_jpeg_size(file, 16'000, 16'000), {"16000 x 16000 pixels", "cannot hold them"},
           {.max_pixels = Index{1} << 40});
  refuse(with_png_size(png, 0x7fffffff, 0x7fffffff), {"at most 16384", "2147483647 x 2147483647"});
  refuse(with_png_size(png, 8'000, 8'000), {"8000 x 8000 pixels", "cannot hold them"});
  refuse(with_png_size(png, 0, 8), {"damaged"});
}

TEST(ReadImage, Limits) {
  const auto file = golden_file("jpeg", "grey");  // 19 x 21
  EXPECT_EQ(read(file, {.max_side = 21, .max_pixels = 19 * 21, .max_file_bytes = file.size()}).height, 21);
  refuse(file, {"at most 20 x 20"}, {.max_side = 20});
  refuse(file, {"398 pixels"}, {.max_pixels = 398});
  refuse(file, {"at most 10 bytes"}, {.max_file_bytes = 10});
}

TEST(ReadImage, EveryLengthIsDamage) {
  for (const char* name : {"grey", "colour 4:2:0", "progressive"}) {
    const auto file = golden_file("jpeg", name);
    for (std::size_t n = 0; n < file.size(); ++n) refuse(file.substr(0, n), {});
  }
  for (const char* name : {"colour 8", "palette with alpha", "colour 8 interlaced"}) {
    const auto file = golden_file("png", name);
    for (std::size_t n = 0; n < file.size(); ++n) refuse(file.substr(0, n), {});
  }
  refuse(golden_file("jpeg", "grey").substr(0, 400), {"near byte 3", "JPEG image", "Premature end", "fetch it again"});
  refuse(golden_file("png", "grey 8").substr(0, 60), {"PNG image", "damaged"});
}

/// Whatever stands in a file, there is a picture or an InputError.
TEST(ReadImage, EveryByteMayBeWrong) {
  for (const char* kind : {"jpeg", "png"})
    for (const auto& golden : golden_images()[kind]) {
      const auto good = base64(golden["file"]);
      for (std::size_t i = 0; i < good.size(); ++i) {
        auto file = good;
        file[i] = static_cast<char>(file[i] ^ (i % 2 ? 0xff : 0x10));
        try {
          const auto image = read(file, {.max_pixels = 1'000'000});
          EXPECT_EQ(image.pixels.size(), static_cast<std::size_t>(image.width * image.height * image.channels));
        } catch (const InputError&) {
        }
      }
    }
}

TEST(ReadImage, WarningsOfLibjpegAreDamage) {
  auto file = golden_file("jpeg", "colour 4:4:4");
  const auto scan = file.find("\xff\xda");
  file.replace(scan + 60, 2, "\xff\xd3");  // a restart marker where there is none
  refuse(file, {"JPEG image", "found: "});
}

TEST(ReadImage, ScansWithoutEnd) {
  const auto file = golden_file("jpeg", "progressive");
  const auto last_scan = file.rfind("\xff\xda"), end = file.rfind("\xff\xd9");
  std::string scans;
  for (int i = 0; i < 600; ++i) scans += file.substr(last_scan, end - last_scan);
  refuse(file.substr(0, end) + scans + file.substr(end), {"more than 500 scans"});
}

TEST(ReadImage, AFaceAtFullSize) {
  const auto folder = data_folder("celeba");
  if (folder.empty()) GTEST_SKIP() << "ATELIER_DATA has no celeba";
  const auto image = io::read_image(folder / "full_res_178x218/000001.jpg");
  EXPECT_EQ(image.width, 178);
  EXPECT_EQ(image.height, 218);
  EXPECT_EQ(image.channels, 3);
}

}  // namespace
