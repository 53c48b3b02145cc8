/// Tokenizers as files: what comes back, and files that nobody should trust.
#include <gtest/gtest.h>

#include "atelier/data/tokenizer/bpe.hpp"
#include "atelier/data/tokenizer/character.hpp"
#include "atelier/data/tokenizer/word.hpp"
#include "data/tokenizer/golden.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;

const char* const text = "the cat sat on the mat, the \"caf\xc3\xa9\" \\ the hat\n\nthe end\n";

void expect_same(const Tokenizer& a, const Tokenizer& b) {
  EXPECT_EQ(a.kind(), b.kind());
  EXPECT_EQ(a.vocabulary().tokens(), b.vocabulary().tokens());
  EXPECT_EQ(a.vocabulary().special(), b.vocabulary().special());
  EXPECT_EQ(a.json(), b.json());
  EXPECT_EQ(a.encode(text), b.encode(text));
}
void expect_comes_back(const Tokenizer& tokenizer) {
  TempFolder folder;
  tokenizer.save(folder / "tokenizer.json");
  EXPECT_EQ(folder.count(), 1);
  EXPECT_EQ(folder.read("tokenizer.json"), tokenizer.json());
  expect_same(tokenizer, *load_tokenizer(folder / "tokenizer.json"));
  expect_same(tokenizer, *load_tokenizer(folder / "tokenizer.json", tokenizer.kind()));
}
TEST(TokenizerFile, EveryKindComesBack) {
  expect_comes_back(WordTokenizer::train(text));
  expect_comes_back(WordTokenizer::train(text, {.end_of_line = "", .unknown = ""}));
  expect_comes_back(CharacterTokenizer::train(text));
  expect_comes_back(CharacterTokenizer::train(text, {.unknown = "<unk>", .special = {"<a>", "<b>"}}));
  expect_comes_back(ByteTokenizer());
  expect_comes_back(ByteTokenizer({"<|endoftext|>", "\xc3\xa9t\xc3\xa9"}));
  expect_comes_back(train_bpe(text));
  expect_comes_back(train_bpe(text, {.special = {"\xc4\xa0", "<|endoftext|>"}}));  // which spells a blank elsewhere
}
TEST(TokenizerFile, IsDocumentedJson) {
  const auto json = nlohmann::json::parse(WordTokenizer::train("a b\n").json());
  EXPECT_EQ(json, nlohmann::json::parse(R"({"format":"atelier.tokenizer","version":1,"kind":"word",
    "end_of_line":"<eos>","unknown":"<unk>","tokens":["a","b","<eos>","<unk>"]})"));
  EXPECT_EQ(ByteTokenizer({"<e>"}).json(),
            "{\n \"format\": \"atelier.tokenizer\",\n \"version\": 1,\n \"kind\": \"byte\",\n \"special\": [\n  "
            "\"<e>\"\n ]\n}\n");
}

struct Bad {
  std::string json;
  std::vector<std::string> message;
};
void refuse_all(const std::vector<Bad>& files) {
  TempFolder folder;
  for (const Bad& bad : files) {
    SCOPED_TRACE(bad.json.substr(0, 200));
    auto parts = bad.message;
    for (const char* part : {"bad.json", "expected ", "found "}) parts.emplace_back(part);
    const auto path = folder.write("bad.json", bad.json);
    expect_error<InputError>([&] { load_tokenizer(path); }, parts);
  }
}
/// A file of our format with these members.
std::string ours(const std::string& members) { return R"({"format":"atelier.tokenizer","version":1,)" + members + "}"; }

