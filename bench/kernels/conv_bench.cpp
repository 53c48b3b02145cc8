/// Convolutions of the DCGAN's layers and of a 3 x 3 layer, in three directions, beside our own direct kernels where
/// Winograd's filters take their place, and beside oneDNN's direct ones where that was found.
///
/// y is the forward pass, dx the pass to the data (which is the transposed convolution forward), dw the pass to the
/// weights; packing of the weights is inside. Operations are counted as those of a direct convolution, so that
/// Winograd's filters may exceed the roofline. Pick with --benchmark_filter.
#include "atelier/kernels/conv.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "support/measure.hpp"

#if defined(ATELIER_BENCH_ONEDNN)
#include "support/onednn.hpp"
#endif

namespace {
using namespace atelier;
using namespace atelier::kernels;
using atelier_bench::add;
using atelier_bench::Aligned;
using atelier_bench::measure;

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

atelier_bench::Work work_of(const ConvShape& s, const GemmMode& mode) {
  const Index numbers = s.in_pixels() * s.in + s.weights() + s.out_pixels() * s.out;
  return {.flop = 2.0 * static_cast<double>(s.out_pixels() * s.taps() * s.group_in() * s.out),
          .bytes = 4.0 * static_cast<double>(numbers),
          .precision = mode.precision};
}

/// Operands of one benchmark.
struct Data {
  explicit Data(const ConvShape& s) : x(s.in_pixels() * s.in), w(s.weights()), y(s.out_pixels() * s.out), bias(s.out) {}
  Aligned x, w, y, bias;
};

void bench_atelier(benchmark::State& state, const ConvShape& s, ConvPass pass, const GemmMode& mode) {
  const Data d(s);
  const Aligned workspace(conv_workspace_size<float>(s, pass, mode));
  measure(state, work_of(s, mode), [&] {
    if (pass == ConvPass::forward) conv(s, d.x.data(), d.w.data(), d.y.data(), {}, workspace.span(), mode);
    if (pass == ConvPass::data) conv_data(s, d.y.data(), d.w.data(), d.x.data(), {}, workspace.span(), mode);
    if (pass == ConvPass::weights) conv_weights(s, d.x.data(), d.y.data(), d.w.data(), workspace.span(), mode);
  });
}

/// The direct convolution, whatever conv() would choose.
void bench_direct(benchmark::State& state, const ConvShape& s, ConvPass pass) {
  const Data d(s);
  const GemmMode mode{.precision = Precision::highest};
  gemm_impl::with_path<float>(mode, [&]<class P>(P) {
    const conv_impl::Gather g{s, pass == ConvPass::data};
    const Aligned workspace(pass == ConvPass::weights ? conv_impl::gradient_workspace_size<P>(s)
                                                      : conv_impl::gather_workspace_size<P>(g));
    float* const space = workspace.data();
    measure(state, work_of(s, mode), [&] {
      if (pass == ConvPass::forward) conv_impl::run_gather<P>(g, d.x.data(), d.w.data(), d.y.data(), {}, space);
      if (pass == ConvPass::data) conv_impl::run_gather<P>(g, d.y.data(), d.w.data(), d.x.data(), {}, space);
      if (pass == ConvPass::weights) conv_impl::run_gradient<P>(s, d.x.data(), d.y.data(), d.w.data(), space);
    });
  });
}

#if defined(ATELIER_BENCH_ONEDNN)
/// oneDNN's convolution on channels-last images. Weights stand in the layout that it prefers, unconverted; medium takes
/// and gives bfloat16 (weight gradients in float), so that it converts nothing either.
class OneDnn {
 public:
  OneDnn(const ConvShape& s, ConvPass pass, bool half) {
    using namespace dnnl;
    const auto type = half ? memory::data_type::bf16 : memory::data_type::f32;
    const auto image = [&](const ConvShape::Pair& size, Index channels) {
      return memory::desc({s.batch, channels, size[0], size[1]}, type, memory::format_tag::nhwc);
    };
    const auto x = image(s.size, s.in), y = image(s.out_size, s.out);
    const memory::dims kernel{s.out, s.in, s.kernel[0], s.kernel[1]};
    const memory::desc w(kernel, type, memory::format_tag::any);
    const memory::desc dw(kernel, memory::data_type::f32, memory::format_tag::any);
    const memory::dims stride{s.stride[0], s.stride[1]}, padding{s.padding[0], s.padding[1]};
    const auto direct = algorithm::convolution_direct;
    const convolution_forward::primitive_desc forward(
        {prop_kind::forward_training, direct, x, w, y, stride, padding, padding}, cpu_);
    if (pass == ConvPass::forward) {
      primitive_ = convolution_forward(forward);
      arguments_ = {{DNNL_ARG_SRC, memory(x, cpu_)},
                    {DNNL_ARG_WEIGHTS, memory(forward.weights_desc(), cpu_)},
                    {DNNL_ARG_DST, memory(y, cpu_)}};
    } else if (pass == ConvPass::data) {
      const convolution_backward_data::primitive_desc back({direct, x, w, y, stride, padding, padding}, cpu_, forward);
      primitive_ = convolution_backward_data(back);
      arguments_ = {{DNNL_ARG_DIFF_SRC, memory(x, cpu_)},
                    {DNNL_ARG_WEIGHTS, memory(back.weights_desc(), cpu_)},
                    {DNNL_ARG_DIFF_DST, memory(y, cpu_)}};
    } else {
      const convolution_backward_weights::primitive_desc back({direct, x, dw, y, stride, padding, padding}, cpu_,
                                                              forward);
      primitive_ = convolution_backward_weights(back);
      arguments_ = {{DNNL_ARG_SRC, memory(x, cpu_)},
                    {DNNL_ARG_DIFF_WEIGHTS, memory(back.diff_weights_desc(), cpu_)},
                    {DNNL_ARG_DIFF_DST, memory(y, cpu_)}};
    }
    for (auto& [key, operand] : arguments_) fill(operand, half);
  }
  void run() {
    primitive_.execute(queue_, arguments_);
    queue_.wait();
  }

