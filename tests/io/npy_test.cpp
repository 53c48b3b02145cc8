/// .npy files: what is written comes back, what NumPy writes loads, what is damaged is refused.
#include "atelier/io/npy.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using namespace atelier::io;

std::string npy(const std::string& header, std::size_t data, int major = 1, int minor = 0) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(major), bytes += static_cast<char>(minor);
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) bytes += static_cast<char>(header.size() >> 8 * i);
  return bytes + header + std::string(data, '\0');
}

std::string dict(const std::string& descr, const std::string& shape, const std::string& order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

template <class T> void round_trip(const BasicTensor<T>& tensor) {
  TempFolder folder;
  write_npy(folder / "a.npy", tensor);
  EXPECT_EQ((std::filesystem::file_size(folder / "a.npy") - tensor.to_vector().size() * sizeof(T)) % 64, 0u);
  const auto back = read_npy<T>(folder / "a.npy");
  EXPECT_EQ(back.shape(), tensor.shape());
  EXPECT_EQ(back.to_vector(), tensor.to_vector());
}

TEST(Npy, RoundTrip) {
  round_trip(Tensor({2, 3}, {1, 2, 3, 4, 5, 6}));
  round_trip(BasicTensor<double>({}, {0.1}));
  round_trip(BasicTensor<std::int32_t>({4}, {1, -2, 3, -4}));
  round_trip(BasicTensor<std::int64_t>({1, 1, 1, 1, 1, 2}, {1, -2}));
  round_trip(BasicTensor<std::uint8_t>({2, 0, 3}, {}));
  round_trip(Tensor({300'001}, 0.5f));
}

TEST(Npy, SameBytesAsNumpy) {
  TempFolder folder;
  write_npy(folder / "a.npy", Tensor({3, 4}, 0.0f));
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";
  header.append(117 - header.size(), ' ');  // numpy.save pads to 128 bytes
  EXPECT_EQ(folder.read("a.npy"), npy(header + "\n", 48));
  write_npy(folder / "b.npy", Tensor({3}, 0.0f));
  EXPECT_NE(folder.read("b.npy").find("'shape': (3,), }"), std::string::npos);
  write_npy(folder / "c.npy", Tensor({}, 0.0f));
  EXPECT_NE(folder.read("c.npy").find("'shape': (), }"), std::string::npos);
}

TEST(Npy, Variants) {
  TempFolder folder;
  EXPECT_EQ(read_npy<float>(folder.write("a", npy(dict("<f4", "(2,)"), 8, 2))).shape(), Shape{2});
  EXPECT_EQ(read_npy<float>(folder.write("a", npy(dict("<f8", "(2L, 1L)"), 16))).shape(), (Shape{2, 1}));
  EXPECT_EQ(read_npy<double>(folder.write("a", npy(dict("<f4", "()"), 4))).shape(), Shape{});
  EXPECT_EQ(read_npy<std::uint8_t>(folder.write("a", npy(dict("<u1", "( 2 , 1 )"), 2))).size(), 2);
  const std::string other = "{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"<i4\"}";
  EXPECT_EQ(read_npy<std::int32_t>(folder.write("a", npy(other, 8))).size(), 2);
}

TEST(Npy, RefusesWhatItCannotRead) {
  const std::string good = npy(dict("<f4", "(2,)"), 8);
  struct Case {
    std::string bytes;
    std::vector<std::string> message;
  };
  const Case cases[] = {
      {"", {"NUMPY at byte 0"}},
      {"<html>no array</html>", {"NUMPY at byte 0"}},
      {good.substr(0, 9), {"end at byte 9"}},
      {good.substr(0, 30), {"header of "}},
      {good.substr(0, good.size() - 1), {"8 bytes for <f4 [2] from byte ", "found 7"}},
      {good + "x", {"8 bytes for <f4 [2]", "found 9"}},
      {npy(dict("<f4", "(2,)"), 8, 3), {"version 1.0 or 2.0 at byte 6", "3.0"}},
      {npy(dict("<f4", "(2,)"), 8, 1, 7), {"1.7"}},
      {npy(std::string(70'000, ' '), 8, 2), {"at most 65536 bytes at byte 8", "70000"}},
      {npy(dict(">f4", "(2,)"), 8), {"byte 20", "'<f4'", "'>f4'"}},
      {npy(dict("|O", "(2,)"), 16), {"'|O'"}},
      {npy(dict("<f2", "(2,)"), 4), {"'<f2'"}},
      {npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", 8), {"a record type"}},
      {npy(dict("<f4", "(2,)", "True"), 8), {"Fortran order", "numpy.ascontiguousarray"}},
      {npy(dict("<f4", "(2,)", "0"), 8), {"expected False"}},
      {npy(dict("<f4", "2"), 8), {"expected '('"}},
      {npy(dict("<f4", "(-2,)"), 8), {"a size from 0"}},
      {npy(dict("<f4", "(2 3)"), 24), {"',' or ')'"}},
      {npy(dict("<f4", "(,)"), 4), {"a size from 0"}},
      {npy(dict("<f4", "(2"), 8), {"a size from 0"}},
      {npy(dict("<f4", "(99999999999999999999,)"), 8), {"a size from 0 to 2^63 - 1"}},
      {npy(dict("<f4", "(9223372036854775808,)"), 8), {"a size from 0 to 2^63 - 1"}},
      {npy(dict("<f4", "(4294967296, 4294967296)"), 8), {"less than 2^63 bytes"}},
      {npy(dict("<f4", "(4294967296, 4294967296, 0)"), 0), {"less than 2^63 bytes"}},
      {npy(dict("<f4", "(1, 1, 1, 1, 1, 1, 2)"), 8), {"at most 6 dimensions"}},
      {npy(dict("<f4", "(1099511627776,)"), 8), {"4398046511104 bytes", "found 8"}},
      {npy("{'descr': '<f4', 'shape': (2,)}", 8), {"key 'fortran_order'"}},
      {npy("{'descr': '<f4', 'descr': '<f4'}", 8), {"'descr' twice"}},
      {npy("{'descr': '<f4', 'extra': 1}", 8), {"'extra'"}},
      {npy("{}", 8), {"key 'descr'"}},
      {npy("{'descr", 8), {"a text in quotes"}},
      {npy("[1, 2]", 8), {"byte 10", "expected '{'"}},
      {npy("", 8), {"byte 10", "expected '{'", "header's end"}},
      {npy(dict("<f4", "(2,)") + "import os", 8), {"behind '}'"}},
      {npy(dict("<i4", "(2,)"), 8), {"convert to F32", "<i4"}},
  };
  TempFolder folder;
  for (const auto& [bytes, message] : cases) {
    auto parts = message;
    parts.push_back("bad.npy: ");
    folder.write("bad.npy", bytes);
    expect_error<InputError>([&] { read_npy<float>(folder / "bad.npy"); }, parts);
  }
  expect_error<InputError>([&] { read_npy<float>(folder / "none.npy"); }, {"none.npy"});
}

}  // namespace