TEST(TokenizerFileHostile, Json) {
  std::string lists = "[", objects = "{\"a\":";
  for (int i = 0; i < 100'000; ++i) lists += "[", objects += "{\"a\":";
  std::string many = "[0";
  for (int i = 0; i < 4'200'000; ++i) many += ",0";
  refuse_all({
      {"", {"a text", "an empty file"}},
      {" ", {"valid JSON"}},
      {"<!DOCTYPE html><html></html>", {"valid JSON", "byte 0"}},
      {ours("\"kind\":\"byte\",\"special\":[]").substr(0, 40), {"valid JSON", "byte 40"}},
      {ours("\"kind\":\"byte\",\"special\":[]") + "x", {"valid JSON", "byte "}},
      {ours("\"kind\":\"byte\",\"special\":[],"), {"valid JSON"}},
      {ours("\"kind\":\"byte\",\"special\":[]") + std::string(1, '\0'), {"a zero at byte"}},
      {ours("\"kind\":\"byte\",\"kind\":\"word\""), {"every key of an object once", "'kind' twice"}},
      {ours("\"kind\":\"byte\",\"\\u006bind\":\"word\""), {"'kind' twice"}},
      {ours("\"kind\":1e999"), {"numbers that a double holds", "1e999"}},
      {ours("\"kind\":-1e999"), {"numbers that a double holds"}},
      {ours("\"kind\":\"\xff\""), {"valid JSON"}},
      {ours("\"kind\":NaN"), {"valid JSON"}},
      {lists, {"a nesting of at most 8"}},
      {objects, {"a nesting of at most 8"}},
      {many + "]", {"at most 4194304 values"}},
  });
}
TEST(TokenizerFileHostile, Frame) {
  refuse_all({
      {"[]", {"an object", "a list"}},
      {"7", {"an object", "7"}},
      {"{}", {"\"format\": \"atelier.tokenizer\"", "no such key"}},
      {R"({"a":0,"b":1})", {"no such key", "load_gpt2"}},
      {R"({"format":"other"})", {"'other'"}},
      {R"({"format":7})", {"found 7"}},
      {R"({"format":"atelier.tokenizer"})", {"the key version"}},
      {R"({"format":"atelier.tokenizer","version":2,"kind":"byte"})", {"version: expected 1", "found 2"}},
      {R"({"format":"atelier.tokenizer","version":"1"})", {"version: expected 1", "'1'"}},
      {ours("\"a\":1"), {"the key kind"}},
      {ours("\"kind\":7"), {"kind: expected a text", "found 7"}},
      {ours("\"kind\":\"sentencepiece\""), {"word, character, byte or bpe", "'sentencepiece'"}},
      {ours("\"kind\":\"byte\""), {"the key special"}},
      {ours("\"kind\":\"byte\",\"special\":[],\"tokens\":[]"), {"keys of a tokenizer of this kind", "'tokens'"}},
      {ours("\"kind\":\"byte\",\"special\":{}"), {"special: expected a list of texts", "an object"}},
      {ours("\"kind\":\"byte\",\"special\":[1]"), {"special: 0: expected a text", "found 1"}},
      {ours("\"kind\":\"byte\",\"special\":[\"\"]"), {"token 256", "an empty one"}},
      {ours("\"kind\":\"byte\",\"special\":[\"<a>\",\"<a>\"]"), {"token 257", "every token once"}},
  });
}
std::string word(const std::string& tokens, const std::string& eol = "null", const std::string& unknown = "null") {
  return ours("\"kind\":\"word\",\"end_of_line\":" + eol + ",\"unknown\":" + unknown + ",\"tokens\":" + tokens);
}
std::string character(const std::string& tokens, const std::string& special = "[]",
                      const std::string& unknown = "null") {
  return ours("\"kind\":\"character\",\"unknown\":" + unknown + ",\"special\":" + special + ",\"tokens\":" + tokens);
}
TEST(TokenizerFileHostile, WordsAndCharacters) {
  refuse_all({
      {word("[]"), {"tokens: expected at least one", "an empty list"}},
      {word("{\"a\":0}"), {"tokens: expected a list of texts", "an object"}},
      {word("[\"a\",null]"), {"tokens: 1: expected a text", "null"}},
      {word("[\"a\",\"a\"]"), {"token 1", "every token once", "'a'"}},
      {word("[\"a b\"]"), {"token 0", "without white space"}},
      {word("[\"\"]"), {"token 0"}},
      {word("[\"a\"]", "\"<eos>\""), {"end_of_line: expected one of the tokens", "'<eos>'"}},
      {word("[\"a\"]", "null", "\"<unk>\""), {"unknown: expected one of the tokens", "'<unk>'"}},
      {word("[\"a\"]", "7"), {"end_of_line: expected a text", "7"}},
      {word("[\"a\"]", "\"a\"", "\"a\""), {"every special token once"}},
      {ours("\"kind\":\"word\",\"tokens\":[\"a\"]"), {"the key end_of_line"}},
      {character("[\"ab\"]"), {"token 0", "one code point"}},
      {character("[]"), {"tokens: expected at least one"}},
      {character("[\"a\"]", "[\"<a>\"]"), {"special: expected tokens of the vocabulary", "'<a>'"}},
      {character("[\"a\"]", "[]", "\"<unk>\""), {"unknown: expected one of the tokens"}},
      {character("[\"a\",\"<a>\"]", "[\"<a>\",\"<a>\"]"), {"every special token once"}},
  });
  std::string large = "[\"0\"";
  for (int i = 1; i <= 1 << 20; ++i) large += ",\"" + std::to_string(i) + "\"";
  refuse_all({{word(large + "]"), {"tokens: expected at most 1048576", "1048577"}}});
}
TEST(TokenizerFileHostile, Bpe) {
  const auto bpe = nlohmann::json::parse(train_bpe("ab ab", {.vocabulary = 258, .special = {"<e>"}}).json());
  ASSERT_EQ(bpe.at("merges").size(), 1u);
  const auto with = [&](const char* key, const nlohmann::json& value) {
    auto changed = bpe;
    changed[key] = value;
    return changed.dump();
  };
  auto tokens = bpe.at("tokens");
  tokens[256] = "ac";
  auto few = bpe.at("tokens");
  few.erase(7);
  auto spelled = bpe.at("tokens");
  spelled[3] = "a b";
  refuse_all({
      {with("merges", nlohmann::json::array()), {"token 256 ('ab')", "a merge that makes it"}},
      {with("merges", {"a b", "a b"}), {"merge 1", "every pair once"}},
      {with("merges", {"a b", "b a"}), {"merge 1 ('b', 'a')", "a result that is a token"}},
      {with("merges", {"a b", "ac b"}), {"merges: 1: expected tokens of the vocabulary", "'ac'"}},
      {with("merges", {"ab"}), {"merges: 0: expected two tokens with a blank between them"}},
      {with("merges", {" b"}), {"merges: 0", "''"}},
      {with("merges", {"a b c"}), {"merges: 0", "'a b c'"}},
      {with("merges", nlohmann::json::array({nlohmann::json::array({"a", "b"})})),
       {"merges: 0: expected a text", "a list"}},
      {with("merges", {"a b", "<e> a"}), {"merge 1", "ordinary tokens", "257"}},
      {with("merges", 7), {"merges: expected a list of texts", "7"}},
      {with("tokens", tokens), {"merge 0 ('a', 'b')", "another vocabulary"}},
      {with("tokens", few), {"each of the 256 bytes"}},
      {with("tokens", spelled), {"tokens: 3", "byte-level", "'a b'"}},
      {with("special", {"<f>"}), {"special tokens of the vocabulary", "'<f>'"}},
      {with("special", nlohmann::json::array()), {"token 257 ('<e>')", "a merge that makes it"}},
      {with("special", {"<e>", "a"}), {"each of the 256 bytes"}},
      {with("other", 1), {"keys of a tokenizer of this kind", "'other'"}},
  });
}
TEST(TokenizerFileHostile, MissingFileAndOtherKind) {
  TempFolder folder;
  expect_error<InputError>([&] { load_tokenizer(folder / "none"); }, {"none: expected a file"});
  expect_error<InputError>([&] { load_tokenizer(folder.path()); }, {"found a folder"});
  ByteTokenizer().save(folder / "bytes");
  expect_error<InputError>([&] { load_tokenizer(folder / "bytes", "bpe"); }, {"bytes: kind: expected 'bpe'", "'byte'"});
}
TEST(TokenizerFileHostile, EveryLengthAndByte) {
  TempFolder folder;
  const auto good = WordTokenizer::train("a b c\n").json();
  for (std::size_t length = 0; length + 1 < good.size(); ++length)
    expect_error<InputError>(
        [&] { load_tokenizer(folder.write("bad" + std::to_string(length), good.substr(0, length))); },
        {"bad" + std::to_string(length) + ": "});
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int bit : {0, 3, 5, 7}) {
      auto bytes = good;
      bytes[i] = static_cast<char>(bytes[i] ^ 1 << bit);
      try {
        load_tokenizer(folder.write("other" + std::to_string(8 * i) + std::to_string(bit), bytes));
      } catch (const InputError& error) {
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      }
    }
}

}  // namespace
