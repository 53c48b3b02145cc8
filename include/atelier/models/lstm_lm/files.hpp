/// Recurrent language models as files.
#pragma once

#include "atelier/models/load.hpp"
#include "atelier/models/lstm_lm/model.hpp"

namespace atelier::inline v0 {

namespace lstm_lm {
/// A configuration as one line of JSON, as model files carry it.
std::string to_json(const Config& config);

/// One model file: every parameter under its name, the configuration beside them. Throws IoError when the system
/// refuses.
void save(const LstmLm& model, const std::filesystem::path& file);
}  // namespace lstm_lm

template <> lstm_lm::LstmLm load<lstm_lm::LstmLm>(const std::filesystem::path& path);

}  // namespace atelier::inline v0
