#include "options.hpp"

namespace atelier::programs {

namespace {
constexpr const char* arch_names[] = {"dcgan", "dense", "unet"};
constexpr const char* job_names[] = {"generate", "colorize", "inpaint"};

/// The number of `text` among `names`. Throws ConfigError for another.
template <std::size_t N> std::size_t find(const char* flag, const char* const (&names)[N], const std::string& text) {
  for (std::size_t i = 0; i < N; ++i)
    if (text == names[i]) return i;
  throw ConfigError(std::string(flag) + ": expected " + names[0] + ", " + names[1] + " or " + names[2] + ", found '" +
                    text + "'");
}
std::string describe(const gan::Augment& a) {
  std::string text;
  for (const auto& [on, name] : {std::pair{a.colour, "colour"}, {a.translation, "translation"}, {a.cutout, "cutout"}})
    if (on) text += (text.empty() ? "" : ",") + std::string(name);
  return text.empty() ? "none" : text;
}
}  // namespace

ImageGanWords::ImageGanWords(const ImageGanOptions& o)
    : arch(arch_names[static_cast<int>(o.arch)]),
      job(job_names[static_cast<int>(o.job)]),
      norm(gan::name(o.model.norm)),
      gan(o.gan) {}

void ImageGanWords::resolve(ImageGanOptions& o) const {
  gan.resolve(o.gan);
  o.arch = static_cast<Arch>(find("--arch", arch_names, arch));
  o.job = static_cast<Job>(find("--task", job_names, job));
  o.model.norm = gan::norm_from(norm);
  o.model.first = o.arch == Arch::dense ? gan::First::dense : gan::First::convolution;
  o.gan.training.augment = gan::Augment::parse(augment);
  const auto refuse = [](const char* flag, const char* why) {
    throw ConfigError(std::string(flag) + ": expected none with " + why + ", found it");
  };
  const bool unet = o.arch == Arch::unet || o.job != Job::generate;
  if (unet && o.conditional) refuse("--conditional", "a U-Net");
  if (unet && o.model.stddev_group) refuse("--stddev-group", "a U-Net");
  if (unet && o.model.dropout > 0) refuse("--dropout", "a U-Net");
  if (unet && o.model.norm != gan::Norm::batch) refuse("--norm", "a U-Net");
  if (o.job != Job::generate && o.gan.training.augment.any()) refuse("--diffaugment", "a --task");
  if (o.job == Job::generate && o.gan.training.l1_weight > 0) refuse("--l1", "images from noise");
}

void add_image_gan_flags(CommandLine& line, ImageGanOptions& o, ImageGanWords& words, bool with_jobs) {
  constexpr std::int64_t widest = 100'000;
  line.option("--arch NAME", words.arch, "dcgan, dense (first layer) or unet (of noise)");
  line.option("--width N", o.model.width, "Channels of the generator's largest inner map").between(1, widest);
  line.option("--d-width N", o.model.discriminator_width, "The same of the discriminator; 0: as --width")
      .between(0, widest);
  line.option("--latent N", o.model.latent, "Dimensions of the noise").between(1, widest);
  line.option("--depth N", o.depth, "Halvings of a U-Net").between(1, widest);
  line.option("--norm NAME", words.norm, "Of the discriminator: batch, none or spectral");
  line.option("--dropout P", o.model.dropout, "Of the discriminator's layers");
  line.option("--stddev-group N", o.model.stddev_group, "Group of the minibatch standard deviation; 0: none")
      .between(0, widest);
  line.option("--diffaugment NAME,...", words.augment,
              "What the discriminator's images go through: none, or some of colour,translation,cutout");
  line.flag("--flip,!--no-flip", o.flip, "Mirror training images at random");
  line.option("--samples N", o.samples, "Images that are measured at the end").between(2, widest);
  add_gan_flags(line, o.gan, words.gan);
  if (!with_jobs) return;
  line.option("--task NAME", words.job, "generate (from noise), colorize or inpaint (a U-Net from image to image)");
  line.option("--l1 X", o.gan.training.l1_weight, "Weight of the mean absolute error, for a --task");
}

train::Record request(const ImageGanOptions& o) {
  const auto& m = o.model;
  train::Record r;
  r.set("arch", arch_names[static_cast<int>(o.arch)])
      .set("task", job_names[static_cast<int>(o.job)])
      .set("size", m.size)
      .set("width", m.width)
      .set("d_width", m.discriminator_width)
      .set("latent", m.latent)
      .set("depth", o.depth)
      .set("norm", gan::name(m.norm))
      .set("dropout", m.dropout)
      .set("stddev_group", m.stddev_group)
      .set("conditional", o.conditional)
      .set("diffaugment", describe(o.gan.training.augment))
      .set("flip", o.flip)
      .set("l1", o.gan.training.l1_weight)
      .set("samples", o.samples);
  add_request(r, o.gan);
  return r;
}

gan::UnetConfig unet_config(const ImageGanOptions& o) {
  const auto& m = o.model;
  const bool from_noise = o.job == Job::generate;
  return {.size = m.size,
          .in = o.job == Job::inpaint ? m.channels + 1 : 1,
          .out = m.channels,
          .width = m.width,
          .depth = o.depth,
          .keep_known = o.job == Job::inpaint,
          .patch_layers = from_noise ? 3 : 2,
          .told = !from_noise,
          .latent = from_noise ? m.latent : 0};
}

}  // namespace atelier::programs
