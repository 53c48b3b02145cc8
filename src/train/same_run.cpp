#include "atelier/train/same_run.hpp"

#include "atelier/core/error.hpp"

namespace atelier::inline v0::train {

namespace {
const Record* part(const Record& record, const std::string& key) {
  const Value* value = record.find(key);
  const auto* parts = value ? std::get_if<std::vector<Record>>(value) : nullptr;
  return parts && !parts->empty() ? &parts->front() : nullptr;
}

std::string text(const Record& record, const std::string& key) {
  const Value* value = record.find(key);
  return value ? Record().set(key, *value).json() : "{\"" + key + "\": nothing}";
}

void require_same(const Record& old, const Record& now, const std::string& key, const std::string& place) {
  if (key == "environment" || (key == "steps" && !now.find(key)) || text(old, key) == text(now, key)) return;
  if (part(old, key) && part(now, key)) require_same_run(*part(old, key), *part(now, key), place);
  throw ConfigError(place + ": expected " + text(old, key) + " as the run began, found " + text(now, key) +
                    "; resume with the same flags or choose another --out");
}
}  // namespace

void require_same_run(const Record& old, const Record& now, const std::string& place) {
  for (const auto& [key, value] : old.fields()) require_same(old, now, key, place);
  for (const auto& [key, value] : now.fields()) require_same(old, now, key, place);
}

void require_same_request(const Record& old, const Record& asked, const std::string& place) {
  for (const auto& [key, value] : asked.fields()) require_same(old, asked, key, place);
}

}  // namespace atelier::inline v0::train
