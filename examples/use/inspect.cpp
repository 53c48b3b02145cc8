// Says what a safetensors file holds, and whether it is whole.
//   inspect runs/vae/model.safetensors
#include <algorithm>
#include <cstdio>

#include "atelier/io/safetensors.hpp"
#include "atelier/models/load.hpp"
#include "flags.hpp"
#include "program.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

/// What stands in a file must not steer a terminal.
std::string tame(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text;
}

void print_tensors(const io::SafetensorsFile& file) {
  std::size_t widest = 4;
  Index numbers = 0;
  for (const auto& info : file.tensors()) widest = std::max(widest, std::min<std::size_t>(60, info.name.size()));
  for (const auto& info : file.tensors()) {
    std::printf("%-*s  %-4s  %s\n", static_cast<int>(widest), tame(info.name).c_str(), io::name(info.dtype),
                info.shape.str().c_str());
    numbers += info.shape.size();
  }
  std::printf("%zu tensors, %lld numbers\n", file.tensors().size(), static_cast<long long>(numbers));
}

int inspect(int argc, char** argv) {
  std::string path;
  CommandLine line("Says what a safetensors file holds, and whether it is whole.", "inspect");
  line.argument("file", path, "A safetensors file, or a run's folder");
  if (const auto code = line.parse(argc, argv)) return *code;
  const auto where = model_file(path);
  const auto file = io::SafetensorsFile::open(where);
  for (const auto& [key, value] : file.metadata()) std::printf("%s: %s\n", tame(key).c_str(), tame(value).c_str());
  print_tensors(file);
  file.verify();
  std::printf(file.has_checksums() ? "checksums of the header and of every tensor: as stored\n"
                                   : "no checksums in the file: it is well formed, its numbers can't be checked\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("inspect", [&] { return inspect(argc, argv); });
}
