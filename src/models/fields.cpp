#include "models/fields.hpp"

#include "io/descriptor.hpp"

namespace atelier::inline v0::models {

Fields::Fields(const std::string& text, const std::string& place) : place_(place) {
  constexpr int deepest = 16;  // texts that nest without end must not exhaust the stack where they are printed
  bool deeper = false;
  const auto within = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    deeper |= depth > deepest;
    return !deeper;
  };
  object_ = nlohmann::json::parse(text, within, false);
  if (deeper) refuse(place, "at most " + std::to_string(deepest) + " levels of JSON", "more");
  if (object_.is_discarded()) refuse(place, "a configuration as JSON", "text that is no JSON");
  if (!object_.is_object()) refuse(place, "an object of JSON", io::printable(object_.dump()));
}
const nlohmann::json* Fields::find(const char* key) const {
  const auto at = object_.find(key);
  return at == object_.end() || at->is_null() ? nullptr : &*at;
}
void Fields::wrong(const char* key, const char* expected) const {
  const auto* value = find(key);
  refuse(place_ + ": " + key, expected, value ? io::printable(value->dump()) : "nothing");
}
Index Fields::integer(const char* key) const {
  const auto* value = find(key);
  if (!value || !value->is_number_integer() || value->get<double>() > 1e15) wrong(key, "a whole number");
  return value->get<Index>();
}
std::vector<Index> Fields::integers(const char* key) const {
  const auto* value = find(key);
  if (!value || !value->is_array()) wrong(key, "a list of whole numbers");
  for (const auto& n : *value)
    if (!n.is_number_integer() || n.get<double>() > 1e15) wrong(key, "a list of whole numbers");
  return value->get<std::vector<Index>>();
}
Fields Fields::object(const char* key) const {
  const auto* value = find(key);
  if (!value || !value->is_object()) wrong(key, "an object");
  Fields part;
  part.object_ = *value, part.place_ = place_ + ": " + key;
  return part;
}
Index Fields::integer(const char* key, Index missing) const { return has(key) ? integer(key) : missing; }
double Fields::number(const char* key, double missing) const {
  const auto* value = find(key);
  if (value && !value->is_number()) wrong(key, "a number");
  return value ? value->get<double>() : missing;
}
bool Fields::flag(const char* key, bool missing) const {
  const auto* value = find(key);
  if (value && !value->is_boolean()) wrong(key, "true or false");
  return value ? value->get<bool>() : missing;
}
std::string Fields::text(const char* key, const std::string& missing) const {
  const auto* value = find(key);
  if (value && !value->is_string()) wrong(key, "a text");
  return value ? io::printable(value->get<std::string>()) : missing;
}

}  // namespace atelier::inline v0::models
