#include "finished_run.hpp"

#include <algorithm>
#include <cstdlib>

#include "atelier/data/tokenizer/word.hpp"
#include "atelier/io/safetensors.hpp"
#include "atelier/models/gan/files.hpp"
#include "atelier/models/lstm_lm/files.hpp"
#include "atelier/models/transformer/files.hpp"
#include "atelier/models/vae/files.hpp"
#include "atelier/train/run_folder.hpp"
#include "face_flags.hpp"
#include "gan_images/task.hpp"
#include "gan_toy/task.hpp"
#include "lm/task.hpp"
#include "translate/task.hpp"
#include "vae_celeba/task.hpp"
#include "vae_mnist/task.hpp"
#include "words.hpp"

namespace atelier::programs {

namespace {
using Names = std::vector<std::string>;

/// Values of a run's configuration, or of a model's, and what stands for those that it does not have.
class Told {
 public:
  explicit Told(train::Record record) : record_(std::move(record)) {}
  std::string text(const char* key, const std::string& usual = {}) const { return value<std::string>(key, usual); }
  bool flag(const char* key) const { return value<bool>(key, false); }
  Index integer(const char* key, Index usual) const { return value<std::int64_t>(key, usual); }
  double number(const char* key, double usual) const { return value<double>(key, usual); }
  std::vector<double> numbers(const char* key) const {
    std::vector<double> all;
    for (const auto& word : words_of(text(key))) all.push_back(std::strtod(word.c_str(), nullptr));
    return all;
  }

 private:
  template <class T> T value(const char* key, const T& usual) const {
    const auto* found = record_.find(key);
    const auto* fits = found ? std::get_if<T>(found) : nullptr;
    return fits ? *fits : usual;
  }
  train::Record record_;
};

/// All that a kind of model needs to be what it was.
struct Source {
  const EvaluationRequest& request;
  std::filesystem::path folder;  // of the run
  Told run, model;               // configurations
  train::Options options;

