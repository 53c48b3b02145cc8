/// Generators as files. The trainers' model files hold the averaged generator, and the discriminator beside it.
#pragma once

#include "atelier/models/gan/mlp.hpp"
#include "atelier/models/gan/unet.hpp"
#include "atelier/models/load.hpp"

namespace atelier::inline v0 {

template <> gan::MlpGenerator load<gan::MlpGenerator>(const std::filesystem::path& path);
template <> gan::DcganGenerator load<gan::DcganGenerator>(const std::filesystem::path& path);
/// A U-Net, of noise or from image to image.
template <> gan::Unet load<gan::Unet>(const std::filesystem::path& path);

namespace gan {
/// Whether the images of a "gan_images" file come from a U-Net, and from noise: what load() and a caller decide by.
struct ImageGanKind {
  bool unet = false;
  bool from_noise = true;
};
/// Throws as load() does.
ImageGanKind image_gan_kind(const std::filesystem::path& path);
}  // namespace gan

}  // namespace atelier::inline v0
