#include "io/png_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "atelier/core/error.hpp"
#include "atelier/io/checksum.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr std::uint32_t longest_chunk = 0x7fffffff;

std::uint32_t from_big_endian(std::string_view bytes) {
  std::uint32_t n = 0;
  for (char c : bytes.substr(0, 4)) n = n << 8 | static_cast<unsigned char>(c);
  return n;
}

/// Of type and data (5.5).
std::uint32_t checksum(std::string_view typed) { return crc32(std::as_bytes(std::span(typed))); }

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_utf8(const std::string& text) {
  try {
    return !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

void check(const std::string& key, const std::string& value) {
  const bool printable_ascii = std::all_of(key.begin(), key.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (key.empty() || key.size() > 79 || !printable_ascii || key.front() == ' ' || key.back() == ' ' ||
      key.find("  ") != key.npos)
    throw Error(
        "write_png: expected a keyword of 1 to 79 printable ASCII characters with single spaces inside, found " +
        in_quotes(key));
  if (value.find('\0') != value.npos || value.size() > longest_chunk / 2 || !is_utf8(value))
    throw Error("write_png: text '" + key + "': expected UTF-8 without zero bytes, found " + in_quotes(value));
}

std::string utf8_of_latin1(std::string_view text) {
  std::string out;
  for (char c : text) {
    const auto n = static_cast<unsigned char>(c);
    if (n >= 0x80) out += static_cast<char>(0xc0 | n >> 6);
    out += static_cast<char>(n < 0x80 ? n : 0x80 | (n & 0x3f));
  }
  return out;
}

/// Walks over the chunks of a file, from IHDR to IEND.
class ChunkReader {
 public:
  explicit ChunkReader(const std::filesystem::path& path)
      : path_(path), place_(printable(path.string())), file_(open_input(path)), file_bytes_(file_size(file_, path)) {}

  PngText texts() {
    if (next(png_signature.size()) != png_signature)
      refuse("a PNG signature at byte 0", "something else", "this is no PNG file");
    PngText found;
    bool first = true;
    for (std::string type; type != "IEND"; first = false) {
      const std::uint64_t start = at_;
      const std::string head = next(8);
      const std::uint32_t length = from_big_endian(head);
      type = head.substr(4);
      if (first && type != "IHDR") refuse("a chunk IHDR at byte 8", in_quotes(type), "this is no PNG file");
      if (length > longest_chunk || length + std::uint64_t{4} > file_bytes_ - at_)
        refuse("a chunk of " + std::to_string(length) + " bytes at byte " + std::to_string(start), "the file's end",
               "the file is cut short or damaged");
      if (type == "tEXt" || type == "iTXt")
        add(found, type, length, start);
      else
        at_ += length + std::uint64_t{4};
    }
    return found;
  }

 private:
  [[noreturn]] void refuse(const std::string& expected, const std::string& found, const std::string& advice) const {
    throw InputError(place_ + ": expected " + expected + ", found " + found + "; " + advice);
  }

  /// The next bytes of the file.
  std::string next(std::size_t bytes) {
    std::string text(bytes, '\0');
    if (read_at(file_, path_, std::as_writable_bytes(std::span(text)), at_) != bytes)
      refuse(std::to_string(bytes) + " more bytes at byte " + std::to_string(at_), "the file's end",
             "the file is cut short or no PNG file");
    at_ += bytes;
    return text;
  }

  void add(PngText& found, const std::string& type, std::uint32_t length, std::uint64_t start) {
    const std::string data = next(length);
    if (from_big_endian(next(4)) != checksum(type + data))
      refuse("the checksum of chunk " + type + " at byte " + std::to_string(start), "another", "the file is damaged");
    const auto end = data.find('\0');
    if (end == data.npos || end == 0)
      refuse("a keyword in chunk " + type + " at byte " + std::to_string(start), "none", "the file is damaged");
    if (type == "tEXt")
      found.emplace(utf8_of_latin1(data.substr(0, end)), utf8_of_latin1(data.substr(end + 1)));
    else
      add_international(found, data, end, start);
  }

  /// Keyword, 0, compressed?, method, language, 0, translated keyword, 0, text (11.3.4.5).
  void add_international(PngText& found, const std::string& data, std::size_t end, std::uint64_t start) const {
    const auto language = data.find('\0', end + 3);
    const auto translated = language == data.npos ? data.npos : data.find('\0', language + 1);
    if (translated == data.npos)
      refuse("five parts in chunk iTXt at byte " + std::to_string(start), "fewer", "the file is damaged");
    if (data[end + 1] == 0) found.emplace(utf8_of_latin1(data.substr(0, end)), data.substr(translated + 1));
  }

  std::filesystem::path path_;
  std::string place_;
  Descriptor file_;
  std::uint64_t file_bytes_, at_ = 0;
};

}  // namespace

std::string big_endian(std::uint32_t n) {
  std::string bytes;
  for (int shift : {24, 16, 8, 0}) bytes += static_cast<char>(n >> shift & 255);
  return bytes;
}

std::string png_chunk(const std::string& type, std::string_view data) {
  const std::string typed = type + std::string(data);
  return big_endian(static_cast<std::uint32_t>(data.size())) + typed + big_endian(checksum(typed));
}

std::string text_chunks(const PngText& text) {
  std::string chunks;
  for (const auto& [key, value] : text) {
    check(key, value);
    chunks +=
        is_ascii(value) ? png_chunk("tEXt", key + '\0' + value) : png_chunk("iTXt", key + std::string(5, '\0') + value);
  }
  return chunks;
}

PngText read_png_text(const std::filesystem::path& path) { return ChunkReader(path).texts(); }

}  // namespace atelier::inline v0::io
