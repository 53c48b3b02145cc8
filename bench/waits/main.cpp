// What users wait for besides training: decoding of images, tokenizing, checkpoints.
//   bench_waits [--seconds S]
// One list of JSON records on standard output, one thread for each figure unless it says otherwise. --seconds: for each
// figure at least (default 1).
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "atelier/data/tokenizer/bpe.hpp"
#include "atelier/data/tokenizer/word.hpp"
#include "atelier/io/png.hpp"
#include "atelier/io/read_image.hpp"
#include "atelier/train/checkpoint.hpp"
#include "atelier/version.hpp"
#include "train/tiny_task.hpp"
#include "waits/jpeg.hpp"
#include "waits/made_up.hpp"

using namespace atelier;
using Json = nlohmann::ordered_json;

namespace {
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// A folder that is gone at the end.
class Scratch {
 public:
  Scratch() : path_(std::filesystem::temp_directory_path() / ("atelier-waits-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

class Waits {
 public:
  explicit Waits(double seconds) : seconds_(seconds) {}

  /// Times `run`, which handles so many bytes.
  void measure(const std::string& work, double bytes, int team, const std::function<void()>& run) {
    const ThreadScope scope(team);
    std::vector<double> ms;
    run();
    for (const double start = now(); now() - start < seconds_ || ms.size() < 3;) {
      const double begin = now();
      run();
      ms.push_back(1e3 * (now() - begin));
    }
    std::sort(ms.begin(), ms.end());
    const auto at = [&](double q) { return ms[static_cast<std::size_t>(q * static_cast<double>(ms.size() - 1))]; };
    records_.push_back({{"kind", "wait"},
                        {"work", work},
                        {"impl", "atelier"},
                        {"version", ATELIER_VERSION},
                        {"precision", nullptr},
                        {"threads", team},
                        {"ms", at(0.5)},
                        {"ms_min", ms.front()},
                        {"ms_max", ms.back()},
                        {"ms_q1", at(0.25)},
                        {"ms_q3", at(0.75)},
                        {"runs", ms.size()},
                        {"items_per_s", 1e3 / at(0.5)},
                        {"mb_per_s", bytes / at(0.5) / 1e3}});
  }
  const Json& records() const { return records_; }

 private:
  double seconds_;
  Json records_ = Json::array();
};

/// Megabytes are those of the pixels.
void images(Waits& waits, const Scratch& scratch) {
  const auto picture = waits::made_up_picture(178, 218);
  const auto bytes = static_cast<double>(picture.pixels.size());
  const auto jpeg = waits::as_jpeg(picture, 90);
  io::write_png(scratch / "picture.png", picture);
  const auto png = io::read_file(scratch / "picture.png", 1 << 24);
  waits.measure("decode_jpeg/178x218", bytes, 1, [&] { io::read_image(jpeg, "picture"); });
  waits.measure("decode_png/178x218", bytes, 1, [&] { io::read_image(png, "picture"); });
}

void texts(Waits& waits) {
  const auto text = waits::made_up_text(1 << 21);
  const auto bytes = static_cast<double>(text.size());
  const auto words = data::WordTokenizer::train(text);
  const auto pairs = data::train_bpe(text, {.vocabulary = 4096});
  for (const int team : waits::team_sizes()) {
    waits.measure("tokenize/word", bytes, team, [&] { words.encode(text); });
    waits.measure("tokenize/bpe", bytes, team, [&] { pairs.encode(text); });
  }
  waits.measure("train_bpe/2MB", bytes, threads(), [&] { data::train_bpe(text, {.vocabulary = 4096}); });
}

void checkpoints(Waits& waits, const Scratch& scratch) {
  tiny::Task task(Index{1} << 23);  // with moments 96 MiB
  const double bytes = 3.0 * 4 * (1 << 23);
  const auto file = scratch / "checkpoint.safetensors";
  waits.measure("checkpoint/save", bytes, threads(),
                [&] { train::save_checkpoint(file, train::Checkpoint(), task, 1); });
  waits.measure("checkpoint/load", bytes, threads(), [&] { train::load_checkpoint(file, task, 1); });
}

double parse(int argc, char** argv) {
  if (argc == 1) return 1;
  const double seconds = argc == 3 && std::string(argv[1]) == "--seconds" ? std::atof(argv[2]) : 0;
  if (!(seconds > 0)) throw ConfigError("usage: bench_waits [--seconds S], S more than 0");
  return seconds;
}
}  // namespace

int main(int argc, char** argv) try {
  Waits waits(parse(argc, argv));
  const Scratch scratch;
  images(waits, scratch);
  texts(waits);
  checkpoints(waits, scratch);
  std::cout << waits.records().dump(1) << std::endl;
  return 0;
} catch (const Error& error) {
  std::cerr << "bench_waits: error: " << error.what() << "\n";
  return error.exit_code();
}
