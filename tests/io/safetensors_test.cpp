/// Safetensors files: what is written comes back, types convert, files of other programs load.
#include "atelier/io/safetensors.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "io/safetensors_support.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using namespace atelier::io;

TEST(Safetensors, RoundTrip) {
  TempFolder folder;
  const Tensor w({2, 3}, {1, 2, 3, 4, 5, std::numeric_limits<float>::quiet_NaN()});
  const BasicTensor<double> d({}, {0.1});
  const BasicTensor<std::int64_t> i({2}, {-1, std::numeric_limits<std::int64_t>::max()});
  const BasicTensor<std::int32_t> none({0, 4}, {});
  const BasicTensor<std::uint8_t> bytes({3}, {0, 128, 255});
  const NamedBytes all[] = {named("layer.0.weight", w), named("d", d), named("i", i), named("none", none),
                            named("b", bytes)};
  const Metadata metadata = {{"format", "pt"}, {"config", "{\"x\": \"\\n\"}"}, {"dtype", "é"}};
  write_safetensors(folder / "f", all, metadata);

  const auto file = SafetensorsFile::open(folder / "f");
  EXPECT_TRUE(file.has_checksums());
  EXPECT_EQ(file.metadata(), metadata);
  EXPECT_EQ(file.tensors().size(), 5u);
  EXPECT_TRUE(file.contains("d"));
  EXPECT_FALSE(file.contains("e"));
  file.verify();
  const auto back = file.read<float>("layer.0.weight");
  EXPECT_EQ(back.shape(), w.shape());
  EXPECT_EQ(std::memcmp(back.data(), w.data(), 24), 0);
  EXPECT_EQ(file.read<double>("d").item(), 0.1);
  EXPECT_EQ(file.read<float>("d").item(), 0.1f);
  EXPECT_EQ(file.read<double>("layer.0.weight").at({1, 1}), 5.0);
  EXPECT_EQ(file.read<std::int64_t>("i").to_vector(), i.to_vector());
  EXPECT_EQ(file.read<std::int32_t>("none").shape(), (Shape{0, 4}));
  EXPECT_EQ(file.read<std::uint8_t>("b").to_vector(), bytes.to_vector());
  std::vector<float> place(6);
  file.read_into<float>("layer.0.weight", place);
  EXPECT_EQ(place[4], 5.0f);
}

TEST(Safetensors, EveryTensorIsAligned) {
  TempFolder folder;
  const Tensor w({2}, {1, 2});
  const BasicTensor<std::uint8_t> b({3}, {1, 2, 3}), c({1}, {9});
  const BasicTensor<double> d({1}, {4});
  const NamedBytes all[] = {named("b", b), named("w", w), named("c", c), named("d", d)};
  write_safetensors(folder / "f", all);
  const auto file = SafetensorsFile::open(folder / "f");
  EXPECT_EQ(file.tensors()[0].offset % 64, 0u);
  std::string order;
  for (const auto& t : file.tensors()) {
    EXPECT_EQ(t.offset % byte_size(t.dtype), 0u) << t.name;
    order += t.name;
  }
  EXPECT_EQ(order, "dwbc");
  file.verify();
}

