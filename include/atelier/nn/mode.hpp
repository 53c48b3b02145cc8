/// Whether a network is being trained or used. Said with every call, never guessed from a tape.
#pragma once

namespace atelier::inline v0::nn {

/// train: statistics of the batch, dropout at work. eval: running statistics, nothing random.
enum class Mode { train, eval };

}  // namespace atelier::inline v0::nn
