/// Which examples are for training and which for measuring.
#pragma once

#include <span>
#include <vector>

#include "atelier/core/random.hpp"
#include "atelier/core/shape.hpp"

namespace atelier::inline v0::data {

/// Numbers of examples, each part in ascending order. No example is in two parts.
struct Split {
  std::vector<std::int32_t> train = {}, validation = {}, test = {};
};

/// Throws ConfigError unless 0 <= holdout < count.
void check_holdout(Index count, Index holdout);

/// `holdout` examples drawn at random are the test part, the others the training part. Throws as
/// check_holdout() does.
Split split_by_count(Index count, Index holdout, const Rng& rng);

/// Example i shows person identities[i]. Persons drawn at random, one after the other until they have at least
/// `holdout` images, are the test part, the others the training part. Throws ConfigError when that leaves nothing to
/// train on.
Split split_by_identity(std::span<const std::int32_t> identities, Index holdout, const Rng& rng);

/// Numbers of examples by their positions in a part, for a Shuffle that runs over the part.
std::vector<std::int32_t> pick(std::span<const std::int32_t> part, std::span<const std::int32_t> positions);

}  // namespace atelier::inline v0::data
