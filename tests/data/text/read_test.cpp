/// Texts from files and folders, their parts, and WikiText.
#include "atelier/data/text/read.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "atelier/data/text/wikitext.hpp"
#include "atelier/io/checksum.hpp"
#include "atelier/io/durable_file.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;

TEST(Text, AFile) {
  TempFolder folder;
  const auto text = read_text(folder.write("a", "one\r\ntw\xc3\xb6"));
  EXPECT_EQ(text.bytes, "one\r\ntw\xc3\xb6");
  EXPECT_EQ(text.sha256, io::sha256(io::bytes_of(text.bytes)));
  EXPECT_EQ(text.files, std::vector{folder / "a"});
}
TEST(Text, AFolder) {
  TempFolder folder;
  folder.write("b.txt", "b"), folder.write("a.txt", "a"), folder.write("B.txt", "B"), folder.write("c.md", "c");
  folder.write(".hidden.txt", "h");
  std::filesystem::create_directory(folder / "d.txt");
  EXPECT_EQ(read_text(folder.path()).bytes, "Bab");
  EXPECT_EQ(read_text(folder.path(), {.extension = ".md"}).bytes, "c");
  EXPECT_EQ(read_text(folder.path(), {.extension = "", .separator = "|"}).bytes, "B|a|b|c");
  expect_error<InputError>([&] { read_text(folder.path(), {.extension = ".csv"}); },
                           {folder.path().string() + ": expected files that end in .csv"});
}
TEST(Text, WhatIsRefused) {
  TempFolder folder;
  const auto bad = folder.write("bad", "caf\xc3\xa9 caf\xe9");
  expect_error<InputError>([&] { read_text(bad); }, {"bad: expected UTF-8", "the byte 0xe9 at offset 9"});
  EXPECT_EQ(read_text(bad, {.any_bytes = true}).bytes.size(), 10u);
  expect_error<InputError>([&] { read_text(bad, {.max_bytes = 9}); }, {"bad: expected at most 9 bytes", "found 10"});
  EXPECT_EQ(read_text(bad, {.max_bytes = 10, .any_bytes = true}).bytes.size(), 10u);
  expect_error<InputError>([&] { read_text(folder.write("empty", "")); }, {"empty: expected a text"});
  expect_error<InputError>([&] { read_text(folder / "none"); }, {"none: expected a file"});
  folder.write("1.txt", "12345"), folder.write("2.txt", "12345");
  expect_error<InputError>([&] { read_text(folder.path(), {.max_bytes = 9}); }, {"2.txt: expected at most 4 bytes"});
}
TEST(Text, SplitByCharactersOrBytes) {
  const std::string text =
      "\xc3\xa4\xc3\xb6\xc3\xbc"
      "1234567";  // 10 characters, 13 bytes
  EXPECT_EQ(split_text(text, 0.2).train, "\xc3\xa4\xc3\xb6");
  EXPECT_EQ(split_text(text, 0.2).validation,
            "\xc3\xbc"
            "1234567");
  EXPECT_EQ(split_text(text, 0.2, SplitUnit::bytes).train, "\xc3\xa4");
  EXPECT_EQ(split_text(text, 0.3, SplitUnit::bytes).train, "\xc3\xa4");  // 3 bytes would cut a character
  EXPECT_EQ(split_text("\xff\xff\xff\xff", 0.5, SplitUnit::bytes).train, "\xff\xff");
  expect_error<ConfigError>([&] { split_text(text, 1); }, {"above 0 and below 1", "found 1"});
  expect_error<ConfigError>([&] { split_text(text, std::nan("")); }, {"nan"});
  expect_error<InputError>([&] { split_text(text, 0.01); }, {"leaves two parts", "10 characters"});
  expect_error<InputError>([&] { split_text("", 0.5); }, {"0 characters"});
  expect_error<InputError>([&] { split_text("\xc3\xa4", 0.5, SplitUnit::bytes); }, {"2 bytes"});
}
TEST(Text, TinyShakespeare) {
  const auto folder = data_folder("tinyshakespeare");
  if (folder.empty()) GTEST_SKIP() << "ATELIER_DATA has no tinyshakespeare";
  const auto text = read_text(folder / "input.txt");
  EXPECT_EQ(text.sha256, "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed");
  const auto parts = split_text(text.bytes, 0.9);
  EXPECT_EQ(parts.train.size(), 1'003'854u);
  EXPECT_EQ(parts.validation.size(), 111'540u);
}

void write_wiki(const TempFolder& folder, const std::string& ending) {
  folder.write("wiki.train" + ending, " \n = Title = \n \n a b <unk> \n");
  folder.write("wiki.valid" + ending, " c d \n e");
  folder.write("wiki.test" + ending, "\n\n");
}
TEST(WikiText, CountsLinesAndWords) {
  for (const std::string ending : {".tokens", ".raw"}) {
    TempFolder folder;
    write_wiki(folder, ending);
    const auto wiki = load_wikitext(folder.path(), WikiTextSet::any);
    EXPECT_EQ(wiki.raw, ending == ".raw");
    EXPECT_EQ(wiki.train.lines, 4);
    EXPECT_EQ(wiki.train.tokens, 10);
    EXPECT_EQ(wiki.valid.lines, 2);
    EXPECT_EQ(wiki.valid.tokens, 5);
    EXPECT_EQ(wiki.valid.text, " c d \n e\n");
    EXPECT_EQ(wiki.test.tokens, 2);
  }
}
TEST(WikiText, WhatIsRefused) {
  TempFolder folder;
  expect_error<InputError>([&] { load_wikitext(folder.path()); },
                           {folder.path().string() + ": expected the file wiki.train.tokens", "get_data.sh wikitext2"});
  write_wiki(folder, ".tokens");
  expect_error<InputError>([&] { load_wikitext(folder.path()); },
                           {"wiki.train.tokens: expected 36718 lines of WikiText-2", "found 4", "WikiTextSet::any"});
  folder.write("wiki.valid.tokens", "");
  expect_error<InputError>([&] { load_wikitext(folder.path(), WikiTextSet::any); },
                           {"wiki.valid.tokens", "empty file"});
  folder.write("wiki.valid.tokens", "a\xff");
  expect_error<InputError>([&] { load_wikitext(folder.path(), WikiTextSet::any); }, {"wiki.valid.tokens", "offset 1"});
  std::filesystem::remove(folder / "wiki.valid.tokens");
  expect_error<InputError>([&] { load_wikitext(folder.path(), WikiTextSet::any); }, {"the file wiki.valid.tokens"});
}
TEST(WikiText, RealOne) {
  const auto folder = data_folder("wikitext-2");
  if (folder.empty()) GTEST_SKIP() << "ATELIER_DATA has no wikitext-2";
  const auto wiki = load_wikitext(folder);
  EXPECT_EQ(wiki.train.lines, 36'718);
  EXPECT_EQ(wiki.train.tokens, 2'088'628);
  EXPECT_EQ(wiki.valid.tokens, 217'646);
  EXPECT_EQ(wiki.test.tokens, 245'569);
  EXPECT_EQ(wiki.test.sha256, "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0");
}

}  // namespace
