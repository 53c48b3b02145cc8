/// The four files of MNIST, made up and real.
#include "atelier/data/mnist.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "data/idx_support.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;

/// 4 training and 2 test images of 3 x 5.
void write_small(const TempFolder& folder, const std::string& dash = "-", bool packed = false) {
  const auto write = [&](const std::string& stem, const std::string& kind, const std::string& bytes) {
    folder.write(stem + dash + kind + (packed ? "-ubyte.gz" : "-ubyte"), packed ? gzip(bytes) : bytes);
  };
  write("train-images", "idx3", idx_file({4, 3, 5}, 60));
  write("train-labels", "idx1", idx_file({4}, 4));
  write("t10k-images", "idx3", idx_file({2, 3, 5}, 30));
  write("t10k-labels", "idx1", idx_file({2}, 2));
}

TEST(Mnist, EveryWayToNameTheFiles) {
  for (const char* dash : {"-", "."})
    for (bool packed : {false, true}) {
      TempFolder folder;
      write_small(folder, dash, packed);
      const auto mnist = load_mnist(folder.path());
      EXPECT_EQ(mnist.train.count, 4);
      EXPECT_EQ(mnist.test.count, 2);
      EXPECT_EQ(mnist.train.height, 3);
      EXPECT_EQ(mnist.test.width, 5);
      EXPECT_EQ(mnist.train.pixels.size(), 60u);
      EXPECT_EQ(mnist.test.labels, (std::vector<std::uint8_t>{0, 1}));
      EXPECT_EQ(mnist.test.labels_sha256.size(), 64u);
    }
}

TEST(Mnist, MissingFiles) {
  TempFolder folder;
  write_small(folder);
  std::filesystem::remove(folder / "t10k-labels-idx1-ubyte");
  expect_error<InputError>(
      [&] { load_mnist(folder.path()); },
      {folder.path().string() + ": expected the file t10k-labels-idx1-ubyte", "get_data.sh mnist"});
  expect_error<InputError>([&] { load_mnist(folder / "none"); }, {"none: expected the file train-images"});
}

TEST(Mnist, FilesThatDoNotBelongTogether) {
  TempFolder folder;
  write_small(folder);
  folder.write("train-labels-idx1-ubyte", idx_file({5}, 5));
  expect_error<InputError>([&] { load_mnist(folder.path()); },
                           {"train-labels-idx1-ubyte: expected 4 labels", "train-images-idx3-ubyte", "found 5"});
  write_small(folder);
  folder.write("t10k-images-idx3-ubyte", idx_file({2, 5, 3}, 30));
  expect_error<InputError>([&] { load_mnist(folder.path()); }, {"test images of 3 x 5", "found 5 x 3"});
  write_small(folder);
  folder.write("train-labels-idx1-ubyte", big_endian(2049) + big_endian(4) + "\1\2\x0a\3");
  expect_error<InputError>([&] { load_mnist(folder.path()); },
                           {"train-labels-idx1-ubyte: label 2: expected 0 to 9, found 10"});
  write_small(folder);
  std::filesystem::copy_file(folder / "train-images-idx3-ubyte", folder / "train-labels-idx1-ubyte",
                             std::filesystem::copy_options::overwrite_existing);
  expect_error<InputError>([&] { load_mnist(folder.path()); },
                           {"train-labels-idx1-ubyte: expected magic 2049", "magic 2051"});
}

void expect_full_size(const Mnist& mnist) {
  EXPECT_EQ(mnist.train.count, 60'000);
  EXPECT_EQ(mnist.test.count, 10'000);
  EXPECT_EQ(mnist.train.height, 28);
  EXPECT_EQ(mnist.train.width, 28);
  EXPECT_EQ(mnist.train.pixels.size(), 47'040'000u);
}

TEST(Mnist, RealDigits) {
  const auto folder = data_folder("mnist");
  if (folder.empty()) GTEST_SKIP() << "ATELIER_DATA has no mnist";
  const auto mnist = load_mnist(folder);
  expect_full_size(mnist);
  EXPECT_EQ(mnist.train.pixels_sha256, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db");
  EXPECT_EQ(mnist.train.labels_sha256, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5");
  EXPECT_EQ(mnist.test.pixels_sha256, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7");
  EXPECT_EQ(mnist.test.labels_sha256, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2");
  EXPECT_EQ(mnist.train.labels[0], 5);  // the best-known digit
  const double sum = std::accumulate(mnist.train.pixels.begin(), mnist.train.pixels.end(), 0.0);
  EXPECT_NEAR(sum / 47'040'000 / 255, 0.1307, 0.0001);  // the published mean
}

TEST(Mnist, FashionOfDebian) {
  const std::filesystem::path folder = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  const auto mnist = load_mnist(folder);
  expect_full_size(mnist);
  EXPECT_EQ(mnist.train.labels[0], 9);  // an ankle boot
}

}  // namespace
