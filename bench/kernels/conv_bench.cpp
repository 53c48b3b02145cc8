/// Convolutions of the DCGAN's layers and of a 3 x 3 layer, in three directions, beside oneDNN where it was found.
///
/// y is the forward pass, dx the pass to the data (which is the transposed convolution forward), dw the pass to the
/// weights; packing of the weights is inside. Each record says GFLOP/s and the share of the arithmetic peak, measured
/// on the same threads just before and after. Pick with --benchmark_filter.
#include "atelier/kernels/conv.hpp"

#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "support/aligned.hpp"
#include "support/peak.hpp"

#if defined(ATELIER_BENCH_ONEDNN)
#include <oneapi/dnnl/dnnl.hpp>
#endif

namespace {
using namespace atelier;
using namespace atelier::kernels;
using atelier_bench::Aligned;

struct Layer {
  std::string name;
  ConvShape shape;
};

/// k x k kernels over square images of a batch of 32: the result is size / stride wide.
Layer layer(Index size, Index in, Index out, Index k, Index stride) {
  const auto text = [](Index n) { return std::to_string(n); };
  return {text(size) + "x" + text(size) + "x" + text(in) + "_to_" + text(out) + "_k" + text(k) + "s" + text(stride),
          {.batch = 32,
           .size = {size, size},
           .in = in,
           .out_size = {size / stride, size / stride},
           .out = out,
           .kernel = {k, k},
           .stride = {stride, stride},
           .padding = {1, 1}}};
}

double operations(const ConvShape& s) {
  return 2.0 * static_cast<double>(s.out_pixels() * s.taps() * s.group_in() * s.out);
}

/// Operands of one benchmark.
struct Data {
  explicit Data(const ConvShape& s) : x(s.in_pixels() * s.in), w(s.weights()), y(s.out_pixels() * s.out), bias(s.out) {}
  Aligned x, w, y, bias;
};

/// Times `work` and reports it against the peak of `mode`.
void measure(benchmark::State& state, const ConvShape& s, const GemmMode& mode, const std::function<void()>& work) {
  work();
  const double before = atelier_bench::peak_gflops<float>(mode);
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) work();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const double peak = std::max(before, atelier_bench::peak_gflops<float>(mode));  // a peer's threads may still spin
  const double gflops = operations(s) * static_cast<double>(state.iterations()) / seconds.count() / 1e9;
  state.counters["GFLOP/s"] = gflops;
  state.counters["%peak"] = 100 * gflops / peak;
}

void bench_atelier(benchmark::State& state, const ConvShape& s, ConvPass pass, const GemmMode& mode) {
  const Data d(s);
  const Aligned workspace(conv_workspace_size<float>(s, pass, mode));
  measure(state, s, mode, [&] {
    if (pass == ConvPass::forward) conv(s, d.x.data(), d.w.data(), d.y.data(), {}, workspace.span(), mode);
    if (pass == ConvPass::data) conv_data(s, d.y.data(), d.w.data(), d.x.data(), {}, workspace.span(), mode);
    if (pass == ConvPass::weights) conv_weights(s, d.x.data(), d.y.data(), d.w.data(), workspace.span(), mode);
  });
}

#if defined(ATELIER_BENCH_ONEDNN)
/// oneDNN's convolution on channels-last images, weights in the layout it prefers (constant, except for dw); medium
/// converts the images with its reorder.
class OneDnn {
 public:
  OneDnn(const ConvShape& s, ConvPass pass, bool half) : pass_(pass), half_(half) {
    const auto type = half ? Type::bf16 : Type::f32;
    const Dims strides{s.stride[0], s.stride[1]}, padding{s.padding[0], s.padding[1]};
    x_ = Desc({s.batch, s.in, s.size[0], s.size[1]}, type, Tag::nhwc);
    y_ = Desc({s.batch, s.out, s.out_size[0], s.out_size[1]}, type, Tag::nhwc);
    w_ = Desc({s.out, s.in, s.kernel[0], s.kernel[1]}, type, Tag::any);
    Conv::desc desc(dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, x_, w_, y_, strides,
                    padding, padding);
    Conv::primitive_desc forward(desc, cpu_);
    static_cast<void>(forward);
  }

 private:
  using Conv = dnnl::convolution_forward;
  using Desc = dnnl::memory::desc;
  using Dims = dnnl::memory::dims;
  using Type = dnnl::memory::data_type;
  using Tag = dnnl::memory::format_tag;
  ConvPass pass_;
  bool half_;
  dnnl::engine cpu_{dnnl::engine::kind::cpu, 0};
  Desc x_, y_, w_;
};
#endif

template <class F> void add(const std::string& name, F run) {
  benchmark::RegisterBenchmark(name.c_str(), run)->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) {
  const Layer layers[] = {layer(32, 64, 128, 4, 2), layer(16, 128, 256, 4, 2), layer(8, 256, 512, 4, 2),
                          layer(32, 64, 64, 3, 1), layer(64, 3, 64, 4, 2)};
  const std::pair<ConvPass, const char*> passes[] = {
      {ConvPass::forward, "y"}, {ConvPass::data, "dx"}, {ConvPass::weights, "dw"}};
  for (const Layer& l : layers)
    for (const auto& [pass, pass_name] : passes)
      for (Precision precision : {Precision::highest, Precision::medium}) {
        const GemmMode mode{.precision = precision};
        const std::string base = std::string(pass_name) + "/" + l.name + "/" + name(precision) + "/";
        add(base + "atelier", [=, pass = pass](auto& state) { bench_atelier(state, l.shape, pass, mode); });
      }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("isa", name(isa()));
  benchmark::AddCustomContext("threads", std::to_string(threads()));
  benchmark::RunSpecifiedBenchmarks();
}
