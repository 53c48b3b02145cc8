#include "atelier/models/gan/files.hpp"

#include "atelier/models/weights.hpp"
#include "models/model_file.hpp"

namespace atelier::inline v0 {

namespace {
using models::ModelFile;

double times(std::initializer_list<Index> factors) {
  double n = 1;
  for (const Index f : factors) n *= static_cast<double>(f);
  return n;
}
/// A number that is not negative and so small that products of two do not overflow.
Index bounded(const models::Fields& f, const char* key, Index missing) {
  const Index n = f.integer(key, missing);
  if (n < 0 || n > (Index{1} << 30)) models::refuse(f.place() + ": " + key, "0 to 2^30", std::to_string(n));
  return n;
}

template <class G> G with_weights(const ModelFile& opened, G generator, const std::string& first) {
  const auto prefix = opened.prefix({"average.", "generator.", ""}, first);
  load_weights(generator, opened.path, {.prefix = prefix, .unexpected_ok = prefix.empty()});
  return generator;
}

gan::ImageGanKind kind_of(const models::Fields& f) {
  const auto job = f.text("task", "generate");
  return {.unet = f.text("arch", "dcgan") == "unet" || job != "generate", .from_noise = job == "generate"};
}
void require_kind(const ModelFile& opened, bool unet) {
  if (kind_of(opened.config).unet != unet)
    models::refuse(opened.config.place(), unet ? "a U-Net" : "a DCGAN", unet ? "a DCGAN" : "a U-Net");
}

/// Weights of the convolutions between maps, at least, and of the first layer.
double weights(const gan::ImageConfig& c) {
  const Index in = c.classes ? 2 * c.latent : c.latent;
  double n = times({in, 16, c.channels_at(c.halvings(), c.width)}) + times({c.classes, c.latent});
  for (Index k = c.halvings(); k > 0; --k) n += times({9, c.channels_at(k, c.width), c.channels_at(k - 1, c.width)});
  return n;
}
double weights(const gan::UnetConfig& c) {
  double n = times({c.latent, c.size >> c.depth, c.size >> c.depth, c.seen()});
  for (Index i = 0; i < c.depth; ++i) {
    const Index outer = i ? c.channels_at(i - 1) : c.seen(), inner = c.channels_at(i);
    n += times({16, outer, inner}) + times({16, inner, i ? outer : c.out});
  }
  return n;
}
double weights(const gan::Config& c) {
  Index in = c.classes ? 2 * c.latent : c.latent;
  double n = times({c.classes, c.latent}) + times({c.hidden.back(), c.features});
  for (const Index out : c.hidden) n += times({std::exchange(in, out), out});
  return n;
}
}  // namespace

namespace gan {
ImageGanKind image_gan_kind(const std::filesystem::path& path) {
  return kind_of(ModelFile::open(path, "gan_images").config);
}
}  // namespace gan

template <> gan::MlpGenerator load<gan::MlpGenerator>(const std::filesystem::path& path) {
  const auto opened = ModelFile::open(path, "gan_mlp");
  const auto& f = opened.config;
  gan::Config c;
  c.features = bounded(f, "features", 0), c.latent = bounded(f, "latent", 0), c.classes = bounded(f, "classes", 0);
  c.hidden = f.integers("hidden");
  for (const Index h : c.hidden)
    if (h > (Index{1} << 30)) models::refuse(f.place() + ": hidden", "widths up to 2^30", std::to_string(h));
  opened.check_size(weights(c.check()));
  return with_weights(opened, gan::MlpGenerator(c), "output.weight");
}

template <> gan::DcganGenerator load<gan::DcganGenerator>(const std::filesystem::path& path) {
  const auto opened = ModelFile::open(path, "gan_images");
  require_kind(opened, false);
  const auto& f = opened.config;
  gan::ImageConfig c;
  c.size = bounded(f, "size", 0), c.channels = bounded(f, "channels", 0);
  c.latent = bounded(f, "latent", 0), c.width = bounded(f, "width", 0), c.classes = bounded(f, "classes", 0);
  c.first = f.text("arch", "dcgan") == "dense" ? gan::First::dense : gan::First::convolution;
  opened.check_size(weights(c.check()));
  return with_weights(opened, gan::DcganGenerator(c), "main.0.weight");
}

template <> gan::Unet load<gan::Unet>(const std::filesystem::path& path) {
  const auto opened = ModelFile::open(path, "gan_images");
  require_kind(opened, true);
  const auto& f = opened.config;
  gan::UnetConfig c;
  c.size = bounded(f, "size", 0), c.out = bounded(f, "channels", 0);
  c.width = bounded(f, "width", 0), c.depth = bounded(f, "depth", 0);
  const Index numbers = bounded(f, "latent", 0);
  if (numbers == 0) models::refuse(f.place() + ": latent", "1 to 2^30", "0");
  if (kind_of(f).from_noise)
    c.latent = numbers;
  else
    c.in = numbers / std::max<Index>(1, c.size * c.size);
  c.keep_known = f.text("task", "generate") == "inpaint";
  c.patch_layers = 1;  // of the discriminator, which is not loaded
  opened.check_size(weights(c.check()));
  return with_weights(opened, gan::Unet(c), "down.0.weight");
}

}  // namespace atelier::inline v0
