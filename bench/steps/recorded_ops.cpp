// What recording costs: 1,000 operations on four numbers and their gradients, where arithmetic takes next to nothing.
#include "atelier/autograd/grad.hpp"
#include "atelier/ops/arithmetic.hpp"
#include "atelier/ops/reduce.hpp"
#include "workload.hpp"

namespace atelier::bench {

namespace {
/// x <- x * a + b, 500 times; the loss is the sum of x, and a's and b's gradients are added to it.
class RecordedOps : public Workload {
 public:
  double parity_step(std::uint64_t k) override { return run(1 + 0.25f * static_cast<float>(k)); }
  double step() override { return run(1); }
  Index items() const override { return 2 * rounds; }

 private:
  static constexpr int rounds = 500;

  static double run(float start) {
    const Tensor a({4}, 0.99f), b({4}, 0.01f);
    Tensor x({4}, start);
    Tape tape;
    for (int i = 0; i < rounds; ++i) x = x * a + b;
    const auto loss = sum(x);
    const auto [da, db] = grad(loss, {a, b});
    return static_cast<double>(loss.item() + sum(da).item() + sum(db).item());
  }
};
}  // namespace

std::unique_ptr<Workload> make_recorded_ops() { return std::make_unique<RecordedOps>(); }

}  // namespace atelier::bench
