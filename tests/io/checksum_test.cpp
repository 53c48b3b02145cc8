/// Checksums against published values.
#include "atelier/io/checksum.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {
using namespace atelier::io;

auto bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

// The examples of FIPS 180-4's validation documents (NIST, SHA-256 example computations) and the empty message.
TEST(Sha256, PublishedVectors) {
  EXPECT_EQ(sha256(bytes("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(bytes("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(
      sha256(bytes("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
                   "mnopqrstnopqrstu")),
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(sha256(bytes(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesOfEverySize) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  for (std::size_t length : {0u, 1u, 55u, 56u, 57u, 63u, 64u, 65u, 119u, 120u, 128u, 300u}) {
    const auto whole = sha256(bytes(text.substr(0, length)));
    for (std::size_t piece : {1u, 3u, 63u, 64u, 65u, 200u}) {
      Sha256 hash;
      for (std::size_t at = 0; at < length; at += piece) {
        hash.update(bytes(std::string_view(text).substr(at, std::min(piece, length - at))));
        hash.hex();  // looking does not disturb
      }
      EXPECT_EQ(hash.hex(), whole) << length << " in pieces of " << piece;
    }
  }
}

TEST(Crc32, CheckValueAndPieces) {
  EXPECT_EQ(crc32(bytes("123456789")), 0xcbf43926u);
  EXPECT_EQ(crc32(bytes("")), 0u);
  EXPECT_EQ(crc32(bytes("6789"), crc32(bytes("12345"))), 0xcbf43926u);
  EXPECT_EQ(crc32_text(0x00c0ffee), "00c0ffee");
}

}  // namespace
