/// IDX files, plain and gzip: what they hold, and everything that can be wrong with one.
#include "atelier/data/idx.hpp"

#include <gtest/gtest.h>

#include "atelier/io/checksum.hpp"
#include "data/idx_support.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;

std::string sha256(const std::string& text) { return io::sha256(std::as_bytes(std::span(text))); }

TEST(Idx, PlainAndGzipWhateverTheName) {
  TempFolder folder;
  const auto plain = idx_file({3, 2, 4}, 24);
  const auto packed = gzip(plain);
  const auto members = gzip(plain.substr(0, 10)) + gzip("") + gzip(plain.substr(10));
  for (const auto& [name, bytes] :
       {std::pair{"a", plain}, {"b.gz", plain}, {"c", packed}, {"d.gz", packed}, {"e", members}}) {
    const auto idx = read_idx(folder.write(name, bytes), 3);
    EXPECT_EQ(idx.shape, (Shape{3, 2, 4}));
    EXPECT_EQ(std::string(idx.values.begin(), idx.values.end()), plain.substr(16)) << name;
    EXPECT_EQ(idx.sha256, sha256(plain)) << name;
  }
}

TEST(Idx, LargerThanEveryBuffer) {
  TempFolder folder;
  const auto plain = idx_file({3'000'001}, 3'000'001);
  EXPECT_EQ(read_idx(folder.write("a", plain), 1).sha256, sha256(plain));
  EXPECT_EQ(read_idx(folder.write("b", gzip(plain)), 1).sha256, sha256(plain));
}

struct Bad {
  std::string bytes;
  int rank;
  std::vector<std::string> message;
};

void refuse_all(const std::vector<Bad>& files) {
  TempFolder folder;
  for (const Bad& bad : files) {
    auto parts = bad.message;
    parts.push_back("bad-idx: ");
    const auto path = folder.write("bad-idx", bad.bytes);
    expect_error<InputError>([&] { read_idx(path, bad.rank); }, parts);
  }
}

TEST(Idx, AnotherKindOfFile) {
  const std::string page = "\r\n <!DOCTYPE html><html><head><title>404 Not Found</title></head></html>";
  refuse_all({
      {"", 3, {"magic 2051 at byte 0", "an empty file"}},
      {"ab", 3, {"magic 2051", "a file of 2 bytes"}},
      {page, 3, {"magic 2051", "looks like a web page", "delete the file"}},
      {gzip(page), 3, {"looks like a web page"}},
      {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", 1, {"magic 2049", "looks like a web page"}},
      {"<HTML></HTML>", 1, {"looks like a web page"}},
      {idx_file({3}, 3), 3, {"magic 2051", "magic 2049 (0x00000801)"}},
      {idx_file({3, 1, 1}, 3), 1, {"magic 2049", "magic 2051 (0x00000803)"}},
      {std::string("\x03\x08\0\0", 4) + std::string(12, '\0'), 3, {"magic 50855936"}},
      {big_endian(0x0d03) + std::string(12, '\1'), 3, {"magic 3331 (0x00000d03)"}},
      {"PK\3\4 and so on", 3, {"a zip archive"}},
      {gzip(gzip(idx_file({3}, 3))), 1, {"gzip data inside gzip data"}},
  });
}

TEST(Idx, SizesThatDoNotFitTheFile) {
  const std::uint32_t most = 0xffffffff;
  refuse_all({
      {idx_file({3, 2}, 0).substr(0, 7), 2, {"header of 12 bytes", "found 7"}},
      {gzip(idx_file({3, 2}, 0).substr(0, 7)), 2, {"header of 12 bytes", "found 7"}},
      {idx_file({10}, 9), 1, {"data of shape [10]", "a file of 17 bytes", "cut short"}},
      {idx_file({10}, 0), 1, {"data of shape [10]", "a file of 8 bytes"}},
      {idx_file({10}, 11), 1, {"end behind 18 bytes", "more data"}},
      {gzip(idx_file({10}, 9)), 1, {"10 bytes of data for [10]", "found 9"}},
      {gzip(idx_file({10}, 11)), 1, {"end behind 18 bytes", "more data"}},
      {idx_file({most}, 10), 1, {"[4294967295]", "cannot hold it"}},
      {gzip(idx_file({most}, 10)), 1, {"[4294967295]", "cannot hold it"}},
      {idx_file({most, most, most}, 10), 3, {"[4294967295, 4294967295, 4294967295]", "cannot hold it"}},
      {gzip(idx_file({most, most, most}, 10)), 3, {"cannot hold it"}},
      {idx_file({0x80000000, 2, 0x80000000}, 10), 3, {"cannot hold it"}},
      {idx_file({0}, 0), 1, {"sizes above 0", "[0]"}},
      {idx_file({3, 0, 5}, 0), 3, {"sizes above 0", "[3, 0, 5]"}},
      {gzip(idx_file({most, 0, most}, 0)), 3, {"sizes above 0"}},
  });
}

TEST(Idx, DamagedCompression) {
  const auto packed = gzip(idx_file({1000}, 1000));
  auto checksum = packed, length = packed, block = packed;
  checksum[packed.size() - 6] ^= 1, length[packed.size() - 2] ^= 1, block[10] = '\xff';
  refuse_all({
      {packed.substr(0, packed.size() - 1),
       1,
       {"gzip data", "end at byte " + std::to_string(packed.size() - 1), "cut short"}},
      {packed.substr(0, packed.size() / 2), 1, {"gzip data", "cut short"}},
      {packed.substr(0, 5), 1, {"gzip data", "end at byte 5"}},
      {packed.substr(0, 2), 1, {"gzip data", "end at byte 2"}},
      {packed + "x", 1, {"end of the gzip data at byte " + std::to_string(packed.size()), "more behind it"}},
      {packed + packed.substr(0, 9), 1, {"gzip data", "cut short"}},
      {packed + packed, 1, {"end behind 1008 bytes"}},
      {checksum, 1, {"valid gzip data", "incorrect data check"}},
      {length, 1, {"valid gzip data", "incorrect length check"}},
      {block, 1, {"valid gzip data", "near byte 1"}},
      {"\x1f\x8b\x09" + std::string(20, 'x'), 1, {"valid gzip data", "unknown compression method"}},
  });
}

TEST(Idx, EveryLengthAndEveryByte) {
  TempFolder folder;
  for (const auto& good : {idx_file({5, 2, 2}, 20), gzip(idx_file({5, 2, 2}, 20))}) {
    for (std::size_t length = 0; length < good.size(); ++length) {
      const auto path = folder.write("bad", good.substr(0, length));
      expect_error<InputError>([&] { read_idx(path, 3); }, {"bad: "});
    }
    for (std::size_t i = 0; i < good.size(); ++i) {
      auto bytes = good;
      bytes[i] = static_cast<char>(bytes[i] ^ 0x55);
      try {
        read_idx(folder.write("bad", bytes), 3);
      } catch (const InputError&) {
      }
    }
  }
}

TEST(Idx, MissingFileAndRank) {
  TempFolder folder;
  expect_error<InputError>([&] { read_idx(folder / "none", 3); }, {"none: expected a file"});
  expect_error<InputError>([&] { read_idx(folder.path(), 3); }, {"found a folder"});
  expect_error<Error>([&] { read_idx(folder / "none", 7); }, {"rank of 1 to 6"});
}

}  // namespace
