/// A Transformer's configuration from the JSON of a model file.
#pragma once

#include "atelier/models/transformer/seq2seq.hpp"
#include "models/fields.hpp"

namespace atelier::inline v0::transformer {

/// What config_from_json() reads, of text that has been parsed. Throws as that does.
Config config_from(const models::Fields& fields);
/// The same of an encoder-decoder's.
Seq2SeqConfig seq2seq_config_from(const models::Fields& fields);

}  // namespace atelier::inline v0::transformer
