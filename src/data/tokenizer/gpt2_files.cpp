/// vocab.json and merges.txt.
#include <algorithm>

#include "atelier/core/error.hpp"
#include "atelier/data/tokenizer/bpe.hpp"
#include "atelier/io/durable_file.hpp"
#include "data/tokenizer/document.hpp"
#include "data/tokenizer/merge_text.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

using Path = std::filesystem::path;

std::string place_of(const Path& path) { return io::printable(path.string()); }

/// Spelling of every token, by id: the ids are 0, 1, ... without a gap.
std::vector<std::string> spellings(const Path& path) {
  const std::string place = place_of(path);
  const auto document = parse_document(place, read_document(path));
  if (!document.is_object()) refuse(place, "an object of tokens with their ids", describe(document));
  if (document.empty()) refuse(place, "tokens", "none");
  if (document.size() > Vocabulary::max_size)
    refuse(place, "at most " + std::to_string(Vocabulary::max_size) + " tokens", std::to_string(document.size()));
  std::vector<std::string> tokens(document.size());
  std::vector<bool> taken(document.size());
  for (const auto& [token, id] : document.items()) {
    const std::string at = place + ": token " + io::in_quotes(token);
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= tokens.size())
      refuse(at, "an id from 0 to " + std::to_string(tokens.size() - 1) + ", each of which some token has",
             describe(id));
    const auto number = id.get<std::size_t>();
    if (taken[number])
      refuse(at, "an id of its own", id.dump() + ", which token " + io::in_quotes(tokens[number]) + " has");
    taken[number] = true;
    tokens[number] = token;
  }
  return tokens;
}

/// Bytes of the tokens; special ones are their own spelling.
std::vector<std::string> bytes_of_tokens(const std::string& place, std::vector<std::string> tokens,
                                         const std::vector<std::string>& special) {
  for (const std::string& token : special)
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end())
      refuse(place, "the special token " + io::in_quotes(token), "no such token");
  for (std::string& token : tokens) {
    if (std::find(special.begin(), special.end(), token) != special.end()) continue;
    token = detail::bytes_of_token(place + ": token " + io::in_quotes(token), token);
  }
  return tokens;
}

std::vector<Merge> read_merges(const Path& path, const Vocabulary& vocabulary) {
  const std::string text = read_document(path), place = place_of(path);
  std::vector<Merge> merges;
  std::size_t number = 1;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    at = end + 1;
    if (number == 1 && line.starts_with("#version")) continue;
    merges.push_back(detail::merge_of(place + ": line " + std::to_string(number), vocabulary, line));
  }
  return merges;
}

/// A special token is spelled as it is, so it may look like another token's bytes.
void check_spellings(const BpeTokenizer& tokenizer) {
  for (std::int32_t id : tokenizer.vocabulary().special()) {
    const auto bytes = from_byte_text(tokenizer.token(id));
    const auto other = bytes ? tokenizer.vocabulary().find(*bytes) : std::nullopt;
    if (other && *other != id && !tokenizer.vocabulary().is_special(*other))
      throw Error("save_gpt2: expected special tokens that differ from the spelling of others, found " +
                  io::in_quotes(tokenizer.token(id)) + ", which is how token " + std::to_string(*other) +
                  " is spelled");
  }
}

}  // namespace

BpeTokenizer load_gpt2(const Path& vocabulary, const Path& merges, const std::vector<std::string>& special) {
  const std::string place = place_of(vocabulary);
  auto tokens = bytes_of_tokens(place, spellings(vocabulary), special);
  try {
    auto rules = read_merges(merges, Vocabulary(tokens));
    return BpeTokenizer(std::move(tokens), std::move(rules), special);
  } catch (const InputError&) {
    throw;
  } catch (const Error& error) {
    throw InputError(place + " and " + io::printable(merges.filename().string()) + ": " + error.what());
  }
}

void save_gpt2(const BpeTokenizer& tokenizer, const Path& folder) {
  check_spellings(tokenizer);
  const auto spelling = [&](std::int32_t id) {
    const std::string& bytes = tokenizer.token(id);
    return tokenizer.vocabulary().is_special(id) ? bytes : to_byte_text(bytes);
  };
  std::string json;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id)
    json += (id ? ", " : "{") + nlohmann::json(spelling(id)).dump() + ": " + std::to_string(id);
  std::string merges = "#version: 0.2\n";
  for (const Merge& m : tokenizer.merges()) merges += spelling(m.left) + " " + spelling(m.right) + "\n";
  io::write_durable(folder / "vocab.json", json + "}\n");
  io::write_durable(folder / "merges.txt", merges);
}

}  // namespace atelier::inline v0::data
