/// Weights of any module from files and to files, by name: PyTorch's state dicts as safetensors, and our own.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "atelier/io/safetensors.hpp"
#include "atelier/nn/visit.hpp"

namespace atelier::inline v0 {

/// Which tensors of a file are a module's.
struct WeightsOptions {
  std::string prefix = {};     // in front of the module's names; tensors without it are not looked at
  bool unexpected_ok = false;  // the file may hold more than the module has
};

namespace detail {
/// One parameter or buffer of a module.
struct WeightSlot {
  std::string name;
  Shape shape;
  std::function<float*()> write;
};
void load_weights(const std::vector<WeightSlot>& slots, const std::filesystem::path& path, const WeightsOptions& o);
}  // namespace detail

/// Overwrites every parameter and buffer of `module` with the file's tensor of that name. F64, F16 and BF16 convert,
/// whole numbers too where a single one is asked for (PyTorch's num_batches_tracked). Checksums are verified where the
/// file has them. Throws InputError that lists all that is missing, unexpected and of another shape, with the nearest
/// names; then and when the file is damaged the module is as it was.
template <nn::Module M> void load_weights(M& module, const std::filesystem::path& path, const WeightsOptions& o = {}) {
  std::vector<detail::WeightSlot> slots;
  nn::visit_all(module, [&](const std::string& name, auto& p) {
    slots.push_back({name, p.shape(), [&p] { return p.write(); }});
  });
  detail::load_weights(slots, path, o);
}

/// Writes every parameter and buffer under its name (io::write_safetensors). PyTorch reads the file, and
/// load_state_dict() takes it. Throws IoError when the system refuses.
template <nn::Module M>
void save_weights(const M& module, const std::filesystem::path& path, const io::Metadata& metadata = {}) {
  std::vector<io::NamedBytes> tensors;
  nn::visit_all(module, [&](const std::string& name, const auto& p) { tensors.push_back(io::named<float>(name, p)); });
  io::write_safetensors(path, tensors, metadata);
}

}  // namespace atelier::inline v0
