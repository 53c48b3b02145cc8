/// Operations that move elements without computing: views, permutations, parts and joins.
#pragma once

#include <algorithm>
#include <vector>

#include "atelier/kernels/permute.hpp"
#include "atelier/ops/arithmetic.hpp"

namespace atelier::inline v0 {

/// The same elements under another shape; one size may be -1 and follows from the rest. Shares the memory.
template <class T> BasicTensor<T> reshape(const BasicTensor<T>& x, std::initializer_list<Index> sizes) {
  Shape shape;
  for (Index n : sizes) shape.push_back(n == -1 ? 1 : n);
  const Index known = shape.bytes(1);
  const auto open = std::find(sizes.begin(), sizes.end(), Index{-1});
  if (open != sizes.end()) {
    if (!known || std::count(open, sizes.end(), Index{-1}) > 1)
      throw Error("reshape: expected at most one -1, and no 0 beside it");
    shape[static_cast<int>(open - sizes.begin())] = x.size() / known;
  }
  return reshape(x, shape);
}
template <class T> BasicTensor<T> reshape(const BasicTensor<T>& x, const Shape& shape) {
  if (shape.bytes(1) != x.size())
    throw Error("reshape: " + x.shape().str() + " has " + std::to_string(x.size()) + " elements, " + shape.str() +
                " has " + std::to_string(shape.size()));
  return record("reshape", x.view(shape), wrt(x, [s = x.shape()](const BasicTensor<T>& g) { return reshape(g, s); }));
}

/// Dimension `dim` of size 1 inserted (unsqueeze) or removed (squeeze).
template <class T> BasicTensor<T> unsqueeze(const BasicTensor<T>& x, int dim) {
  const int at = dim < 0 ? x.rank() + 1 + dim : dim;
  if (at < 0 || at > x.rank()) throw Error("unsqueeze: no place " + std::to_string(dim) + " in " + x.shape().str());
  Shape shape;
  for (int i = 0; i <= x.rank(); ++i) {
    if (i == at) shape.push_back(1);
    if (i < x.rank()) shape.push_back(x.size(i));
  }
  return reshape(x, shape);
}
template <class T> BasicTensor<T> squeeze(const BasicTensor<T>& x, int dim) {
  const int at = x.shape().axis(dim);
  if (x.size(at) != 1)
    throw Error("squeeze: dimension " + std::to_string(dim) + " of " + x.shape().str() + " is not 1");
  Shape shape;
  for (int i = 0; i < x.rank(); ++i)
    if (i != at) shape.push_back(x.size(i));
  return reshape(x, shape);
}

/// Dimensions in another order: result dimension i is x's dimension order[i]. Copies.
template <class T> BasicTensor<T> permute(const BasicTensor<T>& x, const Dims& order) {
  const int rank = x.rank();
  Dims inverse = {-1, -1, -1, -1, -1, -1};
  Shape shape;
  Index stride[Shape::max_rank] = {};
  for (int i = 0; i < order.size(); ++i) {
    const int d = x.shape().axis(order[i]);
    if (inverse[d] >= 0) throw Error("permute: dimension " + std::to_string(d) + " occurs twice");
    inverse[d] = i;
    shape.push_back(x.size(d));
    stride[i] = x.shape().count(d + 1, rank);
  }
  if (shape.rank() != rank)
    throw Error("permute: expected " + std::to_string(rank) + " dimensions, found " + std::to_string(shape.rank()));
  auto y = BasicTensor<T>::empty(shape);
  if (rank == 2 && stride[0] == 1) {
    kernels::transpose(y.mutable_data(), x.data(), x.size(0), x.size(1));
  } else {
    kernels::gather_strided(y.mutable_data(), x.data(), shape, stride);
  }
  return record("permute", y, wrt(x, [inverse, rank](const BasicTensor<T>& g) {
                  Dims back;
                  for (int d = 0; d < rank; ++d) back.push_back(inverse[d]);
                  return permute(g, back);
                }));
}
ATELIER_OP(permute)

/// Dimensions a and b exchanged. Copies; matmul has options that need no copy.
template <class T> BasicTensor<T> transpose(const BasicTensor<T>& x, int a = -2, int b = -1) {
  Dims order;
  for (int i = 0; i < x.rank(); ++i) order.push_back(i);
  std::swap(order[x.shape().axis(a)], order[x.shape().axis(b)]);
  return permute(x, order);
}
ATELIER_OP(transpose)

namespace detail {
/// x cut or spread along `dim`: pieces of outer x width elements.
struct Pieces {
  Index outer, inner;
  Pieces(const Shape& s, int dim) : outer(s.count(0, dim)), inner(s.count(dim + 1, s.rank())) {}
};
}  // namespace detail

/// Zeros of `size` along `dim` with x at [begin, begin + x.size(dim)): the opposite of slice().
template <class T> BasicTensor<T> embed(const BasicTensor<T>& x, int dim, Index begin, Index size) {
  const int at = x.shape().axis(dim);
  Shape shape = x.shape();
  const Index end = begin + shape[at];
  if (begin < 0 || end > size)
    throw Error("embed: [" + std::to_string(begin) + ", " + std::to_string(end) + ") does not lie in [0, " +
                std::to_string(size) + ")");
  shape[at] = size;
  auto y = BasicTensor<T>::zeros(shape);
  const detail::Pieces p(shape, at);
  kernels::copy_pieces(y.mutable_data() + begin * p.inner, size * p.inner, x.data(), x.size(at) * p.inner, p.outer,
                       x.size(at) * p.inner);
  return record("embed", y, wrt(x, [at, begin, end](const BasicTensor<T>& g) { return slice(g, at, begin, end); }));
}

/// Elements [begin, end) along `dim`; negative bounds count from the end. Shares the memory when dim is the outermost.
template <class T> BasicTensor<T> slice(const BasicTensor<T>& x, int dim, Index begin, Index end) {
  const int at = x.shape().axis(dim);
  const Index n = x.size(at);
  if (begin < 0) begin += n;
  if (end < 0) end += n;
  if (begin < 0 || begin > end || end > n)
    throw Error("slice: [" + std::to_string(begin) + ", " + std::to_string(end) + ") does not lie in dimension " +
                std::to_string(dim) + " of " + x.shape().str());
  Shape shape = x.shape();
  shape[at] = end - begin;
  const detail::Pieces p(shape, at);
  BasicTensor<T> y;
  if (p.outer == 1) {
    y = x.view(shape, begin * p.inner);
  } else {
    y = BasicTensor<T>::empty(shape);
    const Index width = (end - begin) * p.inner;
    kernels::copy_pieces(y.mutable_data(), width, x.data() + begin * p.inner, n * p.inner, p.outer, width);
  }
  return record("slice", y, wrt(x, [at, begin, n](const BasicTensor<T>& g) { return embed(g, at, begin, n); }));
}
ATELIER_OP(embed)
ATELIER_OP(slice)

/// Element `i` along `dim`, that dimension removed.
template <class T> BasicTensor<T> select_index(const BasicTensor<T>& x, int dim, Index i) {
  const Index n = x.size(dim), at = i < 0 ? i + n : i;
  if (at < 0 || at >= n)
    throw Error("select_index: no element " + std::to_string(i) + " in dimension " + std::to_string(dim) + " of " +
                x.shape().str());
  return squeeze(slice(x, dim, at, at + 1), dim);
}
ATELIER_OP(select_index)

namespace detail {
/// Each part's cotangent is the slice of the result's where the part stands.
template <class T> struct ConcatRule {
  std::vector<Index> begins;  // of the parts along dim, and the total
  int dim;
  static void run(void* self, Sweep& sweep, Identity* cotangent, InputList inputs) {
    auto& r = *static_cast<ConcatRule*>(self);
    const auto g = BasicTensor<T>::from(cotangent);
    for (std::size_t k = 0; k + 1 < r.begins.size(); ++k)
      if (sweep.wants(inputs[k])) sweep.add(inputs[k], slice(g, r.dim, r.begins[k], r.begins[k + 1]));
  }
};

/// Where each part begins along dimension `at`, and the total. Throws Error when other sizes differ.
template <class T> std::vector<Index> part_begins(const std::vector<BasicTensor<T>>& parts, int at) {
  std::vector<Index> begins{0};
  for (const auto& part : parts) {
    Shape expected = parts[0].shape();
    if (part.rank() == expected.rank()) expected[at] = part.size(at);
    if (part.shape() != expected)
      throw Error("concat: shapes differ, " + parts[0].shape().str() + " and " + part.shape().str());
    begins.push_back(begins.back() + part.size(at));
  }
  return begins;
}
}  // namespace detail

/// Tensors joined along `dim`; all other sizes agree.
template <class T> BasicTensor<T> concat(const std::vector<BasicTensor<T>>& parts, int dim) {
  if (parts.empty()) throw Error("concat: no tensors");
  const int at = parts[0].shape().axis(dim);
  const auto begins = detail::part_begins(parts, at);
  Shape shape = parts[0].shape();
  shape[at] = begins.back();
  auto y = BasicTensor<T>::empty(shape);
  const detail::Pieces p(shape, at);
  std::vector<Identity*> inputs;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    const Index width = parts[k].size(at) * p.inner;
    kernels::copy_pieces(y.mutable_data() + begins[k] * p.inner, shape[at] * p.inner, parts[k].data(), width, p.outer,
                         width);
    inputs.push_back(parts[k].identity());
  }
  if (Differentiable<T> && Tape::recording())
    detail::push("concat", y.identity(), detail::ConcatRule<T>{begins, at}, inputs);
  return y;
}
ATELIER_OP(concat)

/// Tensors of one shape joined along a new dimension `dim`.
template <class T> BasicTensor<T> stack(const std::vector<BasicTensor<T>>& parts, int dim) {
  std::vector<BasicTensor<T>> wider;
  for (const auto& part : parts) wider.push_back(unsqueeze(part, dim));
  return concat(wider, dim < 0 && !wider.empty() ? dim + wider[0].rank() : dim);
}
ATELIER_OP(stack)

/// The parts of x along `dim`, of the given sizes, which add up to x's.
template <class T>
std::vector<BasicTensor<T>> split(const BasicTensor<T>& x, int dim, const std::vector<Index>& sizes) {
  std::vector<BasicTensor<T>> parts;
  Index begin = 0;
  for (Index n : sizes) {
    parts.push_back(slice(x, dim, begin, begin + n));
    begin += n;
  }
  if (begin != x.size(dim))
    throw Error("split: sizes add up to " + std::to_string(begin) + ", dimension " + std::to_string(dim) + " of " +
                x.shape().str() + " is larger");
  return parts;
}
ATELIER_OP(split)

}  // namespace atelier::inline v0
