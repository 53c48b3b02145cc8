#include "translator.hpp"

#include <algorithm>

#include "atelier/core/error.hpp"

namespace atelier::programs {

namespace fs = std::filesystem;

Side side_of(std::shared_ptr<const data::Tokenizer> tokenizer) {
  const auto id = [&](std::size_t i) { return tokenizer->vocabulary().find(sentence_marks[i]).value(); };
  const std::int32_t pad = id(0), begin = id(1), end = id(2);
  return {std::move(tokenizer), pad, begin, end};
}

Sides load_sides(const fs::path& model) {
  const auto absolute = fs::absolute(model);
  const auto folder = fs::is_directory(absolute) ? absolute : absolute.parent_path();
  const auto side = [](const fs::path& file) {
    const std::shared_ptr<const data::Tokenizer> tokenizer = data::load_tokenizer(file);
    for (const auto& mark : sentence_marks)
      if (!tokenizer->vocabulary().find(mark))
        throw InputError(file.string() + ": expected the token " + mark + ", found none");
    return side_of(tokenizer);
  };
  for (const auto& place : {folder, folder.parent_path()})
    if (fs::exists(place / "source.json") && fs::exists(place / "target.json"))
      return {side(place / "source.json"), side(place / "target.json")};
  throw InputError(model.string() + ": expected source.json and target.json beside the model, found none; a run of " +
                   "translate has them");
}

data::TokenIds sentence_tokens(const Side& side, const std::string& text, Index longest, const std::string& place) {
  data::TokenIds ids;
  try {
    ids = side.tokenizer->encode(text);
  } catch (const Error& error) {
    throw ConfigError(place + ": " + error.what());
  }
  if (ids.empty() || static_cast<Index>(ids.size()) >= longest)
    throw ConfigError(place + ": expected a sentence of 1 to " + std::to_string(longest - 1) + " tokens, found " +
                      std::to_string(ids.size()));
  return ids;
}

SourceBatch::SourceBatch(std::span<const data::TokenIds> sources, const Side& side) {
  std::size_t longest = 0;
  for (const auto& s : sources) longest = std::max(longest, s.size() + 1);
  ids = IndexTensor({static_cast<Index>(sources.size()), static_cast<Index>(longest)}, side.pad);
  lengths = IndexTensor::empty({static_cast<Index>(sources.size())});
  for (std::size_t i = 0; i < sources.size(); ++i) {
    auto* row = ids.mutable_data() + i * longest;
    *std::copy(sources[i].begin(), sources[i].end(), row) = side.end;
    lengths.mutable_data()[i] = static_cast<std::int32_t>(sources[i].size() + 1);
  }
}

std::vector<std::string> translations(const transformer::Seq2Seq& model, const Sides& sides,
                                      std::span<const data::TokenIds> sources, const TranslationOptions& o) {
  const Index most = model.config.decoder.context - 1;
  const SourceBatch batch(sources, sides.source);
  const auto found = transformer::translate(model, batch.ids, batch.lengths, sides.target.begin,
                                            {.beams = o.beams,
                                             .tokens = o.tokens > 0 ? std::min(o.tokens, most) : most,
                                             .length_penalty = o.length_penalty,
                                             .end = sides.target.end});
  std::vector<std::string> texts;
  for (const auto& h : found) texts.push_back(sides.target.tokenizer->decode(h.tokens, data::DecodeSpecial::drop));
  return texts;
}

}  // namespace atelier::programs
