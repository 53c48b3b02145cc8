#include "atelier/models/transformer/files.hpp"
#include "models/transformer/config_fields.hpp"

namespace atelier::inline v0::transformer {

using models::Fields;
using models::refuse;

std::string to_json(const Config& c) {
  const nlohmann::ordered_json json = {{"model", "gpt"},
                                       {"vocabulary", c.vocabulary},
                                       {"context", c.context},
                                       {"width", c.width},
                                       {"layers", c.layers},
                                       {"heads", c.heads},
                                       {"inner", c.inner_width()},
                                       {"positions", name(c.positions)},
                                       {"norm", name(c.norm)},
                                       {"pre_norm", c.pre_norm},
                                       {"unit", name(c.unit)},
                                       {"tied", c.tied},
                                       {"bias", c.bias},
                                       {"norm_eps", c.norm_eps},
                                       {"deviation", c.deviation},
                                       {"dropout_embedding", c.dropout.embedding},
                                       {"dropout_attention", c.dropout.attention},
                                       {"dropout_residual", c.dropout.residual},
                                       {"dropout_words", c.dropout.words}};
  return json.dump();
}

std::string to_json(const Seq2SeqConfig& c) {
  const nlohmann::ordered_json json = {{"model", "seq2seq"},
                                       {"source_vocabulary", c.source_vocabulary},
                                       {"encoder_layers", c.encoder_layers},
                                       {"shared_embedding", c.shared_embedding},
                                       {"decoder", nlohmann::ordered_json::parse(to_json(c.decoder))}};
  return json.dump();
}

Config config_from_json(const std::string& text, const std::string& place) { return config_from({text, place}); }

Config config_from(const Fields& f) {
  const auto& place = f.place();
  if (const auto model = f.text("model", "gpt"); model != "gpt") refuse(place + ": model", "gpt", model);
  Config c;
  c.vocabulary = f.integer("vocabulary"), c.context = f.integer("context"), c.width = f.integer("width");
  c.layers = f.integer("layers"), c.heads = f.integer("heads"), c.inner = f.integer("inner", c.inner);
  c.positions = positions_from(f.text("positions", name(c.positions)));
  c.norm = normalisation_from(f.text("norm", name(c.norm)));
  c.unit = unit_from(f.text("unit", name(c.unit)));
  c.pre_norm = f.flag("pre_norm", c.pre_norm), c.tied = f.flag("tied", c.tied), c.bias = f.flag("bias", c.bias);
  c.norm_eps = f.number("norm_eps", c.norm_eps), c.deviation = f.number("deviation", c.deviation);
  c.dropout = {f.number("dropout_embedding", 0), f.number("dropout_attention", 0), f.number("dropout_residual", 0),
               f.number("dropout_words", 0)};
  return c.check();
}

Seq2SeqConfig seq2seq_config_from(const Fields& f) {
  Seq2SeqConfig c;
  c.source_vocabulary = f.integer("source_vocabulary"), c.encoder_layers = f.integer("encoder_layers");
  c.shared_embedding = f.flag("shared_embedding", c.shared_embedding);
  c.decoder = config_from(f.object("decoder"));
  return c.check();
}

}  // namespace atelier::inline v0::transformer
