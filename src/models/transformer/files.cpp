#include "atelier/models/transformer/files.hpp"

#include "atelier/io/durable_file.hpp"
#include "atelier/models/weights.hpp"
#include "io/descriptor.hpp"
#include "models/model_file.hpp"
#include "models/transformer/config_fields.hpp"

namespace atelier::inline v0::transformer {

namespace {
using Path = std::filesystem::path;
using models::Fields;
using models::refuse;
constexpr std::size_t most_config_bytes = std::size_t{1} << 20;

/// Hugging Face's Conv1D: the linear layers inside blocks.
bool transposed_in_gpt2(const std::string& name, const Shape& shape) {
  return shape.rank() == 2 && name.find(".h.") != std::string::npos;
}
Shape transposed(const Shape& s) { return {s[1], s[0]}; }
void transpose_into(float* to, const float* from, Index rows, Index columns) {
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
}

/// An open file in Hugging Face's layout.
struct Gpt2File {
  io::SafetensorsFile file;
  std::string place;
  bool bare = false;  // without "transformer." before the names, as the first files have it

  std::string stored_name(const std::string& name) const {
    constexpr std::string_view prefix = "transformer.";
    return bare && name.starts_with(prefix) ? name.substr(prefix.size()) : name;
  }
  static Shape stored_shape(const std::string& name, const Shape& shape) {
    return transposed_in_gpt2(name, shape) ? transposed(shape) : shape;
  }
  void check(const std::string& name, const Shape& shape) const {
    const auto& info = file.info(stored_name(name));
    if (info.shape != stored_shape(name, shape))
      refuse(place + ": tensor " + io::in_quotes(info.name), stored_shape(name, shape).str() + " as configured",
             info.shape.str());
  }
  /// Sizes agree with the configuration, so that the model takes no more memory than the file has bytes.
  void check_sizes(const Config& c) const {
    check("transformer.wte.weight", {c.vocabulary, c.width});
    if (c.positions == Positions::learned) check("transformer.wpe.weight", {c.context, c.width});
    for (Index i = 0; i < c.layers; ++i) {
      const auto block = "transformer.h." + std::to_string(i);
      check(block + ".attn.c_attn.weight", {3 * c.width, c.width});
      check(block + ".mlp.c_fc.weight", {c.inner_width(), c.width});
    }
    if (file.contains(stored_name("transformer.h." + std::to_string(c.layers) + ".ln_1.weight")))
      refuse(place, std::to_string(c.layers) + " layers as configured", "more");
  }
  void read(const std::string& name, nn::Param& p) const {
    check(name, p.shape());
    if (!transposed_in_gpt2(name, p.shape()))
      return file.read_into(stored_name(name), std::span<float>(p.write(), static_cast<std::size_t>(p.size())));
    const auto x = file.read<float>(stored_name(name));
    transpose_into(p.write(), x.data(), x.size(0), x.size(1));
  }
  Gpt read_all(const Config& c) const {
    check_sizes(c);
    Gpt gpt(c);
    nn::visit_params(gpt, [&](const std::string& name, auto& p) { read(name, p); });
    return gpt;
  }
};

Unit unit_of_gpt2(const Fields& f) {
  const auto text = f.text("activation_function", "gelu_new");
  if (text == "gelu") return Unit::gelu;
  if (text == "gelu_new" || text == "gelu_pytorch_tanh") return Unit::gelu_tanh;
  refuse(f.place() + ": activation_function", "gelu_new, gelu_pytorch_tanh or gelu", text);
}
void require(const Fields& f, const char* key, bool value) {
  if (f.flag(key, value) != value) refuse(f.place() + ": " + key, value ? "true" : "false", value ? "false" : "true");
}
Config config_of_gpt2(const Fields& f) {
  if (const auto type = f.text("model_type", ""); type != "gpt2")
    refuse(f.place() + ": model_type", "gpt2", type.empty() ? "nothing" : type);
  require(f, "scale_attn_weights", true);
  require(f, "scale_attn_by_inverse_layer_idx", false);
  require(f, "add_cross_attention", false);
  Config c;
  c.vocabulary = f.integer("vocab_size"), c.context = f.integer(f.has("n_positions") ? "n_positions" : "n_ctx");
  c.width = f.integer("n_embd"), c.layers = f.integer("n_layer"), c.heads = f.integer("n_head");
  c.inner = f.integer("n_inner", 0), c.unit = unit_of_gpt2(f), c.tied = f.flag("tie_word_embeddings", true);
  c.norm_eps = f.number("layer_norm_epsilon", c.norm_eps), c.deviation = f.number("initializer_range", c.deviation);
  c.dropout = {f.number("embd_pdrop", 0.1), f.number("attn_pdrop", 0.1), f.number("resid_pdrop", 0.1), 0};
  return c.check();
}

/// Weights of matrices and tables of a stack of blocks; attention to another sequence has as many as the other.
double weights(const Config& c, bool cross = false) {
  const double width = static_cast<double>(c.width), inner = static_cast<double>(c.inner_width());
  const double block = width * ((cross ? 8 : 4) * width + (c.unit == Unit::swiglu ? 3 : 2) * inner);
  const double places = c.positions == Positions::learned ? static_cast<double>(c.context) : 0;
  return static_cast<double>(c.layers) * block + width * (static_cast<double>(c.vocabulary) + places);
}
/// Those of an output layer that is not tied to the embedding.
double output_weights(const Config& c) {
  return c.tied ? 0 : static_cast<double>(c.width) * static_cast<double>(c.vocabulary);
}

Gpt load_own(const models::ModelFile& opened) {
  const Config c = config_from(opened.config);
  opened.check_size(weights(c) + output_weights(c));
  Gpt gpt(c);
  load_weights(gpt, opened.path, {.prefix = opened.prefix({"model.", ""}, "transformer.wte.weight")});
  return gpt;
}
Gpt load_gpt2(const Path& path) {
  const auto config = path.parent_path() / "config.json";
  const auto bytes = io::read_file(config, most_config_bytes);
  const Fields fields({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, io::printable(config.string()));
  Gpt2File source{io::SafetensorsFile::open(path), io::printable(path.string())};
  source.bare = !source.file.contains("transformer.wte.weight");
  return source.read_all(config_of_gpt2(fields));
}

std::string gpt2_json(const Config& c) {
  const nlohmann::ordered_json json = {{"architectures", {"GPT2LMHeadModel"}},
                                       {"model_type", "gpt2"},
                                       {"vocab_size", c.vocabulary},
                                       {"n_positions", c.context},
                                       {"n_ctx", c.context},
                                       {"n_embd", c.width},
                                       {"n_layer", c.layers},
                                       {"n_head", c.heads},
                                       {"n_inner", c.inner_width()},
                                       {"activation_function", c.unit == Unit::gelu ? "gelu" : "gelu_new"},
                                       {"layer_norm_epsilon", c.norm_eps},
                                       {"initializer_range", c.deviation},
                                       {"embd_pdrop", c.dropout.embedding},
                                       {"attn_pdrop", c.dropout.attention},
                                       {"resid_pdrop", c.dropout.residual},
                                       {"tie_word_embeddings", c.tied},
                                       {"torch_dtype", "float32"}};
  return json.dump(2) + "\n";
}
}  // namespace

void save_gpt(const Gpt& gpt, const Path& file) { save_weights(gpt, file, {{model_config_key, to_json(gpt.config)}}); }

void save_seq2seq(const Seq2Seq& model, const Path& file) {
  save_weights(model, file, {{model_config_key, to_json(model.config)}});
}

Gpt load_gpt(const Path& path) {
  const Path file = model_file(path);
  const bool own = io::SafetensorsFile::open(file).metadata().contains(model_config_key);
  return own ? load_own(models::ModelFile::open(file, "gpt")) : load_gpt2(file);
}

void save_gpt2(const Gpt& gpt, const Path& folder) {
  const Config& c = gpt.config;
  if (c.positions != Positions::learned || c.norm != Normalisation::layer || !c.pre_norm || !c.bias ||
      c.unit == Unit::swiglu)
    throw ConfigError(
        "save_gpt2: expected learned positions, LayerNorm before blocks, GELU and biases as GPT-2 has, found others");
  std::vector<io::NamedBytes> tensors;
  std::vector<Tensor> kept;  // as NamedBytes does not
  nn::visit_params(gpt, [&](const std::string& name, const auto& p) {
    kept.push_back(p);
    if (transposed_in_gpt2(name, p.shape())) {
      kept.back() = Tensor::empty(transposed(p.shape()));
      transpose_into(kept.back().mutable_data(), p.data(), p.size(0), p.size(1));
    }
    tensors.push_back(io::named(name, std::as_const(kept.back())));
  });
  io::write_durable(folder / "config.json", gpt2_json(c));
  io::write_safetensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
}

}  // namespace atelier::inline v0::transformer

namespace atelier::inline v0 {
template <> transformer::Gpt load<transformer::Gpt>(const std::filesystem::path& path) {
  return transformer::load_gpt(path);
}
template <> transformer::Seq2Seq load<transformer::Seq2Seq>(const std::filesystem::path& path) {
  const auto opened = models::ModelFile::open(path, "seq2seq");
  const auto c = transformer::seq2seq_config_from(opened.config);
  opened.check_size(transformer::weights(c.encoder()) + transformer::weights(c.decoder, true) +
                    transformer::output_weights(c.decoder));
  transformer::Seq2Seq model(c);
  load_weights(model, opened.path, {.prefix = opened.prefix({"model.", ""}, "decoder.wte.weight")});
  return model;
}
}  // namespace atelier::inline v0