  std::filesystem::path data(const std::string& name) const {
    Flags flags;
    flags.options.data = request.data;
    return data_folder(flags, name);
  }
};

[[noreturn]] void refuse(const std::string& flag, const std::string& expected, const std::string& found) {
  throw ConfigError("--" + flag + ": expected " + expected + ", found " + found);
}
std::string list_of(const Names& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}
void allow_metrics(const EvaluationRequest& r, const Names& known) {
  for (const auto& name : r.metrics)
    if (std::find(known.begin(), known.end(), name) == known.end())
      refuse("metric", "some of " + list_of(known) + " for this model", "'" + name + "'");
}
void allow_splits(const EvaluationRequest& r, const Names& known) {
  if (!r.split.empty() && std::find(known.begin(), known.end(), r.split) == known.end())
    refuse("split", list_of(known) + " for this model", "'" + r.split + "'");
}
template <class T> void allow_none(const char* flag, const std::optional<T>& value) {
  if (value) refuse(flag, "none for this model", std::to_string(*value));
}

std::unique_ptr<train::Task> digits_vae(Source s) {
  const auto& r = s.request;
  allow_metrics(r, {"neg_elbo", "reconstruction", "kl", "active_units", "nll"});
  allow_splits(r, {"test", "validation", "train"});
  allow_none("samples", r.samples);
  constexpr Index usual_draws = 100;
  VaeOptions o;
  o.model = load<vae::Vae>(r.model).config;
  o.binarize = s.run.text("binarize", "none") == "none" ? Binarize::none : Binarize::once;
  o.iwae = r.draws.value_or(s.run.integer("iwae", 0));
  if (!r.metrics.empty()) o.iwae = !r.wants("nll") ? 0 : o.iwae > 0 ? o.iwae : usual_draws;
  o.holdout = r.split == "test" ? 0 : r.holdout.value_or(s.run.integer("holdout", 0));
  if (r.split == "validation" && o.holdout == 0) refuse("holdout", "the size of the validation split", "none");
  VaeData images(data::load_mnist(s.data("mnist")), o);
  if (images.held_out.height * images.held_out.width != o.model.pixels)
    refuse("data", "images of the model's " + std::to_string(o.model.pixels) + " pixels",
           std::to_string(images.held_out.height) + " x " + std::to_string(images.held_out.width));
  if (r.split == "train") {
    images.held_out = images.train;
    images.held_out_name = "train";
    images.protocol = "the " + std::to_string(images.train.count) + " training images instead of: " + images.protocol;
  }
  return std::make_unique<VaeTask>(std::move(images), o, s.options);
}

ImageData faces_of(const Source& s, Index size) {
  FaceFlags flags;
  flags.crop = s.run.text("crop");
  flags.split = s.run.text("split");
  flags.on_damage = s.run.text("on_damage", flags.on_damage);
  flags.attributes = s.run.text("attributes");
  flags.holdout = s.request.holdout.value_or(s.run.integer("holdout", flags.holdout));
  const auto path = s.data("celeba");
  const Index classes = s.model.integer("classes", 0);
  flags.settle(path, classes > 0);
  auto data = face_data(path, flags.resolved(size, true), classes > 0);
  if (data.class_count() != classes)
    throw InputError(path.string() + ": expected the " + std::to_string(classes) + " classes of the model, found " +
                     std::to_string(data.class_count()));
  return data;
}

std::unique_ptr<train::Task> faces_vae(Source s) {
  const auto& r = s.request;
  allow_metrics(r, {"neg_elbo", "reconstruction", "kl", "active_units", "swd", "ms_ssim"});
  allow_splits(r, {"test"});
  allow_none("draws", r.draws);
  FaceVaeOptions o;
  o.model = load<vae::ConvVae>(r.model).conv;
  o.samples = r.samples.value_or(s.run.integer("samples", o.samples));
  return std::make_unique<FaceVaeTask>(faces_of(s, o.model.size), o, s.options);
}

std::unique_ptr<train::Task> toy_gan(Source s) {
  const auto& r = s.request;
  allow_metrics(r, {"modes", "high_quality"});
  allow_splits(r, {});
  allow_none("draws", r.draws), allow_none("samples", r.samples), allow_none("holdout", r.holdout);
  if (!r.data.empty()) refuse("data", "none, since the points are drawn", r.data.string());
  ToyOptions o;
  o.model = load<gan::MlpGenerator>(r.model).config;
  o.model.pack = s.model.integer("pack", 1), o.model.stddev_group = s.model.integer("stddev_group", 0);
  s.options.preset = s.run.text("preset", "ring");
  s.options.batch = o.model.pack * std::max<Index>(1, o.model.stddev_group);
  return std::make_unique<ToyTask>(o, s.options);
}

std::unique_ptr<train::Task> images_gan(Source s) {
  const auto& r = s.request;
  allow_splits(r, {"test"});
  allow_none("draws", r.draws);
  ImageGanOptions o;
  ImageGanWords words(o);
  words.arch = s.model.text("arch", words.arch), words.job = s.model.text("task", words.job);
  words.norm = s.model.text("norm", words.norm);
  words.resolve(o);
  auto& m = o.model;
  m.size = s.model.integer("size", 0), m.channels = s.model.integer("channels", 0);
  m.width = s.model.integer("width", 0), m.discriminator_width = s.model.integer("d_width", 0);
  m.latent = s.model.integer("latent", 0), m.stddev_group = s.model.integer("stddev_group", 0);
  o.depth = s.model.integer("depth", 0);
  o.conditional = s.model.integer("classes", 0) > 0;
  o.samples = r.samples.value_or(s.run.integer("samples", o.samples));
  s.options.batch = std::max<Index>(1, m.stddev_group);
  if (m.channels == 1) {
    allow_metrics(r, {"modes", "class_kl", "confident", "one_nn", "kid"});
    allow_none("holdout", r.holdout);
    return make_image_gan(digit_data(data::load_mnist(s.data("mnist")), m.size), digit_measures, o, s.options);
  }
  if (o.job == Job::generate)
    allow_metrics(r, {"swd", "ms_ssim"});
  else
    allow_metrics(r, {"swd", "ms_ssim", "psnr", "ms_ssim_pair"});
  return make_image_gan(faces_of(s, m.size), face_measures, o, s.options);
}

/// The texts of a run, cut by the tokenizer that it left.
Corpus corpus_of(const Source& s) {
  const std::shared_ptr<const data::Tokenizer> tokenizer = data::load_tokenizer(s.folder / "tokenizer.json");
  const auto words = std::dynamic_pointer_cast<const data::WordTokenizer>(tokenizer);
  if (!words)
    return load_text_corpus(text_path(s.request.data), {.cut = cut_from(std::string(tokenizer->kind())),
                                                        .train = s.run.number("train_share", 0.9),
                                                        .tokenizer = tokenizer});
  const auto set = s.run.flag("any_text") ? data::WikiTextSet::any : data::WikiTextSet::wikitext2;
  return load_wikitext_corpus(s.data("wikitext-2"), set, 0, words);
}

std::unique_ptr<train::Task> language_model(Source s, LmOptions o) {
  const auto& r = s.request;
  allow_metrics(r, {"ppl", "token_ppl", "nats_per_char", "bits_per_byte", "ppl_cache", "token_ppl_cache"});
  allow_splits(r, {"test", "validation", "train"});
  allow_none("draws", r.draws), allow_none("samples", r.samples), allow_none("holdout", r.holdout);
  if (!o.windows && (r.metrics.empty() || r.wants("ppl_cache") || r.wants("token_ppl_cache")))
    o.cache = {s.run.integer("cache_window", 0), s.run.numbers("cache_theta"), s.run.numbers("cache_lambda")};
  auto corpus = corpus_of(s);
  if (r.split == "test" && corpus.test.empty()) refuse("split", "validation or train for this text", "test");
  if (r.split == "validation") corpus.test = {};
  if (r.split == "train") corpus.test = corpus.train;
  o.prompt = s.run.text("prompt", corpus.tokenizer->kind() == "word" ? "<eos>" : "\n");
  return std::make_unique<LmTask>(std::move(corpus), o, s.options);
}

std::unique_ptr<train::Task> gpt(Source s) {
  LmOptions o;
  o.model = ModelKind::gpt;
  o.gpt = load<transformer::Gpt>(s.request.model).config;
  o.length = o.gpt.context;
  o.stride = s.run.integer("stride", o.length);
  return language_model(std::move(s), o);
}

std::unique_ptr<train::Task> recurrent(Source s) {
  LmOptions o;
  o.lstm = load<lstm_lm::LstmLm>(s.request.model).config;
  o.length = 1;
  o.windows = s.request.windows.value_or(s.run.integer("windows", 0));
  return language_model(std::move(s), o);
}

/// The file must be the run's: in another one other sentences are held out, and some have been learned from.
void require_same_pairs(const Source& s, const std::string& sha256) {
  const auto expected = s.run.text("data_sha256", sha256);
  if (expected != sha256)
    throw InputError(s.data("seq2seq").string() + ": expected the pairs of the run, of sha256 " + expected +
                     ", found " + sha256);
}
std::unique_ptr<train::Task> translator(Source s) {
  const auto& r = s.request;
  allow_metrics(r, {"bleu", "exact_match", "nats"});
  allow_splits(r, {"test", "validation"});
  allow_none("draws", r.draws), allow_none("samples", r.samples), allow_none("holdout", r.holdout);
  allow_none("seed", r.seed);  // which says what is held out
  TranslateOptions o;
  o.model = load<transformer::Seq2Seq>(r.model).config;
  o.corpus.job = pair_job_from(s.run.text("task", "pairs"));
  o.corpus.validation = s.run.number("validation", o.corpus.validation);
  o.corpus.pairs = s.run.integer("pairs", o.corpus.pairs), o.corpus.swap = s.run.flag("swap");
  if (s.run.flag("skip_bad_lines")) o.corpus.bad_lines = data::BadLines::skip;
  o.corpus.sides = load_sides(r.model);
  o.beams = s.run.integer("beams", o.beams), o.length_penalty = s.run.number("length_penalty", o.length_penalty);
  const bool reads = o.corpus.job == PairJob::pairs;
  auto corpus = load_pair_corpus(reads ? s.data("seq2seq") : s.folder, o.corpus, o.model.decoder.context,
                                 Rng(s.options.seed).fork("corpus"));
  require_same_pairs(s, corpus.checksums);
  return std::make_unique<TranslateTask>(std::move(corpus), o, s.options);
}

/// The name under which a file has a tensor of the task's model: its own; in a checkpoint the average of a generator,
/// or behind "model.".
std::string name_in(const io::SafetensorsFile& file, const std::string& name) {
  const std::string generator = "generator.";
  if (name.starts_with(generator))
    if (const auto average = "average." + name.substr(generator.size()); file.contains(average)) return average;
  return !file.contains(name) && file.contains("model." + name) ? "model." + name : name;
}
void load_weights_of(train::Task& task, const std::filesystem::path& path) {
  const auto file = io::SafetensorsFile::open(path);
  for (const auto& entry : task.model_state())
    file.read_into(name_in(file, entry.name), std::span(entry.write(), static_cast<std::size_t>(entry.shape.size())));
}

train::Record configuration_in(const std::filesystem::path& file) {
  const auto metadata = io::SafetensorsFile::open(file).metadata();
  const auto found = metadata.find(model_config_key);
  return found == metadata.end() ? train::Record() : train::Record::parse(found->second, file.string());
}
}  // namespace

bool EvaluationRequest::wants(const std::string& metric) const {
  return std::find(metrics.begin(), metrics.end(), metric) != metrics.end();
}

FinishedRun open_run(const EvaluationRequest& request) {
  const auto file = model_file(request.model);
  const auto parent = file.parent_path();
  const auto folder = parent.filename() == "checkpoints" ? parent.parent_path() : parent;
  Source s{request,
           folder,
           Told(train::RunFolder::config(folder).value_or(train::Record())),
           Told(configuration_in(file)),
           {}};
  s.options.batch = 1;
  s.options.seed = static_cast<std::uint64_t>(request.seed.value_or(s.run.integer("seed", 1)));
  s.options.precision = precision_from(request.precision.value_or(s.run.text("precision", "highest")));
  FinishedRun run{.kind = model_kind(file), .options = s.options, .task = {}};
  if (run.kind != "lstm_lm") allow_none("windows", request.windows);
  if (run.kind == "vae") run.task = digits_vae(s);
  if (run.kind == "conv_vae") run.task = faces_vae(s);
  if (run.kind == "gan_mlp") run.task = toy_gan(s);
  if (run.kind == "gan_images") run.task = images_gan(s);
  if (run.kind == "gpt") run.task = gpt(s);
  if (run.kind == "lstm_lm") run.task = recurrent(s);
  if (run.kind == "seq2seq") run.task = translator(s);
  if (!run.task)
    throw ConfigError(file.string() + ": expected a VAE, a GAN, a language model or a translator, found " + run.kind);
  load_weights_of(*run.task, file);
  return run;
}

train::Record asked_for(const EvaluationRequest& request, const train::Record& metrics) {
  const std::string prefixes[] = {"test_", "validation_", "val_", "train_"};
  const std::string wanted = request.split == "validation" ? "val" : request.split;  // some trainers say val
  train::Record some;
  for (const auto& [key, value] : metrics.fields()) {
    std::string name = key, of_split;
    for (const auto& prefix : prefixes)
      if (of_split.empty() && key.starts_with(prefix)) of_split = prefix, name = key.substr(prefix.size());
    std::string shown = key;
    if (!wanted.empty() && !of_split.empty()) {
      if (request.split == "train" && of_split == "test_") shown = "train_" + name;  // the text in the test's place
      if (!shown.starts_with(wanted)) continue;
    }
    if (name.ends_with("_real")) name.resize(name.size() - 5);
    const bool of_cache =
        name.starts_with("cache_") && (request.wants("ppl_cache") || request.wants("token_ppl_cache"));
    if (request.metrics.empty() || request.wants(name) || of_cache || (name == "iwae_k" && request.wants("nll")))
      some.set(shown, value);
  }
  if (some.fields().empty()) refuse("metric", "one that this text has", list_of(request.metrics));
  return some;
}

}  // namespace atelier::programs
