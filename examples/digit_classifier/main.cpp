// Trains the classifier that measures generated digits (weights/README.md).
//   digit_classifier --data DIR --out runs/digit_classifier
#include "program.hpp"
#include "task.hpp"
#include "trainer.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

int train_classifier(int argc, char** argv) {
  Flags flags;
  ClassifierOptions options;
  flags.options.out = "runs/digit_classifier";
  flags.options.preset = "small";
  flags.options.lr = 3e-3;
  flags.schedule = "cosine";
  flags.usual_length = {.epochs = 7};
  CommandLine line("Trains the classifier that measures generated digits.", "digit_classifier");
  add_shared_flags(line, flags, {"small"});
  line.option("--shift N", options.shift, "Pixels that training digits are moved by at most");
  if (const auto code = parse(line, flags, argc, argv)) return *code;
  return run_trainer("digit_classifier", flags, request(options), [&] {
    return std::make_unique<ClassifierTask>(data::load_mnist(data_folder(flags, "mnist")), options, flags.options);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("digit_classifier", [&] { return train_classifier(argc, argv); });
}
