/// Running gan_mnist and gan_celeba with tiny networks on a few images.
#pragma once

#include "data/image_support.hpp"
#include "programs/kills.hpp"
#include "programs/vae_program.hpp"

/// A trainer, and what makes its runs short.
struct ImageTrainer {
  std::string name, program;
  Flags flags;
};

class GanImages : public testing::Test {
 protected:
  GanImages() {
    write_digits(data_ / "digits", 96, 48, 28);
    write_faces(data_, 48);
  }

  ImageTrainer digits() const {
    return {"gan_mnist",
            ATELIER_GAN_MNIST,
            {{"--data", data_ / "digits"}, {"--preset", "digits_seed"}, {"--width", "4"}, {"--d-width", "4"}}};
  }
  ImageTrainer faces() const {
    return {"gan_celeba",
            ATELIER_GAN_CELEBA,
            {{"--data", data_.path()}, {"--width", "4"}, {"--size", "16"}, {"--holdout", "12"}}};
  }
  RunFiles files(const std::string& out) const { return {folder_ / out}; }
  /// `more` adds to the trainer's flags and wins.
  Command command(const ImageTrainer& t, const std::string& out, const Flags& more = {}) const {
    Flags flags = {{"--out", folder_ / out}, {"--batch", "8"}, {"--latent", "6"},  {"--threads", "1"},
                   {"--progress", "none"},   {"--steps", "4"}, {"--samples", "12"}};
    for (const auto& own : {t.flags, more})
      for (const auto& [flag, value] : own) flags.insert_or_assign(flag, value);
    if (more.contains("--minutes") || more.contains("--epochs")) flags.erase("--steps");
    return command_of(t.program, flags);
  }
  Ended train(const ImageTrainer& t, const std::string& out, const Flags& more = {}) const {
    return run(command(t, out, more));
  }
  /// A run that must succeed.
  RunFiles trained(const ImageTrainer& t, const std::string& out, const Flags& more = {}) const {
    const Ended e = train(t, out, more);
    EXPECT_EQ(e.code, 0) << e.err;
    return files(out);
  }
  void refuse(const ImageTrainer& t, const Flags& flags, const std::vector<std::string>& parts, int code = 2) const {
    expect_failure_of(t.name, train(t, "refused", flags), code, parts);
    EXPECT_FALSE(fs::exists(folder_ / "refused"));
  }

  void survive_kills(const ImageTrainer& t) const {
    const Flags flags = {{"--steps", "30"}, {"--checkpoint-every", "1"}, {"--resume", ""}};
    expect_to_survive_kills(100, folder_.path(), [&](const std::string& out) { return command(t, out, flags); });
  }

  TempFolder data_, folder_;
};
