// Draws from a model file, whose configuration is in it.
//   sampler MODEL N     prints: N pictures, mean X
//   sampler MODEL       writes an untrained model, to have one
#include <cstdio>
#include <cstdlib>

#include "atelier/models/vae/vae.hpp"
#include "atelier/nn/init.hpp"

using namespace atelier;

namespace {
void make(const char* path) {
  vae::Vae model;
  nn::init(model, Rng(1));
  save(model, path);
}
void draw(const char* path, int n) {
  const auto model = load<vae::Vae>(path);
  Rng rng(1);
  const Tensor images = vae::sample(model, n, rng);
  std::printf("%lld pictures, mean %.2f\n", static_cast<long long>(images.size(0)), mean(images).item());
}
}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) throw ConfigError("usage: sampler MODEL [N]");
  argc > 2 ? draw(argv[1], std::atoi(argv[2])) : make(argv[1]);
} catch (const Error& error) {
  std::fprintf(stderr, "sampler: error: %s\n", error.what());
  return error.exit_code();
}
