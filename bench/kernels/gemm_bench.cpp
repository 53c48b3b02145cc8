/// Matrix products of linear layers, beside Eigen, OpenBLAS and oneDNN where they were found.
///
/// A layer has M rows of activations, K inputs and N outputs: Y = X W^T (NT), dX = dY W (NN), dW = dY^T X (TN).
/// `packed` means that the weights were brought beforehand into the layout that the program likes best; conversion of
/// activations is always inside. Pick with --benchmark_filter.
#include "atelier/kernels/gemm.hpp"

#include <Eigen/Core>
#include <string>
#include <vector>

#include "support/measure.hpp"

#if defined(ATELIER_BENCH_ONEDNN)
#include "support/onednn.hpp"
#endif
#if defined(ATELIER_BENCH_OPENBLAS)
#include <cblas.h>
#endif

namespace {
using namespace atelier;
using namespace atelier::kernels;
using atelier_bench::add;
using atelier_bench::Aligned;
using atelier_bench::measure;
using atelier_bench::Work;

struct Layer {
  Index m, k, n;
  std::string name() const { return std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n); }
};

/// The layers of the VAE and of the Transformers, squares, and one row, as in decoding.
const Layer layers[] = {{128, 784, 400}, {128, 400, 784},    {128, 400, 40},     {128, 20, 400},    {32, 784, 400},
                        {512, 784, 400}, {2048, 384, 1152},  {2048, 384, 1536},  {2048, 1536, 384}, {2048, 384, 8192},
                        {512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048}, {1, 384, 1536}};

enum class Form { y, dx, dw };

/// C[m, n] = A B as one of the three products sees its operands, by their strides.
struct Problem {
  GemmShape shape;
  Transpose ta, tb;
  Index lda, ldb;
  Work work(const GemmMode& mode) const {
    const auto [m, n, k] = shape;
    return {.flop = 2.0 * static_cast<double>(m * n * k),
            .bytes = 4.0 * static_cast<double>(m * k + k * n + m * n),
            .precision = mode.precision,
            .stream = m == 1 ? atelier_bench::Stream::read : atelier_bench::Stream::triad};
  }
};

Problem problem_of(const Layer& l, Form form) {
  switch (form) {
    case Form::y: return {{l.m, l.n, l.k}, Transpose::no, Transpose::yes, l.k, l.k};
    case Form::dx: return {{l.m, l.k, l.n}, Transpose::no, Transpose::no, l.n, l.k};
    default: return {{l.n, l.k, l.m}, Transpose::yes, Transpose::no, l.n, l.k};
  }
}

/// Operands of one benchmark.
struct Data {
  explicit Data(const Problem& p)
      : a(p.shape.m * p.shape.k), b(p.shape.k * p.shape.n), c(p.shape.m * p.shape.n), bias(p.shape.n) {}
  Aligned a, b, c, bias;
};

void bench_packed(benchmark::State& state, Problem p, GemmMode mode, Activation activation, bool bias) {
  const Data d(p);
  const auto [m, n, k] = p.shape;
  const Aligned packed(gemm_packed_size<float>(n, k, mode)),
      workspace(gemm_packed_workspace_size<float>(p.shape, mode));
  gemm_pack(n, k, p.tb, {d.b.data(), p.ldb}, packed.data(), mode);
  const GemmEpilogue<float> epilogue{.bias = bias ? d.bias.data() : nullptr, .activation = activation};
  measure(state, p.work(mode), [&, n = n] {
    gemm_packed(p.shape, {d.a.data(), p.lda}, packed.data(), Matrix<float>{d.c.data(), n}, epilogue, workspace.span(),
                mode);
  });
}

void bench_plain(benchmark::State& state, Problem p, GemmMode mode) {
  const Data d(p);
  const Aligned workspace(gemm_workspace_size<float>(p.shape, p.ta, p.tb, mode));
  measure(state, p.work(mode), [&] {
    gemm(p.shape, p.ta, {d.a.data(), p.lda}, p.tb, {d.b.data(), p.ldb}, Matrix<float>{d.c.data(), p.shape.n}, {},
         workspace.span(), mode);
  });
}

void bench_pack(benchmark::State& state, Problem p, GemmMode mode) {
  const Data d(p);
  const Aligned packed(gemm_packed_size<float>(p.shape.n, p.shape.k, mode));
  const double written = mode.rounds() ? 2 : 4;
  const Work work{.bytes = (4 + written) * static_cast<double>(p.shape.n * p.shape.k),
                  .stream = atelier_bench::Stream::copy};
  measure(state, work, [&] { gemm_pack(p.shape.n, p.shape.k, p.tb, {d.b.data(), p.ldb}, packed.data(), mode); });
}

void bench_eigen(benchmark::State& state, Problem p) {
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Map = Eigen::Map<const RowMajor>;
  const Data d(p);
  const auto [m, n, k] = p.shape;
  const Map a(d.a.data(), p.ta == Transpose::yes ? k : m, p.lda), b(d.b.data(), p.tb == Transpose::yes ? n : k, p.ldb);
  Eigen::Map<RowMajor> c(d.c.data(), m, n);
  Eigen::setNbThreads(threads());
  measure(state, p.work({.precision = Precision::highest}), [&] {
    if (p.ta == Transpose::yes)
      c.noalias() = a.transpose() * b;
    else if (p.tb == Transpose::yes)
      c.noalias() = a * b.transpose();
    else
      c.noalias() = a * b;
  });
}

