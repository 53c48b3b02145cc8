/// From images to what a U-Net is given to make them of.
#pragma once

#include "atelier/train/record.hpp"
#include "options.hpp"

namespace atelier::programs {

/// What the generator is given for images [B, H, W, C] in [-1, 1]. colorize: their luma (ITU-R BT.601), [B, H, W, 1].
/// inpaint: the images without a square of half their side, 0 there, and 1 where they are known, [B, H, W, C + 1]; the
/// square's place is drawn from `places`, or is the middle when that is null.
Tensor given(Job job, const Tensor& images, Rng* places);

/// The given image as one that can be shown: [B, H, W, C].
Tensor shown(Job job, const Tensor& given, Index channels);

/// psnr (dB, mean over images) and ms_ssim_pair of made images against true ones, and with suffix _input of what was
/// given: what doing nothing gives. All [N, C, H, W] in [0, 1].
train::Record translation_figures(const Tensor& made, const Tensor& input, const Tensor& truth);

}  // namespace atelier::programs
