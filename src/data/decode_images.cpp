#include "data/decode_images.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "atelier/core/error.hpp"
#include "atelier/io/checksum.hpp"
#include "atelier/io/durable_file.hpp"
#include "atelier/parallel/team.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr std::size_t images_between_reports = 512;

/// What became of one image.
struct Outcome {
  Index width = 0, height = 0;
  int channels = 0;
  std::string reason;  // empty: it is decoded
};

class Decoder {
 public:
  Decoder(const ImageSource& source, Crop crop, const ImageOptions& options)
      : source_(source),
        crop_(crop),
        options_(options),
        size_(options.channels * options.size * options.size),
        outcomes_(source.names().size()),
        readers_(static_cast<std::size_t>(threads())) {
    decoded_.pixels.resize(outcomes_.size() * static_cast<std::size_t>(size_));
  }

  DecodedImages run(Sizes sizes) {
    for (std::size_t begin = 0; begin < outcomes_.size(); begin += images_between_reports) {
      const auto end = std::min(begin + images_between_reports, outcomes_.size());
      decode(begin, end);
      if (options_.progress) options_.progress(static_cast<Index>(end), static_cast<Index>(outcomes_.size()));
    }
    if (sizes == Sizes::one) refuse_other_sizes();
    gather();
    decoded_.sha256 = io::sha256(io::bytes_of(decoded_.pixels));
    return std::move(decoded_);
  }

 private:
  void decode(std::size_t begin, std::size_t end) {
    const auto parts = readers_.size();
    parallel_tasks(static_cast<int>(parts), [&](int part) {
      auto& reader = readers_[static_cast<std::size_t>(part)];
      if (!reader) reader = source_.reader(options_.read.max_file_bytes);
      for (auto i = begin + static_cast<std::size_t>(part); i < end; i += parts) outcomes_[i] = decode_one(*reader, i);
    });
  }

  Outcome decode_one(ImageSource::Reader& reader, std::size_t i) {
    const std::string place = io::printable(source_.names()[i]);
    Outcome outcome;
    try {
      const auto image = io::read_image(reader.read(i), place, options_.read);
      outcome = {image.width, image.height, image.channels, {}};
      place_planes(options_.channels == 1 ? io::to_grey(image) : io::to_colour(image), box(image, place), i);
    } catch (const InputError& error) {
      outcome.reason = error.what();
    }
    return outcome;
  }
  io::Box box(const io::Image& image, const std::string& place) const {
    try {
      return crop_box(crop_, image.width, image.height);
    } catch (const InputError& error) {
      throw InputError(place + ": " + error.what());
    }
  }
  /// From [H, W, C] to image i of [N, C, H, W].
  void place_planes(const io::Image& image, const io::Box& box, std::size_t i) {
    const auto small = io::resize(image, options_.size, options_.size, box);
    const auto channels = static_cast<std::size_t>(small.channels);
    std::uint8_t* to = decoded_.pixels.data() + i * static_cast<std::size_t>(size_);
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t at = c; at < small.pixels.size(); at += channels) *to++ = small.pixels[at];
  }

  /// The most frequent size; of equally frequent ones the smallest.
  std::pair<Index, Index> usual_size() const {
    std::map<std::pair<Index, Index>, Index> counts;
    for (const Outcome& o : outcomes_)
      if (o.reason.empty()) ++counts[{o.width, o.height}];
    const auto most = std::max_element(counts.begin(), counts.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == counts.end() ? std::pair<Index, Index>() : most->first;
  }
  void refuse_other_sizes() {
    const auto by = [](Index w, Index h) { return std::to_string(w) + " x " + std::to_string(h); };
    const auto [width, height] = usual_size();
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      Outcome& o = outcomes_[i];
      if (o.reason.empty() && (o.width != width || o.height != height))
        o.reason = io::printable(source_.names()[i]) + ": expected an image of " + by(width, height) +
                   " like the others, found " + by(o.width, o.height) + "; it belongs to another data set";
    }
  }

  /// Moves the good images together and counts.
  void gather() {
    auto to = decoded_.pixels.begin();
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      const auto number = static_cast<std::int32_t>(i);
      if (!outcomes_[i].reason.empty()) {
        decoded_.damaged.push_back(number);
        decoded_.reasons.push_back(outcomes_[i].reason);
        continue;
      }
      count(outcomes_[i]);
      decoded_.kept.push_back(number);
      const auto from = decoded_.pixels.begin() + static_cast<Index>(i) * size_;
      if (from != to) std::copy_n(from, size_, to);
      to += size_;
    }
    decoded_.pixels.erase(to, decoded_.pixels.end());
  }
  void count(const Outcome& o) {
    decoded_.made_colour += o.channels == 1 && options_.channels == 3;
    decoded_.made_grey += o.channels == 3 && options_.channels == 1;
    const bool first = decoded_.kept.empty(), same = decoded_.width == o.width && decoded_.height == o.height;
    if (first)
      decoded_.width = o.width, decoded_.height = o.height;
    else if (!same)
      decoded_.width = decoded_.height = 0;
  }

  const ImageSource& source_;
  Crop crop_;
  const ImageOptions& options_;
  Index size_;  // bytes of an image when it is decoded
  std::vector<Outcome> outcomes_;
  std::vector<std::unique_ptr<ImageSource::Reader>> readers_;
  DecodedImages decoded_;
};

}  // namespace

DecodedImages decode_images(const ImageSource& source, Crop crop, const ImageOptions& options, Sizes sizes) {
  return Decoder(source, crop, options).run(sizes);
}

}  // namespace atelier::inline v0::data
