/// Training or use.
#pragma once

namespace atelier::inline v0::nn {

/// What a layer is run for, where that makes a difference: batch statistics and power iterations go on in training
/// only. Said explicitly: whether a tape is alive says nothing (a GAN's fakes are made in training without one).
enum class Mode { train, eval };

}  // namespace atelier::inline v0::nn
