// Files alone: a tensor saved and read again. Prints: 3 numbers, checksums
#include <cstdio>

#include "atelier/io/safetensors.hpp"

using namespace atelier;

int main(int, char** argv) {
  const std::string path = std::string(argv[0]) + ".safetensors";
  const Tensor x({3}, {1, 2, 3});
  const io::NamedBytes tensors[] = {io::named("x", x)};
  io::write_safetensors(path, tensors);
  const auto file = io::SafetensorsFile::open(path);
  std::printf("%zu numbers, %s\n", file.read<float>("x").values().size(), file.has_checksums() ? "checksums" : "none");
}
