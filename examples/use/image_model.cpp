#include "image_model.hpp"

#include <cmath>
#include <fstream>

#include "atelier/io/checksum.hpp"
#include "atelier/io/read_image.hpp"
#include "atelier/io/resize.hpp"
#include "atelier/models/gan/files.hpp"
#include "atelier/models/vae/files.hpp"
#include "atelier/models/vae/sample.hpp"
#include "atelier/ops/image_layout.hpp"

namespace atelier::programs {

namespace {
/// Images as rows in, rows out.
template <class V> struct VaeImages final : VaeModel {
  V vae;

  VaeImages(V v, Index own_channels, Index own_size) : vae(std::move(v)) {
    channels = own_channels, size = own_size;
    latent = vae.config.latent, classes = vae.config.classes;
  }
  Tensor draw(const Tensor& z, const IndexTensor& labels) const override {
    return reshape(vae::decode_images(vae, z, one_hot_of(labels)), Shape{z.size(0), channels, size, size});
  }
  Tensor encode(const Tensor& pictures, const IndexTensor& labels) const override {
    return vae.encode(reshape(pictures, Shape{pictures.size(0), channels * size * size}), one_hot_of(labels)).mean;
  }

 private:
  Tensor one_hot_of(const IndexTensor& labels) const { return labels ? one_hot<float>(labels, classes) : Tensor{}; }
};

template <class G> struct GanImages final : ImageModel {
  G generator;

  GanImages(G g, Index own_channels, Index own_size, Index own_latent, Index own_classes) : generator(std::move(g)) {
    channels = own_channels, size = own_size, latent = own_latent, classes = own_classes;
  }
  Tensor draw(const Tensor& z, [[maybe_unused]] const IndexTensor& labels) const override {
    constexpr auto eval = nn::Mode::eval;
    if constexpr (std::is_same_v<G, gan::DcganGenerator>)
      return affine(channels_first(generator(z, eval, labels)), 0.5f, 0.5f);
    else
      return affine(channels_first(generator(z, eval)), 0.5f, 0.5f);
  }
};

std::unique_ptr<VaeModel> open_vae(const std::filesystem::path& path) {
  auto model = load<vae::Vae>(path);
  const auto size = static_cast<Index>(std::lround(std::sqrt(static_cast<double>(model.config.pixels))));
  if (size * size != model.config.pixels)
    throw ConfigError(path.string() + ": expected a model of square pictures, found one of " +
                      std::to_string(model.config.pixels) + " numbers");
  return std::make_unique<VaeImages<vae::Vae>>(std::move(model), 1, size);
}
std::unique_ptr<VaeModel> open_conv_vae(const std::filesystem::path& path) {
  auto model = load<vae::ConvVae>(path);
  const auto c = model.conv;
  return std::make_unique<VaeImages<vae::ConvVae>>(std::move(model), c.channels, c.size);
}
std::unique_ptr<ImageModel> open_gan(const std::filesystem::path& path) {
  const auto kind = gan::image_gan_kind(path);
  if (!kind.from_noise)
    throw ConfigError(path.string() + ": expected a model that draws from noise, found one from image to image");
  if (kind.unet) {
    auto unet = load<gan::Unet>(path);
    const auto c = unet.config;
    return std::make_unique<GanImages<gan::Unet>>(std::move(unet), c.out, c.size, c.latent, 0);
  }
  auto dcgan = load<gan::DcganGenerator>(path);
  const auto c = dcgan.config;
  return std::make_unique<GanImages<gan::DcganGenerator>>(std::move(dcgan), c.channels, c.size, c.latent, c.classes);
}

io::Image square_in_the_middle(const io::Image& image) {
  const Index side = std::min(image.width, image.height);
  return io::crop(image, (image.width - side) / 2, (image.height - side) / 2, side, side);
}
}  // namespace

std::unique_ptr<ImageModel> open_image_model(const std::filesystem::path& path) {
  const auto kind = model_kind(path);
  if (kind == "vae") return open_vae(path);
  if (kind == "conv_vae") return open_conv_vae(path);
  if (kind == "gan_images") return open_gan(path);
  throw ConfigError(path.string() + ": expected a model of images, found " + kind);
}
std::unique_ptr<VaeModel> open_vae_model(const std::filesystem::path& path) {
  const auto kind = model_kind(path);
  if (kind == "vae") return open_vae(path);
  if (kind == "conv_vae") return open_conv_vae(path);
  throw ConfigError(path.string() + ": expected a VAE, which finds the latents of pictures, found " + kind);
}

IndexTensor labels_for(const ImageModel& model, Index n, std::optional<Index> chosen) {
  if (chosen && (*chosen < 0 || *chosen >= model.classes))
    throw ConfigError("--label: expected " +
                      (model.classes ? "0 to " + std::to_string(model.classes - 1) : std::string("none")) +
                      " for this model, found " + std::to_string(*chosen));
  if (model.classes == 0) return {};
  auto labels = IndexTensor::empty({n});
  for (Index i = 0; i < n; ++i)
    labels.mutable_data()[i] = static_cast<std::int32_t>(chosen ? *chosen : i % model.classes);
  return labels;
}

Tensor read_pictures(const ImageModel& model, const std::vector<std::string>& files) {
  const Index channels = model.channels, pixels = model.size * model.size;
  auto all = Tensor::empty({static_cast<Index>(files.size()), channels, model.size, model.size});
  float* to = all.mutable_data();
  for (const auto& file : files) {
    const auto read = io::read_image(file);
    const auto image = io::resize(square_in_the_middle(channels == 1 ? io::to_grey(read) : io::to_colour(read)),
                                  model.size, model.size);
    for (Index i = 0; i < channels * pixels; ++i)
      *to++ = static_cast<float>(image.pixels[static_cast<std::size_t>(i % pixels * channels + i / pixels)]) / 255.0f;
  }
  return all;
}

void check_png_name(const std::filesystem::path& out) {
  if (out.extension() != ".png" && out.extension() != ".PNG")
    throw ConfigError("--out: expected a name that ends in .png, found '" + out.string() + "'");
}

io::PngText origin(int argc, char** argv, const std::filesystem::path& model) {
  std::string command = std::filesystem::path(argv[0]).filename().string();
  for (int i = 1; i < argc; ++i) command += std::string(" ") + argv[i];
  io::Sha256 sum;
  std::ifstream file(model_file(model), std::ios::binary);
  for (char block[1 << 16]; file;) {
    file.read(block, sizeof block);
    sum.update(std::as_bytes(std::span(block, static_cast<std::size_t>(file.gcount()))));
  }
  return {{"Software", "atelier"}, {"command", command}, {"model_sha256", sum.hex()}};
}

}  // namespace atelier::programs
