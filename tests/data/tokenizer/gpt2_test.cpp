/// GPT-2's own files.
#include <gtest/gtest.h>

#include "atelier/data/tokenizer/bpe.hpp"
#include "data/tokenizer/golden.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;

TEST(Gpt2, EncodesAsItsReferences) {
  const auto folder = data_folder("gpt2");
  if (folder.empty()) GTEST_SKIP() << "ATELIER_DATA has no gpt2";
  const auto gpt2 = load_gpt2(folder / "vocab.json", folder / "merges.txt");
  EXPECT_EQ(gpt2.size(), 50257);
  EXPECT_EQ(gpt2.special("<|endoftext|>"), 50256);
  std::ifstream file(folder / "reference_encodings.json");
  for (const auto& item : nlohmann::json::parse(file)) {
    const auto text = item.at("text").get<std::string>();
    EXPECT_EQ(gpt2.encode(text), item.at("ids").get<TokenIds>()) << text;
    EXPECT_EQ(gpt2.decode(gpt2.encode(text)), text);
  }
  const auto golden = golden_bpe();
  for (const auto& item : golden.at("gpt2")) {
    const auto text = from_hex(item[0]);
    EXPECT_EQ(gpt2.encode(text), item[1].get<TokenIds>()) << item[0];
    EXPECT_EQ(gpt2.decode(gpt2.encode(text)), text);
  }
  EXPECT_EQ(gpt2.encode("a<|endoftext|>", SpecialTokens::recognised), (TokenIds{64, 50256}));
}

TEST(Gpt2, FilesComeBack) {
  TempFolder folder;
  const auto bpe = train_bpe("some text, some \"quoted\" text \\ some more text \xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9");
  save_gpt2(bpe, folder.path());
  const auto back = load_gpt2(folder / "vocab.json", folder / "merges.txt");
  EXPECT_EQ(back.vocabulary().tokens(), bpe.vocabulary().tokens());
  EXPECT_EQ(back.merges(), bpe.merges());
  EXPECT_EQ(back.special("<|endoftext|>"), bpe.special("<|endoftext|>"));
  const auto odd = train_bpe("a", {.special = {"\xc4\xa0"}});  // U+0120, the spelling of a blank
  expect_error<Error>([&] { save_gpt2(odd, folder.path()); }, {"save_gpt2", "'\xc4\xa0'", "token 220"});
}

/// A vocabulary of the bytes and `more`, as vocab.json.
std::string vocabulary_of_bytes(const std::string& more) {
  std::string json = "{";
  for (int b = 0; b < 256; ++b)
    json += (b ? "," : "") + nlohmann::json(to_byte_text(std::string(1, static_cast<char>(b)))).dump() + ":" +
            std::to_string(b);
  return json + more + "}";
}

struct Bad {
  std::string vocabulary, merges;
  std::vector<std::string> message;
};
TEST(Gpt2, FilesThatNobodyShouldTrust) {
  TempFolder folder;
  const std::string good = vocabulary_of_bytes(",\"ab\":256,\"<e>\":257"), rules = "#version: 0.2\na b\n";
  EXPECT_EQ(load_gpt2(folder.write("v", good), folder.write("m", rules), {"<e>"}).size(), 258);
  EXPECT_EQ(load_gpt2(folder / "v", folder.write("m", "a b\r\n"), {"<e>"}).encode("ab"), TokenIds{256});
  const std::vector<Bad> files = {
      {"", rules, {"v: expected a text, found an empty file"}},
      {"[]", rules, {"v: expected an object of tokens", "a list"}},
      {"{}", rules, {"v: expected tokens, found none"}},
      {good.substr(0, 500), rules, {"v: expected valid JSON", "byte 500"}},
      {"<html>", rules, {"v: expected valid JSON", "byte 0"}},
      {vocabulary_of_bytes(",\"ab\":257,\"<e>\":258"), rules, {"token '<e>'", "0 to 257", "258"}},
      {vocabulary_of_bytes(",\"ab\":256,\"<e>\":256"), rules, {"token 'ab'", "an id of its own", "256", "'<e>'"}},
      {vocabulary_of_bytes(",\"ab\":-1,\"<e>\":257"), rules, {"token 'ab'", "-1"}},
      {vocabulary_of_bytes(",\"ab\":256.0,\"<e>\":257"), rules, {"token 'ab'", "256.0"}},
      {vocabulary_of_bytes(",\"ab\":1e999,\"<e>\":257"), rules, {"v: expected numbers that a double holds", "1e999"}},
      {vocabulary_of_bytes(",\"ab\":18446744073709551616,\"<e>\":257"), rules, {"token 'ab'"}},
      {vocabulary_of_bytes(",\"ab\":\"256\",\"<e>\":257"), rules, {"token 'ab'", "'256'"}},
      {vocabulary_of_bytes(",\"ab\":256,\"ab\":257"), rules, {"every key of an object once", "'ab' twice"}},
      {vocabulary_of_bytes(",\"ab\":256"), rules, {"the special token '<e>'", "no such token"}},
      {vocabulary_of_bytes(",\"a b\":256,\"<e>\":257"), rules, {"token 'a b'", "byte-level"}},
      {"{\"ab\":0,\"<e>\":1}", rules, {"m: line 2", "'a'"}},
      {"{\"a\":0,\"b\":1,\"ab\":2,\"<e>\":3}", rules, {"each of the 256 bytes"}},
      {good, "", {"m: expected a text, found an empty file"}},
      {good, "#version: 0.2\n", {"token 256 ('ab')", "cut short"}},
      {good, rules + "ab c\n", {"m", "merge 1 ('ab', 'c')", "another vocabulary"}},
      {good, rules + "abc a\n", {"m: line 3", "tokens of the vocabulary", "'abc'"}},
      {good, rules + "a b\n", {"merge 1", "every pair once"}},
      {good, rules + "\n", {"m: line 3", "two tokens with a blank between them"}},
      {good, rules + "ab\n", {"m: line 3", "'ab'"}},
      {good, rules + "a b c\n", {"m: line 3", "'a b c'"}},
      {good, rules + "\xff b\n", {"m: line 3", "byte-level"}},
      {good, rules + "<e> a\n", {"merge 1", "ordinary tokens", "257"}},
  };
  for (const Bad& bad : files) {
    const auto v = folder.write("v", bad.vocabulary), m = folder.write("m", bad.merges);
    expect_error<InputError>([&] { load_gpt2(v, m, {"<e>"}); }, bad.message);
  }
  expect_error<InputError>([&] { load_gpt2(folder / "none", folder / "m"); }, {"none: expected a file"});
  expect_error<InputError>([&] { load_gpt2(folder.write("v", good), folder / "none", {"<e>"}); },
                           {"none: expected a file"});
}

}  // namespace