 private:
  /// Numbers of about 1 in both types: zeros would be faster than work.
  static void fill(dnnl::memory& operand, bool half) {
    auto* const words = static_cast<std::uint32_t*>(operand.get_data_handle());
    std::fill_n(words, operand.get_desc().get_size() / 4, half ? 0x3f81bf82u : 0x3f812345u);
  }
  dnnl::engine cpu_{dnnl::engine::kind::cpu, 0};
  dnnl::stream queue_{cpu_};
  dnnl::primitive primitive_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

void bench_onednn(benchmark::State& state, const ConvShape& s, ConvPass pass, const GemmMode& mode) {
  atelier_bench::where_implemented(state, [&] {
    OneDnn convolution(s, pass, mode.precision == Precision::medium);
    measure(state, work_of(s, mode), [&] { convolution.run(); });
  });
}
#endif

}  // namespace

int main(int argc, char** argv) {
  const Layer layers[] = {layer(32, 64, 128, 4, 2), layer(16, 128, 256, 4, 2), layer(8, 256, 512, 4, 2),
                          layer(64, 3, 64, 4, 2), layer(32, 64, 64, 3, 1)};
  const std::pair<ConvPass, const char*> passes[] = {
      {ConvPass::forward, "y"}, {ConvPass::data, "dx"}, {ConvPass::weights, "dw"}};
  for (const Layer& l : layers)
    for (const auto& [pass, pass_name] : passes)
      for (Precision precision : {Precision::highest, Precision::high, Precision::medium}) {
        const GemmMode mode{.precision = precision};
        const std::string start = std::string("conv/") + pass_name, end = "/" + l.name + "/" + name(precision) + "/";
        add(start + end + "atelier", [=, pass = pass](auto& state) { bench_atelier(state, l.shape, pass, mode); });
        if (precision == Precision::highest && winograd::serves<float>(l.shape, pass, mode))
          add(start + "_direct" + end + "atelier",
              [=, pass = pass](auto& state) { bench_direct(state, l.shape, pass); });
#if defined(ATELIER_BENCH_ONEDNN)
        if (precision != Precision::high)
          add(start + end + "onednn", [=, pass = pass](auto& state) { bench_onednn(state, l.shape, pass, mode); });
#endif
      }
  return atelier_bench::run(argc, argv);
}
