/// State dicts that PyTorch wrote, with inputs and outputs: they load by name and give its outputs, and what is saved
/// again is what PyTorch wrote. The largest differences are properties of the tests (--gtest_output=xml).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "atelier/models/weights.hpp"
#include "support/temp_folder.hpp"

namespace atelier {

class StateDictFile : public testing::Test {
 protected:
  explicit StateDictFile(const char* path) : path_(path), file_(io::SafetensorsFile::open(path)) {}

  template <class M> M loaded(M model, const std::string& name, const std::string& beside = "") const {
    load_weights(model, path_, {.prefix = name + ".", .unexpected_ok = !beside.empty()});
    expect_saved_as_pytorch_saves(model, name + ".", beside);
    return model;
  }
  Tensor input(const std::string& name) const { return file_.read<float>("in:" + name); }
  IndexTensor indices(const std::string& name) const { return file_.read<std::int32_t>("in:" + name); }

  void expect_output(const std::string& name, const Tensor& y) const {
    const auto truth = file_.read<float>("out:" + name);
    ASSERT_EQ(y.shape(), truth.shape());
    double largest = 0;
    for (Index i = 0; i < y.size(); ++i) {
      ASSERT_NEAR(y.data()[i], truth.data()[i], 1e-5) << name << " at " << i;
      largest = std::max(largest, std::abs(static_cast<double>(y.data()[i]) - truth.data()[i]));
    }
    std::ostringstream text;
    text << largest;
    RecordProperty(name, text.str());
  }

 private:
  /// Names, shapes, types and numbers, so that load_state_dict() takes them. A whole number comes back as a real one;
  /// `beside` is a tensor that stands in PyTorch's file twice.
  template <class M>
  void expect_saved_as_pytorch_saves(const M& model, const std::string& prefix, const std::string& beside) const {
    const TempFolder folder;
    save_weights(model, folder / "model");
    const auto saved = io::SafetensorsFile::open(folder / "model");
    std::size_t expected = 0;
    for (const auto& info : file_.tensors()) {
      if (!info.name.starts_with(prefix) || info.name == prefix + beside) continue;
      const auto own = info.name.substr(prefix.size());
      ASSERT_TRUE(saved.contains(own)) << own;
      ++expected;
      EXPECT_EQ(saved.info(own).shape, info.shape) << own;
      EXPECT_EQ(saved.info(own).dtype, io::DType::F32) << own;
      EXPECT_EQ(saved.read<float>(own).to_vector(), numbers(info)) << info.name;
    }
    EXPECT_EQ(saved.tensors().size(), expected);
  }

  std::vector<float> numbers(const io::TensorInfo& info) const {
    if (info.dtype == io::DType::F32) return file_.read<float>(info.name).to_vector();
    const auto whole = file_.read<std::int64_t>(info.name).to_vector();
    return {whole.begin(), whole.end()};
  }

  std::string path_;
  io::SafetensorsFile file_;
};

}  // namespace atelier
