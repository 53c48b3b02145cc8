/// What trainers of image GANs are told.
#pragma once

#include "atelier/data/celeba.hpp"
#include "atelier/models/gan/gan.hpp"
#include "gan_flags.hpp"

namespace atelier::programs {

/// dcgan: from a transposed convolution; dense: from a fully connected layer; unet: a U-Net of noise that a dense layer
/// lays out.
enum class Arch { dcgan, dense, unet };
/// What the generator is to do: images from noise, or from grey ones, or from ones with a hole.
enum class Job { generate, colorize, inpaint };

struct ImageGanOptions {
  gan::ImageConfig model;  // its `size` is the data's, too
  Arch arch = Arch::dcgan;
  Job job = Job::generate;
  Index depth = 3;           // halvings of a U-Net
  bool conditional = false;  // on the data's labels
  bool flip = false;         // training images are mirrored at random
  GanOptions gan = {};
  Index samples = 2000;  // that are measured at the end
};

/// Options as they stand in the command line.
struct ImageGanWords {
  std::string arch, job, norm, augment = "none";
  GanWords gan;
  explicit ImageGanWords(const ImageGanOptions& o);
  /// Throws ConfigError for unknown names, and for options that exclude each other.
  void resolve(ImageGanOptions& o) const;
};

/// Model and training; --task and what it needs only `with_jobs`.
void add_image_gan_flags(CommandLine& line, ImageGanOptions& o, ImageGanWords& words, bool with_jobs);

/// What those flags ask for, as config.json has it.
train::Record request(const ImageGanOptions& o);

/// The U-Net and its discriminator that the options describe, for images of `channels`.
gan::UnetConfig unet_config(const ImageGanOptions& o);

}  // namespace atelier::programs
