// Draws from a trained model: pictures from a VAE or a GAN, points from a GAN of toy data.
//   sample runs/digits --n 64 --label 7 --out sevens.png
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "atelier/models/gan/files.hpp"
#include "atelier/models/gan/sample.hpp"
#include "atelier/parallel/team.hpp"
#include "flags.hpp"
#include "image_model.hpp"
#include "program.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

struct Request {
  std::string model, out = "samples.png";
  Index n = 64, columns = 0;
  std::uint64_t seed = 1;
  std::optional<Index> label;
  double truncation = 0;
  int threads = 0;

  Tensor noise(Index latent) const {
    Rng rng(seed);
    return truncation > 0 ? gan::truncated_normal<float>({n, latent}, truncation, rng) : normal({n, latent}, rng);
  }
};

/// Hardly any noise is nearer to 0 than 0.01: drawing would not come to an end.
void check_truncation(double limit, const std::string& found) {
  if (limit != 0 && !(limit >= 0.01 && std::isfinite(limit)))
    throw ConfigError("--truncation: expected 0 or a finite number from 0.01, found " + found);
}

void print_points(const Request& r) {
  const auto generator = load<gan::MlpGenerator>(r.model);
  const auto c = generator.config;
  if (c.classes == 0 && r.label) throw ConfigError("--label: expected none for this model, found one");
  IndexTensor labels;
  if (c.classes > 0) labels = IndexTensor({r.n}, static_cast<std::int32_t>(r.label.value_or(0)));
  const Tensor x = generator(r.noise(c.latent), nn::Mode::eval, labels);
  for (Index i = 0; i < x.size(); ++i)
    std::printf("%.6g%c", static_cast<double>(x.data()[i]), (i + 1) % c.features ? ' ' : '\n');
}

void check_grid(const ImageModel& model, const Request& r) try {
  io::check_grid({r.n, model.channels, model.size, model.size}, {.columns = r.columns});
} catch (const Error& error) {
  throw ConfigError("--n: expected fewer pictures, found " + std::to_string(r.n) + " of " + std::to_string(model.size) +
                    " x " + std::to_string(model.size) + " pixels: " + error.what());
}

/// A few at a time: what they take in memory stays small.
Tensor pictures(const ImageModel& model, const Request& r) {
  constexpr Index chunk = 100;
  const Tensor z = r.noise(model.latent);
  const auto labels = labels_for(model, r.n, r.label);
  std::vector<Tensor> parts;
  for (Index i = 0; i < r.n; i += chunk) {
    const Index end = std::min(r.n, i + chunk);
    parts.push_back(model.draw(slice(z, 0, i, end), labels ? labels.view({end - i}, i) : labels));
  }
  return concat(parts, 0);
}

int draw(int argc, char** argv) {
  constexpr std::int64_t most = 1'000'000;
  Request r;
  CommandLine line("Draws from a trained model: pictures from a VAE or a GAN, points from a GAN of toy data.",
                   "sample");
  line.argument("model", r.model, "A run's folder, its model.safetensors, or a checkpoint");
  line.option("--n N", r.n, "How many").between(1, most);
  line.option("--seed N", r.seed, "Seed of the noise").between(0, largest_seed);
  line.option("--label N", r.label, "Of a conditional model: the class to draw (default: all in turn)");
  line.option("--truncation X", r.truncation, "Noise further than this from 0 is drawn again; 0: any");
  line.option("--out FILE.png", r.out, "The picture");
  line.option("--columns N", r.columns, "Of the picture's grid; 0: nearly square").between(0, 10'000);
  add_threads_flag(line, r.threads);
  if (const auto code = line.parse(argc, argv)) return *code;
  check_truncation(r.truncation, word_after("--truncation", argc, argv));
  const ThreadScope scope(r.threads ? r.threads : threads());
  if (model_kind(r.model) == "gan_mlp") {
    print_points(r);
    return 0;
  }
  check_png_name(r.out);
  const auto model = open_image_model(r.model);
  check_grid(*model, r);
  io::write_png(r.out, io::image_grid(pictures(*model, r), {.columns = r.columns}), origin(argc, argv, r.model));
  std::printf("%s\n", r.out.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("sample", [&] { return draw(argc, argv); });
}
