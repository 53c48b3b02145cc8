/// Matrix products against plain loops: odd sizes, strides, epilogues, precisions, threads, guards around every output.
#include "atelier/kernels/gemm.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <vector>

namespace {
using namespace atelier;
using namespace atelier::kernels;

constexpr Index guard = 64;  // numbers on either side of an output

/// Numbers aligned to 64 bytes, 64 MiB before the next memory that exists: whoever runs past their end crashes.
template <class T> class Buffer {
 public:
  explicit Buffer(Index n) : size_(n) {
    constexpr std::size_t page = 4096, gap = std::size_t{64} << 20;
    const std::size_t bytes = (static_cast<std::size_t>(n) * sizeof(T) + 63) / 64 * 64,
                      used = (bytes / page + 1) * page;
    mapped_ = used + gap;
    memory_ = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory_ == MAP_FAILED || mprotect(memory_, used, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    data_ = reinterpret_cast<T*>(static_cast<char*>(memory_) + used - bytes);
  }
  ~Buffer() { munmap(memory_, mapped_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  T* data() { return data_; }
  std::span<T> span() { return {data_, static_cast<std::size_t>(size_)}; }

 private:
  Index size_;
  std::size_t mapped_ = 0;
  void* memory_ = nullptr;
  T* data_ = nullptr;
};

std::mt19937 generator(1234);

Index draw(Index low, Index high) { return std::uniform_int_distribution<Index>(low, high)(generator); }

template <class T> std::vector<T> random_numbers(Index n) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<T> v(static_cast<std::size_t>(n));
  for (T& x : v) x = static_cast<T>(uniform(generator));
  return v;
}

/// The nearest bfloat16, ties to even.
template <class T> T round_to_bf16(T x) {
  if (!std::isfinite(x)) return x;
  int exponent;
  const double fraction = std::frexp(static_cast<double>(x), &exponent);  // [0.5, 1), 8 bits stay
  return static_cast<T>(std::ldexp(std::nearbyint(fraction * 256), exponent - 8));
}

/// One product with random operands and everything that can be asked of it.
template <class T> struct Case {
  GemmShape shape;
  Transpose ta = Transpose::no, tb = Transpose::no;
  bool bias = false, accumulate = false;
  Activation activation = Activation::none;
  Precision precision = Precision::highest;
  Index extra = 0;  ///< strides minus widths

  std::vector<T> a{}, b{}, bias_values{}, c{};
  Index lda = 0, ldb = 0, ldc = 0;

  void fill() {
    const auto [m, n, k] = shape;
    lda = (ta == Transpose::yes ? m : k) + extra;
    ldb = (tb == Transpose::yes ? k : n) + extra;
    ldc = n + extra;
    a = random_numbers<T>(tight(ta == Transpose::yes ? k : m, lda));
    b = random_numbers<T>(tight(tb == Transpose::yes ? n : k, ldb));
    bias_values = random_numbers<T>(n);
    c = random_numbers<T>(m * ldc + 2 * guard);
  }
  /// Numbers of a matrix whose last row ends with its width, so that a sanitizer sees every read behind it.
  Index tight(Index rows, Index stride) const { return rows ? rows * stride - extra : 0; }
  GemmMode mode() const { return {.precision = precision}; }
  GemmEpilogue<T> epilogue() const { return {bias ? bias_values.data() : nullptr, activation, accumulate}; }

  std::vector<T> run() const {
    std::vector<T> out = c;
    Buffer<T> workspace(gemm_workspace_size<T>(shape, ta, tb, mode()));
    gemm(shape, ta, {a.data(), lda}, tb, {b.data(), ldb}, Matrix<T>{out.data() + guard, ldc}, epilogue(),
         workspace.span(), mode());
    return out;
  }
  std::vector<T> run_packed() const {
    std::vector<T> out = c;
    Buffer<T> packed(gemm_packed_size<T>(shape.n, shape.k, mode()));
    gemm_pack(shape.n, shape.k, tb, {b.data(), ldb}, packed.data(), mode());
    Buffer<T> workspace(gemm_packed_workspace_size<T>(shape, mode()));
    gemm_packed(shape, {a.data(), lda}, packed.data(), Matrix<T>{out.data() + guard, ldc}, epilogue(), workspace.span(),
                mode());
    return out;
  }
  /// The truth, for the inputs that the precision lets through.
  std::vector<T> expected() const {
    std::vector<T> out = c, a_used = a, b_used = b;
    if (mode().rounds())
      for (auto* v : {&a_used, &b_used})
        for (T& x : *v) x = round_to_bf16(x);
    reference::gemm(shape, ta, {a_used.data(), lda}, tb, {b_used.data(), ldb}, Matrix<T>{out.data() + guard, ldc},
                    epilogue());
    return out;
  }
  double tolerance() const { return std::is_same_v<T, double> ? 1e-12 : 2e-6; }
  std::string text() const {
    return std::to_string(shape.m) + "x" + std::to_string(shape.k) + "x" + std::to_string(shape.n) +
           (ta == Transpose::yes ? " T" : " N") + (tb == Transpose::yes ? "T" : "N") + (bias ? " bias" : "") +
           (accumulate ? " accumulate" : "") + " activation " + std::to_string(static_cast<int>(activation)) + " " +
           name(precision) + " extra " + std::to_string(extra) + " " + name(isa());
  }
};

/// Equal to the truth within the tolerance times the largest element; untouched outside the matrix.
template <class T> void expect_near(const std::vector<T>& found, const Case<T>& x) {
  const auto expected = x.expected();
  double largest = 1 + std::sqrt(static_cast<double>(x.shape.k)), worst = 0;  // what an element is like
  bool intact = true;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Index at = static_cast<Index>(i) - guard, row = at / std::max<Index>(x.ldc, 1);
    const bool inside = at >= 0 && row < x.shape.m && at - row * x.ldc < x.shape.n;
    if (!inside)
      intact = intact && found[i] == x.c[i];
    else
      largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    const double error = std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
    worst = error <= worst ? worst : error;  // NaN counts as worst
  }
  EXPECT_TRUE(intact) << x.text();
  EXPECT_LE(worst, x.tolerance() * largest) << x.text();
}

template <class T> bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// run() near the truth, and with the same bits for 1, 2 and 3 threads.
template <class T, class Run> void check_run(const Case<T>& x, const char* how, const Run& run) {
  const auto one = [&] {
    ThreadScope threads(1);
    return run();
  }();
  expect_near(one, x);
  for (int n : {2, 3}) {
    ThreadScope threads(n);
    EXPECT_TRUE(same_bits(one, run())) << n << " threads" << how << ": " << x.text();
  }
}

/// The case under every way to compute it: threads, packed beforehand.
template <class T> void check(Case<T> x) {
  x.fill();
  check_run(x, "", [&] { return x.run(); });
  if (x.ta == Transpose::no) check_run(x, ", packed", [&] { return x.run_packed(); });
}

template <class T> Case<T> random_case(int i) {
  Case<T> x;
  x.shape = {draw(1, i % 5 == 0 ? 9 : 130), draw(1, i % 3 == 0 ? 50 : 190), draw(1, i % 4 == 0 ? 30 : 260)};
  if (i % 16 == 7) x.shape.k = draw(400, 1700);
  x.ta = draw(0, 1) ? Transpose::yes : Transpose::no;
  x.tb = draw(0, 1) ? Transpose::yes : Transpose::no;
  x.bias = draw(0, 1);
  x.accumulate = draw(0, 1);
  x.activation = static_cast<Activation>(draw(0, 2));
  x.extra = draw(0, 1) * draw(0, 9);
  return x;
}

TEST(Gemm, PiecesAreEvenlySpread) {  // each run of neighbours has its share, or threads would wait for each other
  for (Index n : {0, 1, 7, 46, 400, 1024, 99'999})
    for (Index count : {1, 2, 3, 7, 46, 1000}) {
      const gemm_impl::Pieces pieces{n, count};
      EXPECT_EQ(pieces.begin(count), n);
      for (Index i = 0; i < count; ++i) {
        EXPECT_EQ(pieces.begin(i), i * n / count) << n << " in " << count;
        for (Index x = pieces.begin(i); x < pieces.begin(i + 1); ++x)
          ASSERT_EQ(pieces.of(x), i) << n << " in " << count;
      }
    }
  const gemm_impl::Pieces many{(Index{1} << 35) - 1, (Index{1} << 28) - 1};
  EXPECT_EQ(many.begin(many.count), many.n);
  for (Index i = 0; i < many.count; i += 12'345'677) {
    EXPECT_EQ(many.of(many.begin(i)), i);
    EXPECT_EQ(many.size(i) / 2, 64) << i;  // 128 or 129
  }
}

TEST(Gemm, RandomShapesHighest) {
  for (int i = 0; i < 150; ++i) check(random_case<float>(i));
}

TEST(Gemm, RandomShapesMedium) {
  for (int i = 0; i < 150; ++i) {
    auto x = random_case<float>(i);
    x.precision = Precision::medium;
    check(x);
  }
}

TEST(Gemm, RandomShapesDouble) {
  for (int i = 0; i < 80; ++i) check(random_case<double>(i));
}

TEST(Gemm, EverySmallSize) {
  for (Index m : {0, 1, 2, 15})
    for (Index n : {0, 1, 17, 33})
      for (Index k : {0, 1, 2, 5})
        for (int form = 0; form < 16; ++form)
          for (Precision precision : {Precision::highest, Precision::medium})
            check(Case<float>{.shape = {m, n, k},
                              .ta = Transpose(form & 1),
                              .tb = Transpose(form >> 1 & 1),
                              .bias = bool(form & 4),
                              .accumulate = bool(form & 8),
                              .activation = static_cast<Activation>((m + n + k) % 3),
                              .precision = precision});
}

TEST(Gemm, NoRowsOfLargeOperands) {  // whose reduction is cut into parts, or whose columns are
  for (Index k : {512, 1000})
    for (int form = 0; form < 4; ++form) {
      const Index n = k == 512 ? 512 : 1100;
      check(Case<float>{.shape = {0, n, k}, .ta = Transpose(form & 1), .tb = Transpose(form >> 1)});
      check(Case<float>{.shape = {n, 0, k}, .ta = Transpose(form & 1), .tb = Transpose(form >> 1)});
    }
}

TEST(Gemm, WorkShapes) {
  for (auto [m, k, n] :
       {std::array<Index, 3>{128, 784, 400}, {128, 400, 40}, {128, 20, 400}, {32, 784, 400}, {1, 784, 400}})
    for (Precision precision : {Precision::highest, Precision::medium}) {
      check(Case<float>{.shape = {m, n, k}, .tb = Transpose::yes, .bias = true, .precision = precision});
      check(Case<float>{.shape = {m, k, n}, .precision = precision});
      check(Case<float>{.shape = {n, k, m}, .ta = Transpose::yes, .accumulate = true, .precision = precision});
    }
}

TEST(Gemm, RowsThatShareCacheSets) {  // strides of 4096 bytes take other ways through the driver
  for (int form = 0; form < 4; ++form) {
    check(Case<float>{.shape = {40, 1024, 70}, .ta = Transpose(form & 1), .tb = Transpose(form >> 1)});
    check(Case<float>{.shape = {70, 40, 1024}, .ta = Transpose(form & 1), .tb = Transpose(form >> 1)});
    check(Case<float>{.shape = {1024, 40, 70}, .ta = Transpose(form & 1), .tb = Transpose(form >> 1)});
  }
}

TEST(Gemm, FewRowsAgainstStoredTransposed) {  // computed turned, and stored back; from 64 on in shares of the workers
  const std::array<Index, 3> shapes[] = {{1, 128, 18},   {5, 200, 97},   {32, 784, 400}, {33, 300, 70},
                                         {50, 129, 200}, {64, 500, 300}, {96, 1100, 200}};
  for (auto [m, k, n] : shapes)
    for (Precision precision : {Precision::highest, Precision::medium})
      for (int form = 0; form < 6; ++form)
        check(Case<float>{.shape = {m, n, k},
                          .tb = Transpose::yes,
                          .bias = bool(form & 1),
                          .activation = static_cast<Activation>(form / 2),
                          .precision = precision,
                          .extra = form});
  check(Case<double>{.shape = {7, 90, 150}, .tb = Transpose::yes, .bias = true, .activation = Activation::relu});
}

TEST(Gemm, FewRowsOfATransposedProduct) {  // computed turned, block after block of the reduction
  for (auto [m, n, k] : {std::array<Index, 3>{40, 520, 2100}, {33, 1100, 1030}, {20, 1203, 900}})
    for (Precision precision : {Precision::highest, Precision::medium})
      for (int form = 0; form < 6; ++form)
        check(Case<float>{.shape = {m, n, precision == Precision::highest ? k : 2 * k},
                          .ta = Transpose::yes,
                          .bias = form < 3,
                          .accumulate = bool(form & 1),
                          .activation = static_cast<Activation>(form % 3),
                          .precision = precision,
                          .extra = form});
}

TEST(Gemm, LargeOperandsArePackedInParts) {
  check(Case<float>{.shape = {9, 2048, 1100}, .bias = true});          // rows of B share cache sets
  check(Case<float>{.shape = {70, 1400, 900}, .ta = Transpose::yes});  // B in place, A packed
  check(Case<float>{.shape = {300, 280, 4000}, .tb = Transpose::yes, .bias = true});
  check(Case<float>{.shape = {40, 2050, 600}, .bias = true, .precision = Precision::medium});
}

TEST(Gemm, LongReductionsArePackedInParts) {  // some blocks of B at a time: every time but the first adds to C
  check(Case<float>{.shape = {20, 130, 8200}, .bias = true, .accumulate = true, .extra = 1024 - 130});
  for (Precision precision : {Precision::highest, Precision::medium})
    for (int form = 0; form < 4; ++form)
      check(Case<float>{.shape = {20, 130, precision == Precision::highest ? 8200 : 16400},
                        .tb = Transpose(form & 1),
                        .bias = true,
                        .accumulate = form > 1,
                        .activation = Activation::gelu_tanh,
                        .precision = precision,
                        .extra = form});
}

TEST(Gemm, RowsOfManyColumnsArePackedOnce) {
  for (auto [m, n, k] : {std::array<Index, 3>{60, 900, 200}, {45, 700, 1300}})
    for (Precision precision : {Precision::highest, Precision::medium})
      for (int form = 0; form < 4; ++form)
        check(Case<float>{.shape = {m, n, k},
                          .ta = Transpose(form & 1),
                          .bias = bool(form & 2),
                          .precision = precision,
                          .extra = form});
}

TEST(Gemm, LongReductionOfANarrowResult) {
  for (auto [m, n, k] : {std::array<Index, 3>{9, 20, 2000}, {27, 33, 1500}, {1, 1, 4000}, {14, 48, 1024}})
    for (Precision precision : {Precision::highest, Precision::medium})
      for (int form = 0; form < 4; ++form)
        check(Case<float>{.shape = {m, n, k},
                          .ta = Transpose::yes,
                          .bias = form == 3,
                          .accumulate = bool(form & 1),
                          .precision = precision,
                          .extra = form});
}

TEST(Gemm, FewRowsOfALongReduction) {  // cut into the parts that threads own
  for (auto [m, n, k] : {std::array<Index, 3>{32, 400, 784}, {7, 331, 523}, {128, 256, 515}, {1, 1030, 600}})
    for (Precision precision : {Precision::highest, Precision::medium})
      for (int form = 0; form < 3; ++form)
        check(Case<float>{
            .shape = {m, n, k}, .bias = form == 2, .accumulate = form == 1, .precision = precision, .extra = form});
  check(Case<double>{.shape = {9, 333, 510}});
}

TEST(Gemm, PartsOfOtherBlocks) {  // the longest part of a reduction has shorter blocks than the others
  check(Case<float>{.shape = {128, 100, 8193}, .precision = Precision::medium});
  check(Case<float>{.shape = {32, 500, 8193}, .precision = Precision::medium});
  check(Case<float>{.shape = {100, 100, 4097}});
  check(Case<float>{.shape = {16, 1024, 256}, .tb = Transpose::yes, .accumulate = true});  // not turned, so W is packed
  for (Precision precision : {Precision::highest, Precision::medium})
    for (Index k : {8193, 16385})
      check(Case<float>{.shape = {14, 20, k}, .ta = Transpose::yes, .precision = precision});
}

TEST(Gemm, MediumRoundsInputsWhereThatIsFast) {
  const GemmMode medium{.precision = Precision::medium};
  EXPECT_EQ(medium.rounds(), isa() >= Isa::avx512bf16);
  const float a[] = {1.00390625f}, b[] = {1.01171875f};  // ties of bfloat16: to 1 (even) and 1.015625 (even)
  float c[] = {0};
  Buffer<float> workspace(gemm_workspace_size<float>({1, 1, 1}, Transpose::no, Transpose::no, medium));
  gemm({1, 1, 1}, Transpose::no, {a, 1}, Transpose::no, {b, 1}, Matrix<float>{c, 1}, {}, workspace.span(), medium);
  EXPECT_EQ(c[0], medium.rounds() ? 1.015625f : a[0] * b[0]);
}

TEST(Gemm, MediumIsNearTheTruth) {
  Case<float> x{.shape = {50, 60, 1000}, .tb = Transpose::yes, .precision = Precision::medium};
  x.fill();
  const auto found = x.run();
  const bool rounds = x.mode().rounds();
  x.precision = Precision::highest;
  const auto expected = x.expected();
  float largest = 0, worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    worst = std::max(worst, std::abs(found[i] - expected[i]));
  }
  EXPECT_LE(worst, 1e-2f * largest);
  EXPECT_EQ(worst >= 1e-5f * largest, rounds);
}

TEST(Gemm, NanAndInfinityPropagate) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  for (float poison : {nan, inf, -inf})
    for (int form = 0; form < 4; ++form)
      for (Activation activation : {Activation::none, Activation::relu, Activation::gelu_tanh})
        for (Precision precision : {Precision::highest, Precision::medium}) {
          Case<float> x{.shape = {37, 45, 51},
                        .ta = Transpose(form & 1),
                        .tb = Transpose(form >> 1),
                        .activation = activation,
                        .precision = precision};
          x.fill();
          const Index row = 20, at = 50;
          x.a[static_cast<std::size_t>(x.ta == Transpose::yes ? at * x.lda + row : row * x.lda + at)] = poison;
          const auto found = x.run(), expected = x.expected();
          for (Index i = 0; i < x.shape.m; ++i)
            for (Index j = 0; j < x.shape.n; ++j) {
              const auto e = static_cast<std::size_t>(guard + i * x.ldc + j);
              ASSERT_TRUE(i == row || std::isfinite(found[e])) << i << " " << j << " " << x.text();
              if (i != row || (activation == Activation::gelu_tanh && poison != nan)) continue;
              if (std::isnan(expected[e])) {
                ASSERT_TRUE(std::isnan(found[e])) << x.text();
              } else if (std::isinf(expected[e])) {
                ASSERT_EQ(found[e], expected[e]) << x.text();
              }
            }
        }
}

TEST(Gemm, GeluOfEverySize) {
  const Index n = 4001;
  Case<float> x{.shape = {1, n, 0}, .bias = true, .activation = Activation::gelu_tanh};
  x.fill();
  for (Index i = 0; i < n; ++i) x.bias_values[static_cast<std::size_t>(i)] = static_cast<float>(i - 2000) * 0.01f;
  const auto found = x.run(), expected = x.expected();
  for (Index i = 0; i < n; ++i) {
    const auto e = static_cast<std::size_t>(guard + i);
    ASSERT_NEAR(found[e], expected[e], 1e-6f + 1e-6f * std::abs(expected[e]))
        << x.bias_values[static_cast<std::size_t>(i)];
  }
}

TEST(Gemm, OtherScalarsUseTheReference) {
  const int a[] = {1, 2, 3, 4}, b[] = {5, 6, 7, 8};
  int c[4] = {};
  gemm({2, 2, 2}, Transpose::no, {a, 2}, Transpose::yes, {b, 2}, Matrix<int>{c, 2}, {}, {});
  EXPECT_EQ(c[0], 17);
  EXPECT_EQ(c[1], 23);
  EXPECT_EQ(c[2], 39);
  EXPECT_EQ(c[3], 53);
}

TEST(Gemm, WorkspacesOfPackedWeightsServeFewerRows) {
  for (int threads : {1, 2, 5}) {
    const ThreadScope scope(threads);
    for (Precision precision : {Precision::highest, Precision::medium})
      for (Index k : {64, 500, 3000})
        for (Index m = 1, most = 0; m < 20000; m += 1 + m / 50) {
          const Index size = gemm_packed_workspace_size<float>({m, 70, k}, {.precision = precision});
          EXPECT_LE(most, size) << m << " rows of " << k << ", " << threads << " threads";
          most = size;
        }
  }
}

TEST(Gemm, SmallWorkspaceIsAnError) {
  const std::vector<float> a(64), b(64);
  std::vector<float> c(64);
  EXPECT_THROW(
      gemm({8, 8, 8}, Transpose::no, {a.data(), 8}, Transpose::yes, {b.data(), 8}, Matrix<float>{c.data(), 8}, {}, {}),
      Error);
}

}  // namespace
