/// One block of a Transformer: attention, attention to another sequence if there is one, a feed-forward network.
#pragma once

#include <optional>

#include "atelier/models/transformer/config.hpp"
#include "atelier/nn/dropout.hpp"
#include "atelier/nn/linear.hpp"
#include "atelier/nn/norm.hpp"
#include "atelier/ops/attention.hpp"
#include "atelier/ops/position.hpp"

namespace atelier::inline v0::transformer {

/// LayerNorm or RmsNorm, as the configuration says.
template <class T> struct BasicNorm {
  Normalisation kind = Normalisation::layer;
  Index size = 0;
  double eps = 1e-5;
  nn::BasicParam<T> w{{size}}, b{{kind == Normalisation::layer ? size : 0}};

  BasicTensor<T> operator()(const BasicTensor<T>& x) const {
    const auto e = static_cast<real_of<T>>(eps);
    return kind == Normalisation::layer ? layer_norm(x, w, b, e) : rms_norm(x, w, e);
  }
  /// x + r and its normalisation, in one pass.
  NormedSum<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& r) const {
    const auto e = static_cast<real_of<T>>(eps);
    return kind == Normalisation::layer ? add_layer_norm(x, r, w, b, e) : add_rms_norm(x, r, w, e);
  }
  static void visit(auto& m, auto&& f) {
    f("weight", m.w);
    if (m.kind == Normalisation::layer) f("bias", m.b);
  }
};

/// Attends in a block's place, with keys and values that it keeps: of one block after the other. See decoder.hpp.
template <class T> struct Attender {
  virtual ~Attender() = default;
  /// Queries, keys and values [B, T, 3 C], not yet told their positions -> [B, T, C].
  virtual BasicTensor<T> self(const BasicTensor<T>& qkv) = 0;
  /// Queries [B, T, C] to another sequence.
  virtual BasicTensor<T> cross(const BasicTensor<T>& q) = 0;
};

/// What one pass through the blocks is made with.
template <class T> struct Pass {
  bool causal = true;
  Rng* rng = nullptr;                      // training: what dropout draws from
  IndexTensor lengths{};                   // [B] tokens that count; empty: all
  const RotaryTable<T>* rotary = nullptr;  // of rotary positions
  BasicTensor<T> memory{};                 // [B, S, C] what an encoder made, for decoders
  IndexTensor memory_lengths{};            // [B]
  IndexTensor positions{};                 // [B, T] of the tokens; empty: 0, 1, ...
  Attender<T>* attender = nullptr;
};

/// The queries and keys of qkv [B, T, 3 C] turned by the angles of positions 0, 1, ...
template <class T> BasicTensor<T> turned(const BasicTensor<T>& qkv, const RotaryTable<T>& table, Index heads) {
  const Shape parts{qkv.size(0), qkv.size(1), 3 * heads, qkv.size(2) / (3 * heads)};
  return reshape(rotary(reshape(qkv, parts), table, {.heads = 2 * heads}), qkv.shape());
}

/// Attention of a sequence to itself. c_attn [3 C, C]: queries, keys and values one below the other.
template <class T> struct BasicSelfAttention {
  Index heads;
  double dropout;
  nn::BasicLinear<T> c_attn, c_proj;

  explicit BasicSelfAttention(const Config& c)
      : heads(c.heads),
        dropout(c.dropout.attention),
        c_attn{.in = c.width, .out = 3 * c.width, .bias = c.bias},
        c_proj{.in = c.width, .out = c.width, .bias = c.bias} {}

  BasicTensor<T> operator()(const BasicTensor<T>& x, const Pass<T>& pass) const {
    const AttentionOptions o{.causal = pass.causal, .lengths = pass.lengths, .dropout = dropout, .rng = pass.rng};
    const auto qkv = c_attn(x);
    if (pass.attender) return c_proj(pass.attender->self(qkv));
    return c_proj(self_attention(pass.rotary ? turned(qkv, *pass.rotary, heads) : qkv, heads, o));
  }
  static void visit(auto& m, auto&& f) { f("c_attn", m.c_attn), f("c_proj", m.c_proj); }
};

