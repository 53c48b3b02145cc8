#include "atelier/train/record.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "atelier/core/error.hpp"

namespace atelier::inline v0::train {

namespace {
using Json = nlohmann::ordered_json;

Json to_json(const Record& record);

Json to_json(const Value& value) {
  return std::visit(
      [](const auto& v) -> Json {
        using V = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<V, std::vector<Record>>) {
          return v.empty() ? Json::object() : to_json(v.front());
        } else if constexpr (std::is_same_v<V, double>) {
          return std::isfinite(v) ? Json(v) : Json(nullptr);
        } else {
          return v;
        }
      },
      value);
}

Json to_json(const Record& record) {
  Json json = Json::object();
  for (const auto& [key, value] : record.fields()) json[key] = to_json(value);
  return json;
}

/// Records of the library are no deeper; text that is comes from elsewhere.
constexpr int deepest = 8;

Record from_json(const Json& json, int depth);

Value value_from(const Json& json, int depth) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_object()) return std::vector<Record>{from_json(json, depth)};
  if (!json.is_array()) return std::nan("");
  std::vector<std::int64_t> numbers;
  for (const auto& item : json)
    if (item.is_number_integer()) numbers.push_back(item.get<std::int64_t>());
  return numbers;
}

Record from_json(const Json& json, int depth) {
  if (depth > deepest) throw InputError("record: expected at most " + std::to_string(deepest) + " levels of JSON");
  Record record;
  for (const auto& [key, value] : json.items()) record.set(key, value_from(value, depth + 1));
  return record;
}
}  // namespace

Record& Record::set(const std::string& key, Value value) {
  for (auto& [name, old] : fields_)
    if (name == key) {
      old = std::move(value);
      return *this;
    }
  fields_.emplace_back(key, std::move(value));
  return *this;
}

Record& Record::set(const std::string& key, Record part) {
  return set(key, Value(std::vector<Record>{std::move(part)}));
}

Record& Record::merge(const Record& other) {
  for (const auto& [key, value] : other.fields_) set(key, value);
  return *this;
}

const Value* Record::find(const std::string& key) const {
  for (const auto& [name, value] : fields_)
    if (name == key) return &value;
  return nullptr;
}

double Record::number(const std::string& key) const {
  const Value* value = find(key);
  if (value && std::holds_alternative<double>(*value)) return std::get<double>(*value);
  return static_cast<double>(integer(key));
}

std::int64_t Record::integer(const std::string& key) const {
  const Value* value = find(key);
  if (!value || !std::holds_alternative<std::int64_t>(*value))
    throw InputError("record: expected a number under '" + key + "', found none");
  return std::get<std::int64_t>(*value);
}

std::string Record::json() const { return to_json(*this).dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string Record::pretty() const { return to_json(*this).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Record Record::parse(const std::string& text, const std::string& place) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) throw InputError(place + ": expected a JSON object, found other text");
  return from_json(json, 0);
}

}  // namespace atelier::inline v0::train
