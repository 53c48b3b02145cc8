/// Running vae_mnist on a few small images, and looking at what it leaves.
#pragma once

#include <gtest/gtest.h>

#include <random>

#include "data/idx_support.hpp"
#include "programs/run_files.hpp"

/// Images whose stripes tell their class, under noise.
inline std::string striped_images(int count, int side, unsigned seed) {
  std::mt19937 noise(seed);
  const auto n = static_cast<std::uint32_t>(count), s = static_cast<std::uint32_t>(side);
  std::string bytes = big_endian(2051) + big_endian(n) + big_endian(s) + big_endian(s);
  for (int i = 0; i < count; ++i)
    for (int k = 0; k < side * side; ++k)
      bytes += static_cast<char>((k * 7 + i % 10 * 13) % 23 < 9 ? 200 + noise() % 56 : noise() % 60);
  return bytes;
}

/// A data set in MNIST's format; image i is of class i % 10.
inline void write_digits(const fs::path& folder, int train, int test, int side, unsigned seed = 1) {
  fs::create_directories(folder);
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
  };
  for (const auto& [stem, count] : {std::pair{"train", train}, std::pair{"t10k", test}}) {
    const auto n = static_cast<std::uint32_t>(count);
    write(std::string(stem) + "-images-idx3-ubyte", striped_images(count, side, seed + n));
    write(std::string(stem) + "-labels-idx1-ubyte", idx_file({n}, n));
  }
}

inline void expect_failure(const Ended& e, int code, const std::vector<std::string>& parts, bool alone = true) {
  expect_failure_of("vae_mnist", e, code, parts, alone);
}

/// A folder with data, and runs in it.
class VaeProgram : public testing::Test {
 protected:
  VaeProgram() { write_digits(data(), 160, 64, 8); }

  fs::path data() const { return folder_ / "data"; }
  RunFiles files(const std::string& out) const { return {folder_ / out}; }
  /// The program with a small model's flags; `more` adds to them and wins.
  Command command(const std::string& out, const Flags& more = {}) const {
    Flags flags = {{"--data", data()}, {"--out", folder_ / out}, {"--hidden", "16"},    {"--latent", "3"},
                   {"--batch", "16"},  {"--threads", "1"},       {"--progress", "none"}};
    for (const auto& [flag, value] : more) flags.insert_or_assign(flag, value);
    if (!flags.contains("--epochs") && !flags.contains("--minutes")) flags.insert({"--steps", "12"});
    return command_of(ATELIER_VAE_MNIST, flags);
  }
  Ended train(const std::string& out, const Flags& more = {}) const { return run(command(out, more)); }
  /// A run that must succeed.
  RunFiles trained(const std::string& out, const Flags& more = {}) const {
    const Ended e = train(out, more);
    EXPECT_EQ(e.code, 0) << e.err;
    return files(out);
  }

  TempFolder folder_;
};
