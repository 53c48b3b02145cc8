#include "atelier/models/vae/files.hpp"

#include "atelier/models/weights.hpp"
#include "models/model_file.hpp"

namespace atelier::inline v0 {

namespace vae {

std::string to_json(const Config& c) {
  return nlohmann::ordered_json{{"model", "vae"},
                                {"pixels", c.pixels},
                                {"hidden", c.hidden},
                                {"latent", c.latent},
                                {"likelihood", name(c.likelihood)},
                                {"sigma", c.sigma},
                                {"levels", c.levels},
                                {"classes", c.classes}}
      .dump();
}
std::string to_json(const ConvConfig& c) {
  return nlohmann::ordered_json{{"model", "conv_vae"}, {"size", c.size},     {"channels", c.channels},
                                {"width", c.width},    {"latent", c.latent}, {"likelihood", name(c.likelihood)},
                                {"sigma", c.sigma}}
      .dump();
}
void save(const Vae& model, const std::filesystem::path& file) {
  save_weights(model, file, {{model_config_key, to_json(model.config)}});
}
void save(const ConvVae& model, const std::filesystem::path& file) {
  save_weights(model, file, {{model_config_key, to_json(model.conv)}});
}

namespace {
/// Weights between layers of so many numbers.
double weights(const std::vector<Index>& sizes) {
  double n = 0;
  for (std::size_t i = 1; i < sizes.size(); ++i) n += static_cast<double>(sizes[i - 1]) * static_cast<double>(sizes[i]);
  return n;
}
double weights(const Config& c) {
  std::vector<Index> encoder = {c.pixels + c.classes}, decoder = {c.latent + c.classes};
  encoder.insert(encoder.end(), c.hidden.begin(), c.hidden.end());
  decoder.insert(decoder.end(), c.hidden.rbegin(), c.hidden.rend());
  encoder.push_back(2 * c.latent), decoder.push_back(c.pixels * c.outputs_per_pixel());
  return weights(encoder) + weights(decoder);
}
double weights(const ConvConfig& c) {
  const double deepest = 16.0 * static_cast<double>(c.channels_at(4)), latent = static_cast<double>(c.latent);
  double n = 3 * deepest * latent;
  for (Index side = 4; side < c.size; side *= 2) {
    const Index outer = 2 * side < c.size ? c.channels_at(2 * side) : c.channels;
    n += 32.0 * static_cast<double>(c.channels_at(side)) * static_cast<double>(outer);
  }
  return n;
}
}  // namespace
}  // namespace vae

namespace {
constexpr Index most = Index{1} << 40;  // of each number of a configuration, so that their sums do not overflow

void check_range(const models::Fields& f, std::initializer_list<Index> numbers) {
  for (const Index n : numbers)
    if (n > most) models::refuse(f.place(), "numbers up to 2^40", std::to_string(n));
}
}  // namespace

template <> vae::Vae load<vae::Vae>(const std::filesystem::path& path) {
  const auto opened = models::ModelFile::open(path, "vae");
  const auto& f = opened.config;
  vae::Config c;
  c.pixels = models::positive(f, "pixels"), c.latent = models::positive(f, "latent");
  c.hidden = f.integers("hidden");
  c.likelihood = vae::likelihood_from(f.text("likelihood", vae::name(c.likelihood)));
  c.sigma = f.number("sigma", c.sigma), c.levels = f.integer("levels", c.levels);
  c.classes = f.integer("classes", c.classes);
  check_range(f, {c.pixels, c.latent, c.levels, c.classes});
  for (const Index h : c.hidden) check_range(f, {h});
  opened.check_size(vae::weights(c.check()));
  vae::Vae model(c);
  load_weights(model, opened.path, {.prefix = opened.prefix({"model.", ""}, "posterior.weight")});
  return model;
}

template <> vae::ConvVae load<vae::ConvVae>(const std::filesystem::path& path) {
  const auto opened = models::ModelFile::open(path, "conv_vae");
  const auto& f = opened.config;
  vae::ConvConfig c;
  c.size = models::positive(f, "size"), c.channels = models::positive(f, "channels");
  c.width = models::positive(f, "width"), c.latent = models::positive(f, "latent");
  c.likelihood = vae::likelihood_from(f.text("likelihood", vae::name(c.likelihood)));
  c.sigma = f.number("sigma", c.sigma);
  check_range(f, {c.channels, c.width, c.latent});
  opened.check_size(vae::weights(c.check()));
  vae::ConvVae model(c);
  load_weights(model, opened.path, {.prefix = opened.prefix({"model.", ""}, "posterior.weight")});
  return model;
}

}  // namespace atelier::inline v0
