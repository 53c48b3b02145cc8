#include "atelier/models/lstm_lm/files.hpp"

#include "atelier/models/weights.hpp"
#include "models/model_file.hpp"

namespace atelier::inline v0 {

namespace lstm_lm {

std::string to_json(const Config& c) {
  return nlohmann::ordered_json{{"model", "lstm_lm"},
                                {"vocabulary", c.vocabulary},
                                {"embedding", c.embedding},
                                {"hidden", c.hidden},
                                {"layers", c.layers},
                                {"output", name(c.output)},
                                {"cutoffs", c.cutoffs},
                                {"dropout_words", c.dropout.words},
                                {"dropout_input", c.dropout.input},
                                {"dropout_between", c.dropout.between},
                                {"dropout_output", c.dropout.output},
                                {"dropout_weights", c.dropout.weights}}
      .dump();
}
void save(const LstmLm& model, const std::filesystem::path& file) {
  save_weights(model, file, {{model_config_key, to_json(model.config)}});
}

namespace {
Config config_from(const models::Fields& f) {
  Config c;
  c.vocabulary = models::positive(f, "vocabulary"), c.embedding = models::positive(f, "embedding");
  c.hidden = models::positive(f, "hidden"), c.layers = models::positive(f, "layers");
  c.output = output_from(f.text("output", name(c.output)));
  if (f.has("cutoffs")) c.cutoffs = f.integers("cutoffs");
  c.dropout = {f.number("dropout_words", 0), f.number("dropout_input", 0), f.number("dropout_between", 0),
               f.number("dropout_output", 0), f.number("dropout_weights", 0)};
  return c.check();
}

/// At least so many weights has a model of these sizes.
double weights(const Config& c) {
  const double width = static_cast<double>(c.embedding), hidden = static_cast<double>(c.hidden);
  const double tables = c.output == Output::linear ? 2 : 1;
  return tables * static_cast<double>(c.vocabulary) * width + 4 * hidden * (width + hidden) +
         (static_cast<double>(c.layers) - 1) * 8 * hidden * hidden;
}
}  // namespace
}  // namespace lstm_lm

template <> lstm_lm::LstmLm load<lstm_lm::LstmLm>(const std::filesystem::path& path) {
  const auto opened = models::ModelFile::open(path, "lstm_lm");
  const auto c = lstm_lm::config_from(opened.config);
  opened.check_size(lstm_lm::weights(c));
  lstm_lm::LstmLm model(c);
  load_weights(model, opened.path, {.prefix = opened.prefix({"model.", ""}, "encoder.weight")});
  return model;
}

}  // namespace atelier::inline v0
