/// Fields of a configuration's JSON, which anyone may have written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "atelier/core/error.hpp"
#include "atelier/core/shape.hpp"

namespace atelier::inline v0::models {

[[noreturn]] inline void refuse(const std::string& place, const std::string& expected, const std::string& found) {
  throw InputError(place + ": expected " + expected + ", found " + found);
}

/// One object of JSON; every reading names the place in messages.
class Fields {
 public:
  /// Throws InputError for text that is no JSON object.
  Fields(const std::string& text, const std::string& place);

  /// The value under `key`, or `missing` where it is left out or null. Throws InputError for another type.
  Index integer(const char* key, Index missing) const;
  double number(const char* key, double missing) const;
  bool flag(const char* key, bool missing) const;
  std::string text(const char* key, const std::string& missing) const;
  /// Throws InputError when there is none.
  Index integer(const char* key) const;
  std::vector<Index> integers(const char* key) const;
  Fields object(const char* key) const;
  bool has(const char* key) const { return find(key) != nullptr; }
  const std::string& place() const { return place_; }

 private:
  Fields() = default;
  const nlohmann::json* find(const char* key) const;
  [[noreturn]] void wrong(const char* key, const char* expected) const;

  nlohmann::json object_;
  std::string place_;
};

}  // namespace atelier::inline v0::models
