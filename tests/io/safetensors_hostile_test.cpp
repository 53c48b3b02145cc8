/// Safetensors files that nobody should trust: each gives one line with file and place, before any data are touched.
#include <gtest/gtest.h>

#include <random>

#include "io/safetensors_support.hpp"
#include "support/counted_heap.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using namespace atelier::io;

/// Memory that refusing a file may take: what its header is read and parsed into, and messages. None of it goes by the
/// sizes that the header claims.
constexpr std::size_t memory_for(std::size_t file_bytes) { return 64 * 1024 + 20 * file_bytes; }

/// Opens a file, or fails to; takes at most so much memory for it.
SafetensorsFile open_within(std::size_t memory, const std::filesystem::path& path) {
  struct Limit {
    std::size_t memory, before = heap_bytes;
    ~Limit() { EXPECT_LE(heap_bytes - before, memory); }
  } limit{memory};
  return SafetensorsFile::open(path);
}

/// The file must be refused in one line that names it, says where, and what was expected and found.
void refuse(const std::filesystem::path& path, const std::string& bytes, std::vector<std::string> parts) {
  parts.insert(parts.end(), {path.filename().string() + ": ", "expected ", "found "});
  const auto line = expect_error<InputError>([&] { open_within(memory_for(bytes.size()), path).verify(); }, parts);
  const bool place = line.find("tensor") != line.npos || line.find("byte") != line.npos ||
                     line.find("header") != line.npos || line.find("__metadata__") != line.npos;
  EXPECT_TRUE(place) << "no place in: " << line;
}

struct Hostile {
  const char* label;
  std::string bytes;
  std::vector<std::string> message;
};

void refuse_all(const std::vector<Hostile>& files) {
  TempFolder folder;
  for (const auto& [label, bytes, message] : files) {
    SCOPED_TRACE(label);
    refuse(folder.write("bad.safetensors", bytes), bytes, message);
  }
}

std::string w(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{" + entry("w", dtype, shape, offsets) + "}";
}

TEST(SafetensorsHostile, Prefix) {
  const std::string good = w("F32", "[2]", "[0,8]");
  refuse_all({
      {"empty", "", {"at least 8 bytes", "found 0"}},
      {"seven bytes", std::string(7, '\0'), {"at least 8 bytes", "found 7"}},
      {"length 0", raw_file("", 0), {"'{' at byte 8"}},
      {"length beyond the file", raw_file(good, 8, 1000), {"header of 1000 bytes", "cut short"}},
      {"length one too long", raw_file(good, 0, good.size() + 1), {"header of ", "cut short"}},
      {"length 2^64 - 1", raw_file(good, 8, ~0ull), {"at most 100000000 bytes", "18446744073709551615"}},
      {"length 2^63", raw_file(good, 8, 1ull << 63), {"at most 100000000 bytes"}},
      {"length 100 MB and one", raw_file(good, 8, 100'000'001), {"at most 100000000 bytes"}},
      {"length too short", raw_file(good, 8, good.size() - 1), {"valid JSON", "byte "}},
      {"web page", "<!DOCTYPE html><html><body>404</body></html>", {"at byte 0"}},
      {"zip", "PK\x03\x04 and what follows in a zip file", {"at byte 0"}},
      {"only zeros", std::string(64, '\0'), {"'{' at byte 8"}},
  });
}

TEST(SafetensorsHostile, Json) {
  const std::string good = w("F32", "[2]", "[0,8]");
  std::string deep = "{\"w\":", lists = "{\"w\":{\"shape\":";
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":", lists += "[";
  refuse_all({
      {"leading space", raw_file(" " + good, 8), {"'{' at byte 8"}},
      {"byte order mark", raw_file("\xef\xbb\xbf" + good, 8), {"'{' at byte 8"}},
      {"a list", raw_file("[1,2]", 0), {"'{' at byte 8"}},
      {"cut off", raw_file(good.substr(0, 20), 8), {"valid JSON", "byte 28"}},
      {"garbage behind", raw_file(good + "x", 8), {"valid JSON", "byte "}},
      {"zero inside", raw_file(good + std::string("\0", 1), 8), {"a zero at byte "}},
      {"zero first", raw_file("{" + std::string("\0", 1) + "}", 8), {"a zero at byte 9"}},
      {"two objects", raw_file(good + "{}", 8), {"valid JSON"}},
      {"comment", raw_file("{/* */}", 0), {"valid JSON", "byte 9"}},
      {"trailing comma", raw_file("{\"__metadata__\":{},}", 0), {"valid JSON"}},
      {"bad UTF-8", raw_file("{\"\xff\xfe\":{}}", 0), {"valid JSON", "byte 10"}},
      {"raw newline in a name", raw_file("{\"a\nb\":{}}", 0), {"valid JSON", "byte 11"}},
      {"single quotes", raw_file("{'w':{}}", 0), {"valid JSON", "byte 9"}},
      {"NaN", raw_file("{\"w\":NaN}", 0), {"valid JSON"}},
      {"deep objects", raw_file(deep, 0), {"dtype, shape and data_offsets", "'a'"}},
      {"deep lists", raw_file(lists, 0), {"tensor 'w'", "a list"}},
      {"huge exponent", raw_file("{\"w\":1e999999}", 0), {"valid JSON"}},
  });
}

