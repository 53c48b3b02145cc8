/// Embedding, positions and a stack of blocks: a decoder-only model but for its output, an encoder, or a decoder.
#pragma once

#include "atelier/models/transformer/block.hpp"
#include "atelier/nn/embedding.hpp"

namespace atelier::inline v0::transformer {

template <class T> struct BasicStack {
  Config config;
  nn::BasicEmbedding<T> wte;
  std::optional<nn::BasicLearnedPositions<T>> wpe;
  std::vector<BasicBlock<T>> h;
  std::optional<BasicNorm<T>> ln_f;  // of the sum that comes out; with post-norm it is normalised already
  RotaryTable<T> rotary;             // constants
  BasicTensor<T> sines;

  /// With cross, every block attends to another sequence too. A vocabulary of 0: the table is another stack's.
  explicit BasicStack(const Config& c, bool cross = false)
      : config(c), wte{.count = c.vocabulary, .width = c.width, .dropout = c.dropout.words} {
    if (c.positions == Positions::learned) wpe.emplace(nn::BasicLearnedPositions<T>{c.context, c.width});
    if (c.positions == Positions::sinusoidal) sines = sinusoidal_positions<T>(c.context, c.width);
    if (c.positions == Positions::rotary) rotary = rotary_table<T>(c.context, c.head_size());
    for (Index i = 0; i < c.layers; ++i) h.emplace_back(c, cross);
    if (c.pre_norm) ln_f = BasicBlock<T>::norm(c);
  }

  /// Tokens [B, T] -> [B, T, C]. Throws Error for tokens outside the vocabulary or more of them than the context holds.
  BasicTensor<T> embed(const IndexTensor& ids, const Pass<T>& pass = {},
                       const nn::BasicEmbedding<T>* table = nullptr) const {
    if (ids.rank() != 2 || ids.size(1) > config.context)
      throw Error("transformer: expected tokens [B, T] with T at most " + std::to_string(config.context) +
                  " (the context), found " + ids.shape().str());
    auto x = (table ? *table : wte)(ids, pass.rng);
    if (sines) x = affine(x, static_cast<real_of<T>>(std::sqrt(static_cast<double>(config.width))), 0);
    if (wpe || sines) {
      const BasicTensor<T>& places = wpe ? wpe->w : sines;
      x = add(x, pass.positions ? embedding(places, pass.positions) : slice(places, 0, 0, ids.size(1)));
    }
    return nn::Dropout{config.dropout.embedding}(x, pass.rng);
  }
  /// Tokens [B, T] -> what the last block hands on, normalised: [B, T, C]. Throws Error as embed() does.
  BasicTensor<T> operator()(const IndexTensor& ids, Pass<T> pass = {},
                            const nn::BasicEmbedding<T>* table = nullptr) const {
    if (rotary.cosine) pass.rotary = &rotary;
    const auto x = embed(ids, pass, table);
    NormedSum<T> s{x, config.pre_norm ? h[0].ln_1(x) : x};
    for (std::size_t i = 0; i < h.size(); ++i) s = h[i](s, i + 1 < h.size() ? h[i + 1].ln_1 : last_norm(), pass);
    return s.normed;
  }
  static void visit(auto& m, auto&& f) {
    if (m.wte.count > 0) f("wte", m.wte);
    f("wpe", m.wpe);
    f("h", m.h), f("ln_f", m.ln_f);
  }

 private:
  /// With post-norm no block reads it.
  const BasicNorm<T>& last_norm() const { return ln_f ? *ln_f : h[0].ln_1; }
};

/// Initial values of a model of stacks: N(0, deviation^2), those of layers that write to the residual sum divided by
/// sqrt(2 layers); biases 0, norms 1.                                                        Radford et al. 2019
template <class M> void init_weights(M& model, const Config& c, const Rng& rng) {
  nn::visit_params(model, [&](const std::string& path, auto& p) {
    if (path.ends_with("bias")) return nn::fill_constant(p, 0);
    if (p.rank() < 2) return nn::fill_constant(p, 1);
    Rng own = rng.fork(path);
    const bool to_sum = path.ends_with("c_proj.weight");
    nn::fill_normal(p, 0, c.deviation / (to_sum ? std::sqrt(2.0 * static_cast<double>(c.layers)) : 1), own);
  });
}

}  // namespace atelier::inline v0::transformer
