/// VAEs as files.
#pragma once

#include "atelier/models/load.hpp"
#include "atelier/models/vae/conv.hpp"

namespace atelier::inline v0 {

namespace vae {
/// Configurations as one line of JSON, as model files carry them.
std::string to_json(const Config& config);
std::string to_json(const ConvConfig& config);

/// One model file: every parameter under its name, the configuration beside them. Throws IoError when the system
/// refuses.
void save(const Vae& model, const std::filesystem::path& file);
void save(const ConvVae& model, const std::filesystem::path& file);
}  // namespace vae

template <> vae::Vae load<vae::Vae>(const std::filesystem::path& path);
template <> vae::ConvVae load<vae::ConvVae>(const std::filesystem::path& path);

}  // namespace atelier::inline v0