#if defined(ATELIER_BENCH_OPENBLAS)
void bench_openblas(benchmark::State& state, Problem p) {
  const Data d(p);
  const auto flag = [](Transpose t) { return t == Transpose::yes ? CblasTrans : CblasNoTrans; };
  const auto i = [](Index x) { return static_cast<blasint>(x); };
  openblas_set_num_threads(threads());
  measure(state, p.work({.precision = Precision::highest}), [&] {
    cblas_sgemm(CblasRowMajor, flag(p.ta), flag(p.tb), i(p.shape.m), i(p.shape.n), i(p.shape.k), 1, d.a.data(),
                i(p.lda), d.b.data(), i(p.ldb), 0, d.c.data(), i(p.shape.n));
  });
}
#endif

#if defined(ATELIER_BENCH_ONEDNN)
/// oneDNN's matmul, `packed` with the second operand in the layout it prefers; medium converts the others with its
/// reorder.
void bench_onednn(benchmark::State& state, Problem p, bool packed, GemmMode mode) {
  using namespace dnnl;
  using Type = memory::data_type;
  const Data d(p);
  const engine cpu(engine::kind::cpu, 0);
  stream queue(cpu);
  const bool half = mode.precision == Precision::medium;
  const memory::dims a_dims{p.shape.m, p.shape.k}, b_dims{p.shape.k, p.shape.n}, c_dims{p.shape.m, p.shape.n};
  const auto strides = [](Transpose t, Index stride) {
    return t == Transpose::yes ? memory::dims{1, stride} : memory::dims{stride, 1};
  };
  const memory::desc a_float(a_dims, Type::f32, strides(p.ta, p.lda)), b_float(b_dims, Type::f32, strides(p.tb, p.ldb));
  const memory::desc c_desc(c_dims, Type::f32, memory::format_tag::ab);
  const auto type = half ? Type::bf16 : Type::f32;
  const memory::desc a_desc(a_dims, type, strides(p.ta, p.lda));
  const auto b_desc =
      packed ? memory::desc(b_dims, type, memory::format_tag::any) : memory::desc(b_dims, type, strides(p.tb, p.ldb));
  const matmul::primitive_desc plan({a_desc, b_desc, c_desc}, cpu);
  const matmul product(plan);
  memory a(a_float, cpu, d.a.data()), b(b_float, cpu, d.b.data()), c(c_desc, cpu, d.c.data());
  memory a_used = half ? memory(a_desc, cpu) : a, b_used = half || packed ? memory(plan.weights_desc(), cpu) : b;
  reorder convert_a(a, half ? a_used : a), convert_b(b, b_used);
  if (packed) convert_b.execute(queue, b, b_used);
  queue.wait();
  measure(state, p.work(mode), [&] {
    if (half) convert_a.execute(queue, a, a_used);
    if (half && !packed) convert_b.execute(queue, b, b_used);
    product.execute(queue, {{DNNL_ARG_SRC, a_used}, {DNNL_ARG_WEIGHTS, b_used}, {DNNL_ARG_DST, c}});
    queue.wait();
  });
}
#endif

void add_packed(const std::string& start, const std::string& end, const Problem& p, const GemmMode& mode) {
  add(start + "_packed" + end + "atelier", [=](auto& s) { bench_packed(s, p, mode, Activation::none, false); });
  add(start + "_pack_weights" + end + "atelier", [=](auto& s) { bench_pack(s, p, mode); });
#if defined(ATELIER_BENCH_ONEDNN)
  add(start + "_packed" + end + "onednn",
      [=](auto& s) { atelier_bench::where_implemented(s, [&] { bench_onednn(s, p, true, mode); }); });
#endif
}

void add_form(const Layer& layer, Form form, const char* form_name) {
  const Problem p = problem_of(layer, form);
  for (Precision precision : {Precision::highest, Precision::medium}) {
    const GemmMode mode{.precision = precision};
    const std::string start = std::string("gemm/") + form_name, end = "/" + layer.name() + "/" + name(precision) + "/";
    add(start + end + "atelier", [=](auto& s) { bench_plain(s, p, mode); });
#if defined(ATELIER_BENCH_ONEDNN)
    add(start + end + "onednn",
        [=](auto& s) { atelier_bench::where_implemented(s, [&] { bench_onednn(s, p, false, mode); }); });
#endif
#if defined(ATELIER_BENCH_OPENBLAS)
    if (precision == Precision::highest) add(start + end + "openblas", [=](auto& s) { bench_openblas(s, p); });
#endif
    if (precision == Precision::highest) add(start + end + "eigen", [=](auto& s) { bench_eigen(s, p); });
    if (form != Form::dw) add_packed(start, end, p, mode);
    if (form != Form::y) continue;
    add(start + "_packed_bias_relu" + end + "atelier",
        [=](auto& s) { bench_packed(s, p, mode, Activation::relu, true); });
    add(start + "_packed_bias_gelu" + end + "atelier",
        [=](auto& s) { bench_packed(s, p, mode, Activation::gelu_tanh, true); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (const Layer& layer : layers) {
    add_form(layer, Form::y, "Y");
    add_form(layer, Form::dx, "dX");
    add_form(layer, Form::dw, "dW");
  }
  return atelier_bench::run(argc, argv);
}
