#include "io/file_kind.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <utility>

namespace atelier::inline v0::io {
namespace {

constexpr std::pair<std::string_view, const char*> kinds[] = {
    {"PK\3\4", "a zip archive"},
    {"PK\5\6", "an empty zip archive"},
    {"\x1f\x8b", "gzip data"},
    {"\xff\xd8\xff", "a JPEG image"},
    {"\x89PNG", "a PNG image"},
    {"GIF8", "a GIF image"},
    {"BM", "a BMP image"},
    {"II*", "a TIFF image"},
    {"MM", "a TIFF image"},
    {"7z\xbc\xaf", "a 7z archive"},
    {"Rar!", "a RAR archive"},
    {"%PDF", "a PDF document"},
    {"version https://git-lfs", "a Git LFS pointer instead of the file"},
};

}  // namespace

bool looks_like_a_web_page(std::string_view head) {
  std::string text(head.substr(std::min(head.size(), head.find_first_not_of(" \t\r\n\xef\xbb\xbf"))));
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* start : {"<!doctype", "<html", "<head", "<?xml", "<!--"})
    if (text.starts_with(start)) return true;
  return false;
}

std::string describe_kind(std::string_view head) {
  if (head.empty()) return "an empty file";
  if (looks_like_a_web_page(head)) return "what looks like a web page";
  if (head.starts_with("RIFF") && head.substr(std::min<std::size_t>(8, head.size())).starts_with("WEBP"))
    return "a WebP image";
  for (const auto& [start, kind] : kinds)
    if (head.starts_with(start)) return kind;
  if (head.size() < 4) return "a file of " + std::to_string(head.size()) + " bytes";
  char text[40];
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(head[i])); };
  std::snprintf(text, sizeof text, "the bytes %02x %02x %02x %02x", byte(0), byte(1), byte(2), byte(3));
  return text;
}

std::string kind_advice(const std::string& description) {
  if (description.ends_with("web page")) return "a download failed, delete the file and fetch it again";
  if (description.starts_with("a Git LFS")) return "fetch the file itself";
  return "check that this is the right file, or fetch it again";
}

}  // namespace atelier::inline v0::io
