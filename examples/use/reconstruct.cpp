// Shows pictures beside what a trained VAE makes of them, or the way from one picture to another through its latents.
//   reconstruct runs/vae_faces mine.png yours.jpg --out both.png
//   reconstruct runs/vae_faces mine.png yours.jpg --steps 8 --out way.png
#include <cstdio>

#include "atelier/models/vae/sample.hpp"
#include "flags.hpp"
#include "image_model.hpp"
#include "program.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

struct Request {
  std::string model, out = "reconstructions.png";
  std::vector<std::string> pictures;
  std::optional<Index> label;
  Index steps = 0;
};

/// Given and made, one above the other.
Tensor pairs(const VaeModel& model, const Tensor& given, const IndexTensor& labels) {
  return concat(std::vector<Tensor>{given, model.draw(model.encode(given, labels), labels)}, 0);
}
/// From each picture to the next, in a row each.
Tensor ways(const VaeModel& model, const Tensor& given, const Request& r) {
  const Tensor z = model.encode(given, labels_for(model, given.size(0), r.label));
  std::vector<Tensor> rows;
  for (Index i = 0; i + 1 < given.size(0); ++i) {
    const Tensor way = vae::interpolate(slice(z, 0, i, i + 1), slice(z, 0, i + 1, i + 2), r.steps);
    rows.push_back(model.draw(way, labels_for(model, r.steps, r.label)));
  }
  return concat(rows, 0);
}

int show(int argc, char** argv) {
  Request r;
  CommandLine line(
      "Shows pictures beside what a trained VAE makes of them, or, with --steps, the way from each to the next.",
      "reconstruct");
  line.argument("model", r.model, "A run's folder, its model.safetensors, or a checkpoint");
  line.argument("pictures", r.pictures, "PNG or JPEG files; the square in the middle is taken");
  line.option("--steps N", r.steps, "Pictures on the way from one to the next; 0: reconstructions").between(0, 100);
  line.option("--label N", r.label, "What a conditional model is told that the pictures are");
  line.option("--out FILE.png", r.out, "The picture");
  if (const auto code = line.parse(argc, argv)) return *code;
  if (r.steps == 1 || (r.steps > 0 && r.pictures.size() < 2))
    throw ConfigError("--steps: expected 2 or more, between 2 pictures or more, found " + std::to_string(r.steps) +
                      " and " + std::to_string(r.pictures.size()));
  check_png_name(r.out);
  const auto model = open_vae_model(r.model);
  if (model->classes > 0 && !r.label) throw ConfigError("--label: expected one for this conditional model, found none");
  const Tensor given = read_pictures(*model, r.pictures);
  const Index n = given.size(0);
  const Tensor shown = r.steps ? ways(*model, given, r) : pairs(*model, given, labels_for(*model, n, r.label));
  io::write_png(r.out, io::image_grid(shown, {.columns = r.steps ? r.steps : n}), origin(argc, argv, r.model));
  std::printf("%s\n", r.out.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("reconstruct", [&] { return show(argc, argv); });
}