TEST(SafetensorsHostile, Grammar) {
  const std::string e = entry("w", "F32", "[2]", "[0,8]");
  refuse_all({
      {"tensor is a number", raw_file("{\"w\":5}", 0), {"an object for 'w'", "number 5"}},
      {"tensor is null", raw_file("{\"w\":null}", 0), {"an object for 'w'", "null"}},
      {"tensor is a list", raw_file("{\"w\":[]}", 0), {"an object for 'w'", "a list"}},
      {"tensor is a text", raw_file("{\"w\":\"F32\"}", 0), {"an object for 'w'", "'F32'"}},
      {"name twice", raw_file("{" + e + "," + e + "}", 8), {"every key once", "'w' twice"}},
      {"name twice, escaped",
       raw_file("{" + e + "," + entry("\\u0077", "F32", "[2]", "[0,8]") + "}", 8),
       {"'w' twice"}},
      {"dtype twice", raw_file("{\"w\":{\"dtype\":\"F32\",\"dtype\":\"U8\"}}", 0), {"tensor 'w'", "'dtype' twice"}},
      {"metadata twice", raw_file("{\"__metadata__\":{},\"__metadata__\":{}}", 0), {"'__metadata__' twice"}},
      {"metadata key twice",
       raw_file("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0),
       {"__metadata__", "'a' twice"}},
      {"metadata number", raw_file("{\"__metadata__\":{\"a\":1}}", 0), {"a text for 'a'", "number 1"}},
      {"metadata object", raw_file("{\"__metadata__\":{\"a\":{}}}", 0), {"a text for 'a'", "an object"}},
      {"metadata list", raw_file("{\"__metadata__\":{\"a\":[]}}", 0), {"a text for 'a'", "a list"}},
      {"metadata is a text", raw_file("{\"__metadata__\":\"a\"}", 0), {"an object for '__metadata__'"}},
      {"unknown field", raw_file("{\"w\":{\"strides\":[1]}}", 0), {"tensor 'w'", "key 'strides'"}},
      {"no dtype", raw_file("{\"w\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8), {"tensor 'w'", "key dtype"}},
      {"no shape", raw_file("{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8), {"tensor 'w'", "key shape"}},
      {"no offsets", raw_file("{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8), {"tensor 'w'", "key data_offsets"}},
      {"empty object", raw_file("{\"w\":{}}", 0), {"tensor 'w'", "key dtype"}},
      {"dtype is a number", raw_file("{\"w\":{\"dtype\":32}}", 0), {"tensor 'w'", "text as dtype"}},
      {"dtype is a list", raw_file("{\"w\":{\"dtype\":[]}}", 0), {"tensor 'w'", "text as dtype"}},
      {"shape is a number", raw_file("{\"w\":{\"shape\":2}}", 0), {"tensor 'w'", "numbers as shape"}},
      {"shape is a text", raw_file("{\"w\":{\"shape\":\"[2]\"}}", 0), {"tensor 'w'", "numbers as shape"}},
      {"name with a newline", raw_file("{\"a\\nb\":7}", 0), {"'a\\x0ab'"}},
      {"very long name", raw_file("{\"" + std::string(100'000, 'n') + "\":7}", 0), {"nnn..."}},
  });
}

TEST(SafetensorsHostile, Numbers) {
  refuse_all({
      {"unknown dtype", raw_file(w("Q4", "[2]", "[0,8]"), 8), {"tensor 'w'", "known dtype", "'Q4'"}},
      {"dtype in small letters", raw_file(w("f32", "[2]", "[0,8]"), 8), {"known dtype", "'f32'"}},
      {"negative size", raw_file(w("F32", "[-2]", "[0,8]"), 8), {"tensor 'w'", "as shape", "-2"}},
      {"fractional size", raw_file(w("F32", "[2.0]", "[0,8]"), 8), {"tensor 'w'", "as shape", "2.0"}},
      {"size 2^63", raw_file(w("F32", "[9223372036854775808]", "[0,8]"), 8), {"as shape", "9223372036854775808"}},
      {"size 2^64", raw_file(w("F32", "[18446744073709551616]", "[0,8]"), 8), {"as shape", "18446744073709551616"}},
      {"size is a text", raw_file(w("F32", "[\"2\"]", "[0,8]"), 8), {"as shape"}},
      {"size is a list", raw_file(w("F32", "[[2]]", "[0,8]"), 8), {"as shape"}},
      {"size is true", raw_file(w("F32", "[true]", "[0,8]"), 8), {"as shape"}},
      {"rank 7", raw_file(w("F32", "[1,1,1,1,1,1,2]", "[0,8]"), 8), {"tensor 'w'", "at most 6 dimensions"}},
      {"product 2^64", raw_file(w("F32", "[4294967296,4294967296]", "[0,8]"), 8), {"tensor 'w'", "less than 2^63"}},
      {"product wraps to 8 bytes", raw_file(w("F32", "[4611686018427387906]", "[0,8]"), 8), {"less than 2^63"}},
      {"overflow hidden by 0", raw_file(w("F32", "[4294967296,4294967296,0]", "[0,0]"), 0), {"less than 2^63"}},
      {"overflow behind 0", raw_file(w("F32", "[0,4294967296,4294967296]", "[0,0]"), 0), {"less than 2^63"}},
      {"one offset", raw_file(w("F32", "[2]", "[8]"), 8), {"tensor 'w'", "two data_offsets", "found 1"}},
      {"three offsets", raw_file(w("F32", "[2]", "[0,4,8]"), 8), {"tensor 'w'", "two data_offsets", "found 3"}},
      {"no offsets in the list", raw_file(w("F32", "[2]", "[]"), 8), {"two data_offsets", "found 0"}},
      {"negative offset", raw_file(w("F32", "[2]", "[-8,0]"), 8), {"tensor 'w'", "as data_offsets", "-8"}},
      {"huge offset", raw_file(w("F32", "[2]", "[0,18446744073709551608]"), 8), {"as data_offsets"}},
      {"reversed offsets", raw_file(w("F32", "[2]", "[8,0]"), 8), {"tensor 'w'", "in order", "[8, 0]"}},
      {"too few bytes", raw_file(w("F32", "[3]", "[0,8]"), 8), {"tensor 'w'", "12 bytes for F32 [3]", "found 8"}},
      {"too many bytes", raw_file(w("U8", "[2]", "[0,8]"), 8), {"tensor 'w'", "2 bytes for U8 [2]", "found 8"}},
      {"a scalar of 8 bytes", raw_file(w("F32", "[]", "[0,8]"), 8), {"4 bytes for F32 []"}},
      {"an empty one with bytes", raw_file(w("F32", "[0]", "[0,8]"), 8), {"0 bytes for F32 [0]"}},
      {"huge tensor",
       raw_file(w("U8", "[1099511627776]", "[0,1099511627776]"), 8),
       {"within the 8 bytes", "1099511627776"}},
  });
}

TEST(SafetensorsHostile, Tiling) {
  const auto two = [](const std::string& a, const std::string& b) {
    return "{" + entry("a", "F32", "[2]", a) + "," + entry("b", "F32", "[2]", b) + "}";
  };
  refuse_all({
      {"data missing", raw_file(w("F32", "[2]", "[0,8]"), 7), {"tensor 'w'", "within the 7 bytes"}},
      {"data behind", raw_file(w("F32", "[2]", "[0,8]"), 9), {"8 bytes of data", "found 9"}},
      {"data without tensors", raw_file("{}", 4), {"0 bytes of data", "found 4"}},
      {"hole in front", raw_file(w("F32", "[2]", "[4,12]"), 12), {"tensor 'w'", "from byte 0", "hole up to byte 4"}},
      {"hole between", raw_file(two("[0,8]", "[12,20]"), 20), {"tensor 'b'", "hole up to byte 12"}},
      {"overlap", raw_file(two("[0,8]", "[4,12]"), 12), {"tensor 'b'", "overlap from byte 4"}},
      {"same bytes", raw_file(two("[0,8]", "[0,8]"), 8), {"tensor 'b'", "overlap from byte 0"}},
      {"overlap in reverse order", raw_file(two("[4,12]", "[0,8]"), 12), {"tensor 'a'", "overlap from byte 4"}},
      {"empty one inside another",
       raw_file("{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("b", "F32", "[0]", "[4,4]") + "}", 8),
       {"tensor 'b'", "overlap"}},
      {"empty one behind the data", raw_file(w("F32", "[0]", "[8,8]"), 8), {"tensor 'w'", "hole"}},
  });
}

TEST(SafetensorsHostile, Checksums) {
  const std::string data = entry("w", "F32", "[2]", "[0,8]");
  const auto with = [&](const std::string& metadata) {
    return raw_file("{\"__metadata__\":{" + metadata + "}," + data + "}", 8);
  };
  refuse_all({
      {"the header's is missing",
       with("\"crc32.w\":\"00000000\""),
       {"checksums of the header", "without the header's"}},
      {"a tensor's is missing",
       with("\"atelier.header_crc32\":\"00000000\""),
       {"all 1 tensors", "found 0 and the header's"}},
      {"wrong header",
       with("\"atelier.header_crc32\":\"00000000\",\"crc32.w\":\"00000000\""),
       {"header with checksum 00000000"}},
      {"no digits", with("\"crc32.w\":\"00000000\",\"atelier.header_crc32\":\"\""), {"header with checksum"}},
      {"other spelling", with("\"crc32.w\":\"0\",\"atelier.header_crc32\" : \"00000000\""), {"another layout"}},
  });
}

/// Whatever bit flips, the file is refused or says exactly what it said.
TEST(SafetensorsHostile, EveryBitOfAFileOfOurs) {
  TempFolder folder;
  const std::vector<float> a = {1, 2, 3};
  const std::vector<std::uint8_t> b = {4, 5};
  const NamedBytes tensors[] = {{"a", DType::F32, {3}, std::as_bytes(std::span(a))},
                                {"b", DType::U8, {2, 1}, std::as_bytes(std::span(b))}};
  write_safetensors(folder / "good.safetensors", tensors, {{"step", "12"}});
  const auto good = folder.read("good.safetensors");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    refuse(folder.write("bad.safetensors", bytes), bytes, {});
  }
}

TEST(SafetensorsHostile, EveryLengthOfAFileOfOurs) {
  TempFolder folder;
  const std::vector<float> a = {1, 2, 3};
  const NamedBytes tensors[] = {{"a", DType::F32, {3}, std::as_bytes(std::span(a))}};
  write_safetensors(folder / "good.safetensors", tensors);
  const auto good = folder.read("good.safetensors");
  for (std::size_t length = 0; length < good.size(); ++length) {
    const auto bytes = good.substr(0, length);
    refuse(folder.write("bad.safetensors", bytes), bytes, {});
  }
}

/// A header may claim what it likes: a terabyte is not even looked for before the claim has been checked, and a whole
/// file of a gigabyte, which is a hole, takes no memory until its tensor is read.
TEST(SafetensorsHostile, ClaimsTakeNoMemory) {
  TempFolder folder;
  const std::string tera = "1099511627776", claim = w("U8", "[" + tera + "]", "[0," + tera + "]");
  const auto lie = raw_file(claim, 8);
  refuse(folder.write("lie", lie), lie, {"tensor 'w'", "within the 8 bytes", tera});
  const auto cut = raw_file(claim, 8, 99'999'999);
  refuse(folder.write("cut", cut), cut, {"header of 99999999 bytes", "cut short"});
  const std::uint64_t giga = 1 << 30;
  const auto honest = w("U8", "[" + std::to_string(giga) + "]", "[0," + std::to_string(giga) + "]");
  const auto hole = folder.write("hole", raw_file(honest, 0));
  std::filesystem::resize_file(hole, 8 + honest.size() + giga);
  EXPECT_EQ(open_within(memory_for(honest.size()), hole).info("w").bytes, giga);
}

/// Random damage to a header without checksums: refused, or a file whose tensors are all within it.
TEST(SafetensorsHostile, RandomDamage) {
  TempFolder folder;
  const std::string good =
      raw_file("{" + entry("a", "F32", "[2,3]", "[0,24]") + "," + entry("b", "U8", "[8]", "[24,32]") + "}", 32);
  std::mt19937 generator(7);
  for (int i = 0; i < 3000; ++i) {
    auto bytes = good;
    for (unsigned n = 1 + generator() % 4; n > 0; --n)
      bytes[generator() % 120] = static_cast<char>(generator() % 96 + 32);
    const auto path = folder.write("bad.safetensors", bytes);
    try {
      const auto file = SafetensorsFile::open(path);
      for (const auto& t : file.tensors()) EXPECT_LE(t.offset + t.bytes, bytes.size());
    } catch (const InputError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
}

}  // namespace
