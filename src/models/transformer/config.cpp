#include "atelier/models/transformer/config.hpp"
#include "atelier/models/transformer/seq2seq.hpp"

#include <array>

namespace atelier::inline v0::transformer {

namespace {
constexpr std::array<const char*, 3> positions_names = {"learned", "sinusoidal", "rotary"};
constexpr std::array<const char*, 2> norm_names = {"layer", "rms"};
constexpr std::array<const char*, 3> unit_names = {"gelu", "gelu_tanh", "swiglu"};

template <class E, std::size_t N>
E from(const char* what, const std::array<const char*, N>& names, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < N; ++i) {
    if (text == names[i]) return static_cast<E>(i);
    all += (i == 0 ? "" : i + 1 == N ? " or " : ", ") + std::string(names[i]);
  }
  throw ConfigError(std::string(what) + ": expected " + all + ", found '" + text + "'");
}
void check_size(const char* what, Index value, Index most) {
  if (value < 1 || value > most)
    throw ConfigError("transformer: expected " + std::string(what) + " from 1 to " + std::to_string(most) + ", found " +
                      std::to_string(value));
}
void check_dropout(const char* what, double p) {
  if (!(p >= 0 && p < 1))
    throw ConfigError("transformer: expected a " + std::string(what) + " dropout in [0, 1), found " + number_text(p));
}
}  // namespace

const char* name(Positions p) { return positions_names[static_cast<std::size_t>(p)]; }
const char* name(Normalisation n) { return norm_names[static_cast<std::size_t>(n)]; }
const char* name(Unit u) { return unit_names[static_cast<std::size_t>(u)]; }
Positions positions_from(const std::string& text) { return from<Positions>("positions", positions_names, text); }
Normalisation normalisation_from(const std::string& text) { return from<Normalisation>("norm", norm_names, text); }
Unit unit_from(const std::string& text) { return from<Unit>("unit", unit_names, text); }

const Config& Config::check() const {
  check_size("vocabulary", vocabulary, Index{1} << 24);
  check_size("context", context, Index{1} << 24);
  check_size("width", width, Index{1} << 16);
  check_size("layers", layers, Index{1} << 10);
  check_size("heads", heads, width);
  if (inner != 0) check_size("inner width", inner, Index{1} << 18);
  if (width % heads != 0)
    throw ConfigError("transformer: expected a width that is a multiple of the heads, found " + std::to_string(width) +
                      " and " + std::to_string(heads));
  if (positions == Positions::rotary && head_size() % 2 != 0)
    throw ConfigError("transformer: expected heads of even size for rotary positions, found " +
                      std::to_string(head_size()));
  if (!(norm_eps > 0 && norm_eps < 1))
    throw ConfigError("transformer: expected a norm_eps in (0, 1), found " + number_text(norm_eps));
  if (!(deviation > 0 && deviation < 1e3))
    throw ConfigError("transformer: expected a positive deviation, found " + number_text(deviation));
  check_dropout("embedding", dropout.embedding);
  check_dropout("attention", dropout.attention);
  check_dropout("residual", dropout.residual);
  check_dropout("word", dropout.words);
  return *this;
}

Index Config::inner_width() const {
  if (inner > 0) return inner;
  return unit == Unit::swiglu ? (8 * width / 3 + 15) / 16 * 16 : 4 * width;
}

const Seq2SeqConfig& Seq2SeqConfig::check() const {
  decoder.check();
  check_size("source vocabulary", source_vocabulary, Index{1} << 24);
  check_size("encoder layers", encoder_layers, Index{1} << 10);
  if (shared_embedding && source_vocabulary != decoder.vocabulary)
    throw ConfigError("transformer: expected one vocabulary for a shared embedding, found " +
                      std::to_string(source_vocabulary) + " and " + std::to_string(decoder.vocabulary) + " tokens");
  return *this;
}
Config Seq2SeqConfig::encoder() const {
  Config c = decoder;
  c.vocabulary = shared_embedding ? 0 : source_vocabulary;
  c.layers = encoder_layers;
  return c;
}

}  // namespace atelier::inline v0::transformer
