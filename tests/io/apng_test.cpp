// Animated PNG: chunk by chunk what the standard says, and each frame what was given.
#include "atelier/io/apng.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "atelier/io/checksum.hpp"
#include "atelier/io/read_image.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using namespace atelier::io;

struct Chunk {
  std::string type, data;
};

std::uint32_t number(const std::string& bytes, std::size_t at, std::size_t size = 4) {
  std::uint32_t n = 0;
  for (std::size_t i = 0; i < size; ++i) n = n << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return n;
}
std::string bytes_of_number(std::uint32_t n) {
  std::string b;
  for (int shift : {24, 16, 8, 0}) b += static_cast<char>(n >> shift);
  return b;
}
std::string chunk(const std::string& type, const std::string& data) {
  const std::string typed = type + data;
  return bytes_of_number(static_cast<std::uint32_t>(data.size())) + typed +
         bytes_of_number(crc32(std::as_bytes(std::span(typed))));
}
std::vector<Chunk> chunks_of(const std::string& file) {
  std::vector<Chunk> chunks;
  for (std::size_t at = 8; at < file.size();) {
    const std::size_t size = number(file, at);
    chunks.push_back({file.substr(at + 4, 4), file.substr(at + 8, size)});
    EXPECT_EQ(file.substr(at, size + 12), chunk(chunks.back().type, chunks.back().data));
    at += size + 12;
  }
  return chunks;
}
Image frame(std::uint8_t level, Index width = 5, int channels = 3) {
  Image image{.width = width, .height = 4, .channels = channels};
  for (Index i = 0; i < width * 4 * channels; ++i) image.pixels.push_back(static_cast<std::uint8_t>(level + 7 * i));
  return image;
}

TEST(Apng, ChunksAreThoseOfTheStandard) {
  const TempFolder folder;
  const Image frames[] = {frame(1), frame(50), frame(99)};
  write_apng(folder / "a.png", frames, 0.25, {{"step", "12"}}, 8);
  const std::string file = folder.read("a.png");
  const auto chunks = chunks_of(file);
  std::string order;
  for (const auto& c : chunks) order += c.type + " ";
  EXPECT_EQ(order, "IHDR tEXt acTL fcTL IDAT fcTL fdAT fcTL fdAT IEND ");
  EXPECT_EQ(chunks[2].data, bytes_of_number(3) + bytes_of_number(0));  // frames; played without end
  std::uint32_t sequence = 0;
  std::vector<std::uint32_t> delays;
  for (const auto& c : chunks) {
    if (c.type == "fcTL" || c.type == "fdAT") {
      EXPECT_EQ(number(c.data, 0), sequence++);
    }
    if (c.type != "fcTL") continue;
    ASSERT_EQ(c.data.size(), 26u);
    EXPECT_EQ(number(c.data, 4), 5u);
    EXPECT_EQ(number(c.data, 8), 4u);
    EXPECT_EQ(number(c.data, 12) + number(c.data, 16), 0u);
    EXPECT_EQ(number(c.data, 22, 2), 1000u);
    delays.push_back(number(c.data, 20, 2));
  }
  EXPECT_EQ(delays, (std::vector<std::uint32_t>{250, 250, 2000}));
}

TEST(Apng, FramesAreThoseThatWereGiven) {
  const TempFolder folder;
  const Image frames[] = {frame(1), frame(50), frame(99)};
  write_apng(folder / "a.png", frames, 0.25);
  const std::string file = folder.read("a.png");
  EXPECT_EQ(read_image(folder / "a.png").pixels, frames[0].pixels);  // to programs that know no animation
  std::size_t i = 1;
  for (const auto& c : chunks_of(file)) {
    if (c.type != "fdAT") continue;
    folder.write("frame.png", file.substr(0, 8 + 25) + chunk("IDAT", c.data.substr(4)) + chunk("IEND", ""));
    EXPECT_EQ(read_image(folder / "frame.png").pixels, frames[i++].pixels);
  }
  EXPECT_EQ(i, 3u);
}

TEST(Apng, WhatIsRefused) {
  const TempFolder folder;
  const auto path = folder / "a.png";
  const Image two[] = {frame(1), frame(2, 6)}, kinds[] = {frame(1), frame(1, 5, 1)}, one[] = {frame(1)};
  EXPECT_THROW(write_apng(path, {}, 1), Error);
  EXPECT_THROW(write_apng(path, two, 1), Error);
  EXPECT_THROW(write_apng(path, kinds, 1), Error);
  for (const double seconds : {0.0, -1.0, 61.0, std::nan("")}) EXPECT_THROW(write_apng(path, one, seconds), Error);
  EXPECT_THROW(write_apng(path, one, 30, {}, 3), Error);
  EXPECT_THROW(write_apng(path, one, 1, {}, 0), Error);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
