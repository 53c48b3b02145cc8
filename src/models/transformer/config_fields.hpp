/// A Transformer's configuration from the JSON of a model file.
#pragma once

#include "atelier/models/transformer/config.hpp"
#include "models/fields.hpp"

namespace atelier::inline v0::transformer {

/// What config_from_json() reads, of text that has been parsed. Throws as that does.
Config config_from(const models::Fields& fields);

}  // namespace atelier::inline v0::transformer
