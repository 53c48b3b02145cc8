/// Rows of a table by number, and their gradient, which adds up what each row receives. Counted are the rows that are
/// read and written; the gradient of the whole table is written once, too.
#include "atelier/ops/embedding.hpp"

#include "atelier/autograd/grad.hpp"
#include "support/measure.hpp"

namespace {
using namespace atelier;
using namespace atelier_bench;

struct Table {
  Table(Index ids, Index vocabulary, Index width) : numbers(IndexTensor::empty({ids})) {
    Rng rng(1);
    w = normal({vocabulary, width}, rng), g = normal({ids, width}, rng);
    for (Index i = 0; i < ids; ++i) numbers.mutable_data()[i] = static_cast<std::int32_t>(rng.index(vocabulary));
  }
  double rows() const { return 4.0 * static_cast<double>(g.size()); }
  double all() const { return 4.0 * static_cast<double>(w.size()); }
  IndexTensor numbers;
  Tensor w, g;
};

void forward(benchmark::State& state, Index ids, Index vocabulary, Index width) {
  const Table t(ids, vocabulary, width);
  measure(state, {.bytes = 2 * t.rows(), .stream = Stream::copy},
          [&] { benchmark::DoNotOptimize(embedding(t.w, t.numbers).data()); });
}
void gradient(benchmark::State& state, Index ids, Index vocabulary, Index width) {
  const Table t(ids, vocabulary, width);
  measure(state, {.bytes = t.rows() + t.all(), .stream = Stream::copy},
          [&] { benchmark::DoNotOptimize(scatter_add(t.g, t.numbers, 0, vocabulary).data()); });
}
}  // namespace

int main(int argc, char** argv) {
  constexpr Index ids = 2048, width = 384;
  for (const Index vocabulary : {Index{256}, Index{8192}, Index{33278}}) {
    const std::string end = "/" + by({ids, vocabulary, width}) + "/highest/atelier";
    add("embedding/forward" + end, [=](auto& s) { forward(s, ids, vocabulary, width); });
    add("embedding/gradient" + end, [=](auto& s) { gradient(s, ids, vocabulary, width); });
  }
  return run(argc, argv);
}
