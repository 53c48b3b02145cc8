#include "metrics/product.hpp"

#include "atelier/kernels/gemm.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::metrics {

void row_products(const float* a, Index m, const float* b, Index n, Index k, float* c, Index stride) {
  const kernels::GemmShape shape{.m = m, .n = n, .k = k};
  const kernels::GemmMode mode{.precision = Precision::highest};
  const auto no = kernels::Transpose::no, yes = kernels::Transpose::yes;
  const Index size = kernels::gemm_workspace_size<float>(shape, no, yes, mode);
  auto workspace = Tensor::empty({size});
  kernels::gemm<float>(shape, no, {a, k}, yes, {b, k}, kernels::Matrix<float>{c, stride}, {},
                       {workspace.mutable_data(), static_cast<std::size_t>(size)}, mode);
}

}  // namespace atelier::inline v0::metrics
