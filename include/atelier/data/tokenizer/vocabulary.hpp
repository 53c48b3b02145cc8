/// Tokens and their numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace atelier::inline v0::data {

/// The tokens of a model: different texts (any bytes), numbered from 0. Some may be special: they stand for no text of
/// their own, such as the end of a document.
class Vocabulary {
 public:
  static constexpr std::size_t max_size = std::size_t{1} << 20;

  Vocabulary() = default;
  /// Throws Error for more than max_size tokens, an empty one or one that occurs twice, and special tokens that are
  /// not among them or no valid UTF-8.
  explicit Vocabulary(std::vector<std::string> tokens, const std::vector<std::string>& special = {});

  std::int32_t size() const { return static_cast<std::int32_t>(tokens_.size()); }
  const std::vector<std::string>& tokens() const { return tokens_; }
  /// Bytes of a token. Throws Error for an id outside [0, size()).
  const std::string& token(std::int32_t id) const;
  std::optional<std::int32_t> find(std::string_view token) const;
  /// Ids of the special tokens, in the order they were given.
  const std::vector<std::int32_t>& special() const { return special_; }
  bool is_special(std::int32_t id) const { return marked_[static_cast<std::size_t>(id)]; }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  std::vector<std::string> tokens_;
  std::vector<std::int32_t> special_;
  std::vector<bool> marked_;  // by id: special
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> ids_;
};

}  // namespace atelier::inline v0::data
