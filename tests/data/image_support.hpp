/// Folders of faces and zip archives made by hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "atelier/io/checksum.hpp"
#include "atelier/io/png.hpp"
#include "support/temp_folder.hpp"

/// `bytes` bytes of n, low byte first.
inline std::string little_endian(std::uint64_t n, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(n >> (8 * i));
  return text;
}

/// An archive of uncompressed members in the given order, whatever their names (APPNOTE.TXT, 4.3).
inline std::string zip_file(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string data, directory;
  for (const auto& [name, content] : members) {
    const auto crc = atelier::io::crc32(std::as_bytes(std::span(content)));
    const std::string common = little_endian(0, 2) + little_endian(0, 2) + little_endian(0, 4) + little_endian(crc, 4) +
                               little_endian(content.size(), 4) + little_endian(content.size(), 4) +
                               little_endian(name.size(), 2) + little_endian(0, 2);
    directory += "PK\1\2" + little_endian(20, 2) + little_endian(20, 2) + common + little_endian(0, 2) +
                 little_endian(0, 2) + little_endian(0, 2) + little_endian(0, 4) + little_endian(data.size(), 4) + name;
    data += "PK\3\4" + little_endian(20, 2) + common + name + content;
  }
  return data + directory + "PK\5\6" + little_endian(0, 4) + little_endian(members.size(), 2) +
         little_endian(members.size(), 2) + little_endian(directory.size(), 4) + little_endian(data.size(), 4) +
         little_endian(0, 2);
}

/// An image that differs from number to number, and left from right.
inline atelier::io::Image test_image(int number, atelier::Index width, atelier::Index height, int channels = 3) {
  atelier::io::Image image{.width = width, .height = height, .channels = channels};
  for (atelier::Index y = 0; y < height; ++y)
    for (atelier::Index x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        image.pixels.push_back(static_cast<std::uint8_t>((2 * x + y + 40 * c + 13 * number) % 256));
  return image;
}

inline std::string face_name(int number) {
  char name[16];
  std::snprintf(name, sizeof name, "%06d.jpg", number);
  return name;
}

/// The bytes of an image file.
inline std::string png_bytes(const atelier::io::Image& image) {
  const TempFolder folder;
  atelier::io::write_png(folder / "a.png", image);
  return folder.read("a.png");
}

/// Faces of half size (PNG files, whatever their names say), tables with `faces` rows; persons have two faces each.
inline void write_faces(const TempFolder& folder, int faces = 12) {
  std::filesystem::create_directories(folder / "img_align_celeba");
  std::string attributes = std::to_string(faces) + "\r\nBald Smiling  Young \r\n", partition, identities;
  for (int i = 1; i <= faces; ++i) {
    atelier::io::write_png(folder / "img_align_celeba" / face_name(i), test_image(i, 89, 109));
    attributes += face_name(i) + (i % 2 ? " -1  1" : "  1 -1") + (i % 3 ? "  1" : " -1") + "\r\n";
    partition += face_name(i) + " " + std::to_string(i <= faces / 2 ? 0 : i <= faces * 3 / 4 ? 1 : 2) + "\n";
    identities += face_name(i) + " " + std::to_string(100 + (i * 5) % (faces / 2)) + "\n";
  }
  folder.write("list_attr_celeba.txt", attributes);
  folder.write("list_eval_partition.txt", partition);
  folder.write("identity_CelebA.txt", identities);
}
