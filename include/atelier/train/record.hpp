/// Named values in order: a line of the log, a configuration, a summary. Written and read as JSON.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace atelier::inline v0::train {

class Record;
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<Record>>;

class Record {
 public:
  /// Sets `key`, in place when it is there already. Integers, numbers, text and flags keep their kind.
  Record& set(const std::string& key, Value value);
  Record& set(const std::string& key, const char* text) { return set(key, Value(std::string(text))); }
  template <std::integral N> Record& set(const std::string& key, N n) {
    if constexpr (std::same_as<N, bool>)
      return set(key, Value(n));
    else
      return set(key, Value(static_cast<std::int64_t>(n)));
  }
  template <std::floating_point X> Record& set(const std::string& key, X x) {
    return set(key, Value(static_cast<double>(x)));
  }
  Record& set(const std::string& key, Record part);
  /// Appends all of `other`.
  Record& merge(const Record& other);

  const Value* find(const std::string& key) const;
  /// The number under `key`. Throws InputError when there is none.
  double number(const std::string& key) const;
  std::int64_t integer(const std::string& key) const;
  const std::vector<std::pair<std::string, Value>>& fields() const { return fields_; }

  /// One line of JSON; numbers with all their digits, infinities and NaN as null.
  std::string json() const;
  /// Several lines, indented.
  std::string pretty() const;
  /// Reads what json() wrote. Throws InputError, naming `place`, for text that is no JSON object.
  static Record parse(const std::string& text, const std::string& place);

 private:
  std::vector<std::pair<std::string, Value>> fields_;
};

}  // namespace atelier::inline v0::train