TEST(Safetensors, SameArgumentsSameBytes) {
  TempFolder folder;
  const Tensor w({3}, {1, 2, 3});
  const NamedBytes all[] = {named("w", w)};
  write_safetensors(folder / "one", all, {{"b", "2"}, {"a", "1"}});
  std::filesystem::create_directory(folder / "elsewhere");
  write_safetensors(folder / "elsewhere/two", all, {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(folder.read("one"), folder.read("elsewhere/two"));
  const std::string expected =
      R"({"__metadata__":{"atelier.header_crc32":")";  // the exact layout is a promise to readers
  EXPECT_EQ(folder.read("one").substr(8, expected.size()), expected);
}

TEST(Safetensors, LargeTensorsComeInChunks) {
  TempFolder folder;
  const Index n = 700'001;  // no multiple of the chunk
  auto w = Tensor::empty({n});
  for (Index i = 0; i < n; ++i) w.mutable_data()[i] = static_cast<float>(i) * 0.5f;
  const NamedBytes all[] = {named("w", w)};
  write_safetensors(folder / "f", all);
  const auto file = SafetensorsFile::open(folder / "f");
  EXPECT_EQ(file.read<float>("w").to_vector(), w.to_vector());
  const auto wide = file.read<double>("w");
  for (Index i = 0; i < n; ++i) ASSERT_EQ(wide.data()[i], static_cast<double>(w.data()[i]));
}

TEST(Safetensors, NoTensors) {
  TempFolder folder;
  write_safetensors(folder / "f", {}, {{"only", "this"}});
  const auto file = SafetensorsFile::open(folder / "f");
  EXPECT_TRUE(file.tensors().empty());
  EXPECT_EQ(file.metadata().at("only"), "this");
  folder.write("g", raw_file("{}", 0));
  EXPECT_FALSE(SafetensorsFile::open(folder / "g").has_checksums());
}

TEST(Safetensors, HalfTypesConvertExactly) {
  TempFolder folder;
  const std::uint16_t f16[] = {0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x03ff, 0x3555};
  const std::uint16_t bf16[] = {0x3f80, 0xc000, 0x7f7f, 0x0001, 0x8000, 0x7f80, 0xff80, 0x7fc0};
  const NamedBytes all[] = {{"f", DType::F16, {10}, std::as_bytes(std::span(f16))},
                            {"b", DType::BF16, {8}, std::as_bytes(std::span(bf16))}};
  write_safetensors(folder / "f", all);
  const auto file = SafetensorsFile::open(folder / "f");
  const auto f = file.read<float>("f");
  const float inf = std::numeric_limits<float>::infinity();
  const float expected[] = {1, -2, 65504, 0x1p-24f, 0, inf, -inf, NAN, 1023 * 0x1p-24f, 1365 * 0x1p-12f};
  for (Index i : {0, 1, 2, 3, 4, 5, 6, 8, 9}) EXPECT_EQ(f.data()[i], expected[i]) << i;
  EXPECT_TRUE(std::signbit(f.data()[4]));
  EXPECT_TRUE(std::isnan(f.data()[7]));
  const auto b = file.read<double>("b");
  EXPECT_EQ(b.data()[0], 1);
  EXPECT_EQ(b.data()[1], -2);
  EXPECT_EQ(b.data()[2], 255 * 0x1p120);
  EXPECT_EQ(b.data()[3], 0x1p-133);
  EXPECT_TRUE(std::signbit(b.data()[4]));
  EXPECT_EQ(b.data()[5], std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(b.data()[7]));
}

TEST(Safetensors, RequestsThatDoNotFit) {
  TempFolder folder;
  const Tensor w({2}, {1, 2});
  const BasicTensor<std::int32_t> i({2}, {1, 2});
  const NamedBytes all[] = {named("w", w), named("i", i)};
  write_safetensors(folder / "f", all);
  const auto file = SafetensorsFile::open(folder / "f");
  std::vector<float> three(3);
  expect_error<InputError>([&] { file.read<float>("v"); }, {"/f: ", "tensor named 'v'", "2 tensors without it"});
  expect_error<InputError>([&] { file.read<float>("i"); }, {"/f: tensor 'i'", "convert to F32", "found I32"});
  expect_error<InputError>([&] { file.read<std::int32_t>("w"); }, {"/f: tensor 'w'", "convert to I32", "found F32"});
  expect_error<InputError>([&] { file.read_into<float>("w", three); }, {"/f: tensor 'w'", "3 elements", "found [2]"});
  expect_error<InputError>([&] { SafetensorsFile::open(folder / "none"); }, {"none: expected a file"});
}

TEST(Safetensors, DamagedDataNameTheTensor) {
  TempFolder folder;
  const Tensor w({2}, {1, 2}), v({2}, {3, 4});
  const NamedBytes all[] = {named("w", w), named("v", v)};
  write_safetensors(folder / "f", all);
  auto bytes = folder.read("f");
  bytes[bytes.size() - 1] = 'x';
  folder.write("f", bytes);
  const auto file = SafetensorsFile::open(folder / "f");
  EXPECT_EQ(file.read<float>("w").to_vector(), w.to_vector());
  expect_error<InputError>([&] { file.read<float>("v"); }, {"/f: tensor 'v'", "checksum", "damaged"});
  expect_error<InputError>([&] { file.read<double>("v"); }, {"/f: tensor 'v'", "checksum"});
  expect_error<InputError>([&] { file.verify(); }, {"/f: tensor 'v'", "checksum"});
}

TEST(Safetensors, FileCutWhileOpen) {
  TempFolder folder;
  const Tensor w({2}, {1, 2});
  const NamedBytes all[] = {named("w", w)};
  write_safetensors(folder / "f", all);
  const auto file = SafetensorsFile::open(folder / "f");
  std::filesystem::resize_file(folder / "f", std::filesystem::file_size(folder / "f") - 1);
  expect_error<InputError>([&] { file.read<float>("w"); }, {"/f: tensor 'w'", "end at byte"});
}

TEST(Safetensors, WhatCannotBeWritten) {
  TempFolder folder;
  const Tensor w({2}, {1, 2});
  const auto write = [&](std::vector<NamedBytes> tensors, Metadata metadata = {}) {
    write_safetensors(folder / "f", tensors, metadata);
  };
  expect_error<Error>([&] { write({named("w", w), named("w", w)}); }, {"tensor 'w'", "name of its own"});
  expect_error<Error>([&] { write({named("__metadata__", w)}); }, {"__metadata__"});
  expect_error<Error>([&] { write({named("\xff", w)}); }, {"UTF-8"});
  expect_error<Error>([&] { write({named("w", w)}, {{"a", "\xc3"}}); }, {"UTF-8"});
  expect_error<Error>([&] { write({named("w", w)}, {{"crc32.w", "1"}}); }, {"crc32.w", "reserved"});
  expect_error<Error>(
      [&] {
        write({{"w", DType::F32, {3}, std::as_bytes(w.values())}});
      },
      {"8 bytes do not fill F32 [3]"});
  EXPECT_EQ(folder.count(), 0);
}

TEST(Safetensors, NamesThatLookLikeTheChecksum) {
  TempFolder folder;
  const Tensor w({1}, {1});
  const std::string odd = "\"atelier.header_crc32\":\"";
  const NamedBytes all[] = {named(odd, w), named("atelier.header_crc32\":\"00000000", w), named("crc32.", w)};
  write_safetensors(folder / "f", all, {{"a" + odd + "00000000", odd}, {"aa", "atelier.header_crc32"}});
  const auto file = SafetensorsFile::open(folder / "f");
  file.verify();
  EXPECT_EQ(file.read<float>(odd).item(), 1);
}

TEST(Safetensors, FilesOfOtherProgramsLoad) {
  TempFolder folder;
  const auto path =
      folder.write("f", raw_file("{\"__metadata__\":{\"format\":\"pt\"}," + entry("b", "BOOL", "[2]", "[24,26]") + "," +
                                     entry("w", "I64", "[3,1]", "[0,24]") + "}   ",
                                 26));
  const auto file = SafetensorsFile::open(path);
  EXPECT_FALSE(file.has_checksums());
  file.verify();
  EXPECT_EQ(file.tensors()[0].name, "w");
  EXPECT_EQ(file.read<std::int64_t>("w").shape(), (Shape{3, 1}));
  EXPECT_EQ(file.read<std::uint8_t>("b").size(), 2);
  EXPECT_EQ(file.metadata().at("format"), "pt");
}

TEST(Safetensors, HuggingFaceModel) {
  const auto folder = data_folder("tiny-gpt2-hf");
  if (folder.empty()) GTEST_SKIP() << "ATELIER_DATA has no tiny-gpt2-hf";
  const auto file = SafetensorsFile::open(folder / "model.safetensors");
  EXPECT_FALSE(file.has_checksums());
  EXPECT_GT(file.tensors().size(), 40u);
  const auto w = file.read<float>("transformer.h.0.attn.c_attn.weight");
  EXPECT_EQ(w.shape(), (Shape{64, 192}));
  double sum = 0;
  for (float x : w.values()) sum += std::abs(static_cast<double>(x));
  EXPECT_GT(sum, 0);
  EXPECT_TRUE(std::isfinite(sum));
}

}  // namespace
