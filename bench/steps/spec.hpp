/// What a workload is called: a name, and sizes that take the place of its own, as in "gpt@width=512,batch=4".
#pragma once

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

#include "atelier/core/error.hpp"
#include "atelier/core/shape.hpp"

namespace atelier::bench {

class Spec {
 public:
  /// Throws ConfigError for sizes that are not KEY=NUMBER, NUMBER from 1 on.
  explicit Spec(const std::string& text) : name_(text.substr(0, text.find('@'))) {
    for (std::size_t at = name_.size(); at < text.size();) {
      const std::size_t end = std::min(text.find(',', at + 1), text.size());
      add(text.substr(at + 1, end - at - 1));
      at = end;
    }
  }
  const std::string& name() const { return name_; }
  /// The size `key` where it was given, else `otherwise`.
  Index size(const std::string& key, Index otherwise) {
    const auto found = sizes_.find(key);
    if (found == sizes_.end()) return otherwise;
    const Index value = found->second;
    sizes_.erase(found);
    return value;
  }
  /// Throws ConfigError naming a size that nobody asked for.
  void check_used() const {
    if (!sizes_.empty()) throw ConfigError("work: " + name_ + " has no size '" + sizes_.begin()->first + "'");
  }

 private:
  void add(const std::string& word) {
    const std::size_t equals = std::min(word.find('='), word.size());
    char* end = nullptr;
    const Index value = std::strtoll(word.c_str() + std::min(equals + 1, word.size()), &end, 10);
    if (equals == 0 || *end || value < 1) throw ConfigError("work: expected KEY=NUMBER, found '" + word + "'");
    sizes_[word.substr(0, equals)] = value;
  }

  std::string name_;
  std::map<std::string, Index> sizes_;
};

}  // namespace atelier::bench
