/// PNG files: another decoder sees the same pixels, the texts come back, what is damaged is refused.
#include "atelier/io/png.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "atelier/io/checksum.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#include <stb/stb_image.h>

namespace {
using namespace atelier;
using namespace atelier::io;

Image noise(Index width, Index height, int channels) {
  std::mt19937 random(7);
  Image image{width, height, channels, {}};
  for (Index i = 0; i < width * height * channels; ++i) image.pixels.push_back(static_cast<std::uint8_t>(random()));
  return image;
}

void expect_same_pixels(const std::filesystem::path& path, const Image& image) {
  int width = 0, height = 0, channels = 0;
  stbi_uc* pixels = stbi_load(path.c_str(), &width, &height, &channels, 0);
  ASSERT_NE(pixels, nullptr) << stbi_failure_reason();
  EXPECT_EQ(width, image.width);
  EXPECT_EQ(height, image.height);
  EXPECT_EQ(channels, image.channels);
  EXPECT_EQ(std::memcmp(pixels, image.pixels.data(), image.pixels.size()), 0);
  stbi_image_free(pixels);
}

TEST(Png, AnotherDecoderSeesThePixels) {
  TempFolder folder;
  for (int channels : {1, 3})
    for (auto [width, height] : {std::pair{1, 1}, {5, 3}, {1, 400}, {400, 1}, {317, 211}}) {
      const auto image = noise(width, height, channels);
      write_png(folder / "a.png", image, {{"seed", "7"}});
      expect_same_pixels(folder / "a.png", image);
    }
  Image smooth{64, 64, 1, {}};
  for (int i = 0; i < 64 * 64; ++i) smooth.pixels.push_back(static_cast<std::uint8_t>(i / 64 + i % 64));
  write_png(folder / "a.png", smooth);
  expect_same_pixels(folder / "a.png", smooth);
  EXPECT_LT(std::filesystem::file_size(folder / "a.png"), 500u);
}

TEST(Png, TextsComeBack) {
  TempFolder folder;
  const PngText text = {{"seed", "42"},
                        {"config", "{\"lr\": 0.001,\n \"data\": \"x\"}"},
                        {"empty", ""},
                        {"Two words", "h\xc3\xb6he \xe2\x82\xac \xf0\x9f\x99\x82"},
                        {"long", std::string(300'000, 'x')}};
  const auto image = noise(9, 9, 3);
  write_png(folder / "a.png", image, text);
  EXPECT_EQ(read_png_text(folder / "a.png"), text);
  expect_same_pixels(folder / "a.png", image);
  const auto bytes = folder.read("a.png");
  write_png(folder / "a.png", image, text);
  EXPECT_EQ(folder.read("a.png"), bytes);
  write_png(folder / "a.png", image);
  EXPECT_TRUE(read_png_text(folder / "a.png").empty());
}

// The chunk as Python's zlib.crc32 and struct.pack make it.
const std::string seed_chunk("\0\0\0\7tEXtseed\00042\xaf\xad\x4e\x3c", 19);

TEST(Png, TextStandsBehindTheHeader) {
  TempFolder folder;
  write_png(folder / "a.png", noise(2, 2, 1), {{"seed", "42"}});
  EXPECT_EQ(folder.read("a.png").substr(33, 19), seed_chunk);
  write_png(folder / "b.png", noise(2, 2, 1));
  EXPECT_EQ(folder.read("a.png").erase(33, 19), folder.read("b.png"));
}

std::string chunk(const std::string& type, const std::string& data) {
  const auto number = [](std::uint32_t n) {
    return std::string{static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
                       static_cast<char>(n)};
  };
  const std::string typed = type + data;
  return number(static_cast<std::uint32_t>(data.size())) + typed + number(crc32(std::as_bytes(std::span(typed))));
}

/// A PNG file with chunks behind its header.
std::string with_chunks(const std::string& chunks) {
  TempFolder folder;
  write_png(folder / "a.png", noise(3, 2, 1));
  return folder.read("a.png").insert(33, chunks);
}

TEST(Png, TextsOfOtherPrograms) {
  using namespace std::string_literals;
  TempFolder folder;
  const auto chunks = chunk("tEXt", "Author\0J\xf6rg"s) + chunk("tEXt", "Author\0second"s) +
                      chunk("zTXt", "z\0\0abc"s) + chunk("iTXt", "Title\0\0\0de\0Titel\0gr\xc3\xbc\xc3\x9f"s) +
                      chunk("iTXt", "packed\0\1\0\0\0abc"s) + chunk("prVt", "whatever");
  const PngText expected = {{"Author", "J\xc3\xb6rg"}, {"Title", "gr\xc3\xbc\xc3\x9f"}};
  EXPECT_EQ(read_png_text(folder.write("a.png", with_chunks(chunks))), expected);
}

TEST(Png, RefusesDamagedFiles) {
  using namespace std::string_literals;
  const auto good = with_chunks(chunk("tEXt", "k\0v"s));
  auto flipped = good;
  flipped[44] ^= 1;
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"", {"8 more bytes at byte 0"}},
      {"<html>404 Not Found</html>", {"a PNG signature at byte 0"}},
      {good.substr(0, 8) + good.substr(33), {"chunk IHDR at byte 8", "'tEXt'"}},
      {flipped, {"checksum of chunk tEXt at byte 33", "damaged"}},
      {with_chunks("\xff\xff\xff\xfftEXt"), {"a chunk of 4294967295 bytes at byte 33"}},
      {with_chunks("\x7f\xff\xff\xfftEXt"), {"a chunk of 2147483647 bytes at byte 33"}},
      {with_chunks(chunk("tEXt", "no end")), {"a keyword in chunk tEXt at byte 33", "none"}},
      {with_chunks(chunk("tEXt", "\0text"s)), {"a keyword in chunk tEXt at byte 33"}},
      {with_chunks(chunk("iTXt", "k\0\0\0de\0no end"s)), {"five parts in chunk iTXt at byte 33"}},
      {with_chunks(chunk("iTXt", "k\0"s)), {"five parts in chunk iTXt at byte 33"}},
  };
  TempFolder folder;
  for (const auto& one : cases) {
    auto parts = one.second;
    parts.push_back("bad.png: expected ");
    const auto path = folder.write("bad.png", one.first);
    expect_error<InputError>([&] { read_png_text(path); }, parts);
  }
  for (std::size_t length = 0; length < good.size(); ++length) {
    const auto path = folder.write("bad.png", good.substr(0, length));
    expect_error<InputError>([&] { read_png_text(path); }, {"bad.png: "});
  }
  expect_error<InputError>([&] { read_png_text(folder / "none.png"); }, {"none.png: expected a file"});
}

TEST(Png, RefusesPicturesThatAreNone) {
  TempFolder folder;
  const auto path = folder.write("a.png", "old");
  const auto refuse = [&](const Image& image, const std::vector<std::string>& parts) {
    expect_error<Error>([&] { write_png(path, image); }, parts);
  };
  refuse({2, 2, 1, {1, 2, 3}}, {"write_png: 3 bytes do not fill 2 x 2 pixels of 1 channels"});
  refuse({2, 1, 1, {1, 2, 3}}, {"3 bytes do not fill"});
  refuse({1, 1, 2, {1, 2}}, {"expected 1 or 3 channels", "of 2 channels"});
  refuse({0, 1, 1, {}}, {"found 0 x 1 pixels"});
  refuse({1, -1, 1, {}}, {"found 1 x -1 pixels"});
  refuse({1 << 30, 1 << 30, 3, {}}, {"expected 1 to 536870912 bytes", "found 1073741824 x 1073741824"});
  EXPECT_EQ(folder.read("a.png"), "old");
  EXPECT_EQ(folder.count(), 1);
}

TEST(Png, RefusesTextsThatCannotBeWritten) {
  TempFolder folder;
  const auto refuse = [&](const std::string& key, const std::string& value, const std::string& part) {
    expect_error<Error>([&] { write_png(folder / "a.png", noise(1, 1, 1), {{key, value}}); }, {"write_png: ", part});
  };
  for (const auto& key : {std::string(), std::string(80, 'k'), std::string(" k"), std::string("k "),
                          std::string("a  b"), std::string("a\nb"), std::string("a\0b", 3), std::string("k\xc3\xa4")})
    refuse(key, "v", "a keyword of 1 to 79");
  refuse("key", std::string("a\0b", 3), "text 'key': expected UTF-8");
  refuse("key", "\xff\xfe", "text 'key': expected UTF-8");
  EXPECT_EQ(folder.count(), 0);
  write_png(folder / "a.png", noise(1, 1, 1), {{std::string(79, 'k'), "v"}});
  expect_error<IoError>([&] { write_png(folder / "none/a.png", noise(1, 1, 1)); }, {"none/a.png: ", "folder"});
}

}  // namespace
