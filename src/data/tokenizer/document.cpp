#include "data/tokenizer/document.hpp"

#include <unordered_set>

#include "atelier/core/error.hpp"
#include "atelier/io/durable_file.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

using nlohmann::json;

constexpr std::size_t max_bytes = std::size_t{64} << 20, max_values = std::size_t{1} << 22, max_depth = 8;
constexpr int number_out_of_range = 406;  // the parser's own number for it

/// Builds the document piece by piece, and ends the reading at the first thing that is refused.
class Builder {
 public:
  explicit Builder(const std::string& place) : place_(place) {}
  json take() { return std::move(root_); }

  // The interface that nlohmann::json::sax_parse calls.
  bool null() { return value(nullptr); }
  bool boolean(bool b) { return value(b); }
  bool number_integer(std::int64_t n) { return value(n); }
  bool number_unsigned(std::uint64_t n) { return value(n); }
  bool number_float(double x, const std::string&) { return value(x); }
  bool string(std::string& text) { return value(std::move(text)); }
  bool binary(std::vector<std::uint8_t>&) { return false; }
  bool start_object(std::size_t) { return open(json::object()); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_array() { return close(); }
  bool end_object() {
    keys_.pop_back();
    return close();
  }
  bool key(std::string& text) {
    if (!keys_.back().insert(text).second)
      refuse(place_, "every key of an object once", io::in_quotes(text) + " twice");
    key_ = text;
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token, const json::exception& error) {
    if (error.id == number_out_of_range)
      refuse(place_, "numbers that a double holds", io::printable(token) + " before byte " + std::to_string(position));
    refuse(place_, "valid JSON", "an error at byte " + std::to_string(position ? position - 1 : 0));
  }

 private:
  /// The value stands in the innermost open list or object, or is the whole.
  json* put(json&& what) {
    if (++values_ > max_values) refuse(place_, "at most " + std::to_string(max_values) + " values", "more");
    if (open_.empty()) return &(root_ = std::move(what));
    json& in = *open_.back();
    if (in.is_object()) return &(in[key_] = std::move(what));
    in.push_back(std::move(what));
    return &in.back();
  }
  bool value(json&& what) { return put(std::move(what)), true; }
  bool open(json&& what) {
    if (open_.size() == max_depth) refuse(place_, "a nesting of at most " + std::to_string(max_depth), "a deeper one");
    if (what.is_object()) keys_.emplace_back();
    open_.push_back(put(std::move(what)));
    return true;
  }
  bool close() { return open_.pop_back(), true; }

  std::string place_, key_;
  json root_;
  std::vector<json*> open_;                            // a list does not grow while a value inside it is open
  std::vector<std::unordered_set<std::string>> keys_;  // of the open objects
  std::size_t values_ = 0;
};

}  // namespace

void refuse(const std::string& place, const std::string& expected, const std::string& found) {
  throw InputError(place + ": expected " + expected + ", found " + found);
}

std::string read_document(const std::filesystem::path& path) {
  const auto bytes = io::read_file(path, max_bytes);
  if (bytes.empty()) refuse(io::printable(path.string()), "a text", "an empty file");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

json parse_document(const std::string& place, std::string_view text) {
  if (const auto zero = text.find('\0'); zero != text.npos)  // which the parser would take for the end
    refuse(place, "valid JSON", "a zero at byte " + std::to_string(zero));
  Builder builder(place);
  json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

std::string describe(const json& value) {
  switch (value.type()) {
    case json::value_t::null: return "null";
    case json::value_t::object: return "an object";
    case json::value_t::array: return "a list";
    case json::value_t::string: return io::in_quotes(value.get_ref<const std::string&>());
    default: return value.dump();
  }
}

std::vector<std::string> texts_of(const std::string& place, const json& list, std::size_t limit) {
  if (!list.is_array()) refuse(place, "a list of texts", describe(list));
  if (list.size() > limit) refuse(place, "at most " + std::to_string(limit) + " of them", std::to_string(list.size()));
  std::vector<std::string> texts;
  for (const json& item : list) {
    if (!item.is_string()) refuse(place + ": " + std::to_string(texts.size()), "a text", describe(item));
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::string tokenizer_document(std::string_view kind, const nlohmann::ordered_json& fields) {
  nlohmann::ordered_json document = {{"format", "atelier.tokenizer"}, {"version", 1}, {"kind", kind}};
  document.update(fields);
  return document.dump(1) + "\n";
}

std::vector<std::string> special_texts(const Tokenizer& tokenizer) {
  std::vector<std::string> texts;
  for (std::int32_t id : tokenizer.vocabulary().special()) texts.push_back(tokenizer.token(id));
  return texts;
}

}  // namespace atelier::inline v0::data
