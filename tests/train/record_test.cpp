#include "atelier/train/record.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "atelier/train/options.hpp"
#include "support/expect_error.hpp"

using namespace atelier;
using train::Record;

TEST(Record, ComesBackFromItsText) {
  Record r;
  r.set("whole", 3)
      .set("real", 0.1)
      .set("flag", true)
      .set("text", "a \"b\"\n")
      .set("list", std::vector<std::int64_t>{1, 2});
  r.set("part", Record().set("inner", 1.5)).set("large", std::int64_t{1} << 60);
  EXPECT_EQ(Record::parse(r.json(), "here").json(), r.json());
  EXPECT_EQ(Record::parse(r.pretty(), "here").json(), r.json());
  EXPECT_EQ(r.json().find('\n'), std::string::npos);
  EXPECT_EQ(r.number("whole"), 3);
  EXPECT_EQ(r.integer("large"), std::int64_t{1} << 60);
}
TEST(Record, KeepsOrderAndOverwritesInPlace) {
  Record r;
  r.set("b", 1).set("a", 2).set("b", 3);
  EXPECT_EQ(r.json(), R"({"b":3,"a":2})");
  EXPECT_EQ(r.merge(Record().set("c", 4)).json(), R"({"b":3,"a":2,"c":4})");
}
TEST(Record, NumbersThatAreNoneBecomeNull) {
  EXPECT_EQ(Record().set("x", std::nan("")).json(), R"({"x":null})");
  EXPECT_TRUE(std::isnan(Record::parse(R"({"x":null})", "here").number("x")));
}
TEST(Record, RefusesOtherText) {
  expect_error<InputError>([] { Record::parse("[1]", "log.jsonl"); }, {"log.jsonl", "JSON"});
  expect_error<InputError>([] { Record::parse("{\"a\":", "log.jsonl"); }, {"log.jsonl"});
  expect_error<InputError>([] { Record().number("x"); }, {"'x'"});
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "{\"a\":";
  expect_error<InputError>([&] { Record::parse(deep + "1" + std::string(100000, '}'), "here"); }, {"levels"});
}
TEST(Options, Intervals) {
  EXPECT_EQ(train::Every::parse("100").steps, 100);
  EXPECT_EQ(train::Every::parse("30s").seconds, 30);
  EXPECT_EQ(train::Every::parse("5m").seconds, 300);
  EXPECT_EQ(train::Every::parse("100").str(), "100");
  EXPECT_EQ(train::Every::parse("5m").str(), "300s");
  for (const char* bad : {"", "0", "-3", "1.5", "5h", "s", "nan", "1e30"})
    expect_error<ConfigError>([&] { train::Every::parse(bad); }, {"--checkpoint-every", bad});
}
TEST(Options, ThatMakeNoRun) {
  const auto refuse = [](auto change, const std::vector<std::string>& parts) {
    train::Options o;
    o.budget.epochs = 1;
    o.out = "x";
    o.check();
    change(o);
    expect_error<ConfigError>([&] { o.check(); }, parts);
  };
  refuse([](auto& o) { o.budget.steps = 3; }, {"exactly one"});
  refuse([](auto& o) { o.budget.epochs = 0; }, {"exactly one"});
  refuse([](auto& o) { o.batch = 0; }, {"--batch", "0"});
  refuse([](auto& o) { o.lr = -1; }, {"--lr"});
  refuse([](auto& o) { o.lr = INFINITY; }, {"--lr", "inf"});
  refuse([](auto& o) { o.accumulate = 3; }, {"--accumulate", "128", "3"});
  refuse([](auto& o) { o.out.clear(); }, {"--out"});
}