/// Attention to another sequence. q_attn [C, C]; c_attn [2 C, C]: keys and values.
template <class T> struct BasicCrossAttention {
  Index heads;
  double dropout;
  nn::BasicLinear<T> q_attn, c_attn, c_proj;

  explicit BasicCrossAttention(const Config& c)
      : heads(c.heads),
        dropout(c.dropout.attention),
        q_attn{.in = c.width, .out = c.width, .bias = c.bias},
        c_attn{.in = c.width, .out = 2 * c.width, .bias = c.bias},
        c_proj{.in = c.width, .out = c.width, .bias = c.bias} {}

  BasicTensor<T> operator()(const BasicTensor<T>& x, const Pass<T>& pass) const {
    if (pass.attender) return c_proj(pass.attender->cross(q_attn(x)));
    const AttentionOptions o{.lengths = pass.memory_lengths, .dropout = dropout, .rng = pass.rng};
    return c_proj(cross_attention(q_attn(x), c_attn(pass.memory), heads, o));
  }
  static void visit(auto& m, auto&& f) { f("q_attn", m.q_attn), f("c_attn", m.c_attn), f("c_proj", m.c_proj); }
};

/// The feed-forward network: c_proj(unit(c_fc(x))), or c_proj(silu(c_gate(x)) * c_fc(x)).
template <class T> struct BasicMlp {
  Unit unit;
  std::optional<nn::BasicLinear<T>> c_gate;
  nn::BasicLinear<T> c_fc, c_proj;

  explicit BasicMlp(const Config& c)
      : unit(c.unit),
        c_fc{.in = c.width, .out = c.inner_width(), .bias = c.bias},
        c_proj{.in = c.inner_width(), .out = c.width, .bias = c.bias} {
    if (unit == Unit::swiglu) c_gate = c_fc;
  }

  BasicTensor<T> operator()(const BasicTensor<T>& x) const {
    if (c_gate) return c_proj(swiglu((*c_gate)(x), c_fc(x)));
    return c_proj(c_fc(x, unit == Unit::gelu ? Activation::gelu : Activation::gelu_tanh));
  }
  static void visit(auto& m, auto&& f) { f("c_gate", m.c_gate), f("c_fc", m.c_fc), f("c_proj", m.c_proj); }
};

template <class T> struct BasicBlock {
  bool pre_norm;
  nn::Dropout residual;
  BasicNorm<T> ln_1;
  BasicSelfAttention<T> attn;
  std::optional<BasicNorm<T>> ln_cross_attn;
  std::optional<BasicCrossAttention<T>> crossattention;
  BasicNorm<T> ln_2;
  BasicMlp<T> mlp;

  explicit BasicBlock(const Config& c, bool cross = false)
      : pre_norm(c.pre_norm), residual{c.dropout.residual}, ln_1(norm(c)), attn(c), ln_2(norm(c)), mlp(c) {
    if (!cross) return;
    ln_cross_attn = norm(c);
    crossattention.emplace(c);
  }
  static BasicNorm<T> norm(const Config& c) { return {.kind = c.norm, .size = c.width, .eps = c.norm_eps}; }

  /// s: the residual sum, and what the block reads: with pre-norm its normalisation by ln_1, otherwise itself. The
  /// result is the same for the block whose first norm is `next`.
  NormedSum<T> operator()(NormedSum<T> s, const BasicNorm<T>& next, const Pass<T>& pass) const {
    const auto join = [&](const BasicNorm<T>& own, const BasicNorm<T>& after, const BasicTensor<T>& branch) {
      s = (pre_norm ? after : own)(s.sum, residual(branch, pass.rng));
      if (!pre_norm) s.sum = s.normed;
    };
    join(ln_1, crossattention ? *ln_cross_attn : ln_2, attn(s.normed, pass));
    if (crossattention) join(*ln_cross_attn, ln_2, (*crossattention)(s.normed, pass));
    join(ln_2, next, mlp(s.normed));
    return s;
  }
  static void visit(auto& m, auto&& f) {
    f("ln_1", m.ln_1), f("attn", m.attn);
    f("ln_cross_attn", m.ln_cross_attn), f("crossattention", m.crossattention);
    f("ln_2", m.ln_2), f("mlp", m.mlp);
  }
};

}  // namespace atelier::inline v0::transformer
