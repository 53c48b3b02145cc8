#include "io/npy_header.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "atelier/core/error.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr DType supported[] = {DType::F32, DType::F64, DType::I32, DType::I64, DType::U8};

/// Reads the one kind of Python dictionary that stands in .npy files: the three keys in any order, each once.
class DictReader {
 public:
  DictReader(const std::string& place, std::string_view text, std::size_t offset)
      : place_(place), text_(text), offset_(offset) {}

  NpyHeader read() {
    need('{');
    while (!take('}')) {
      entry();
      if (!take(',')) {
        need('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) refuse("nothing but spaces behind '}'");
    for (const char* key : {"descr", "fortran_order", "shape"})
      if (!keys_.contains(key)) refuse(std::string("the key '") + key + "'");
    return header_;
  }

 private:
  [[noreturn]] void refuse(const std::string& expected) const { refuse(expected, found()); }
  [[noreturn]] void refuse(const std::string& expected, const std::string& found) const {
    throw InputError(place_ + ": byte " + std::to_string(offset_ + at_) + ": expected " + expected + ", found " +
                     found + "; save the array again with numpy.save");
  }
  std::string found() const {
    return at_ < text_.size() ? in_quotes(std::string(text_.substr(at_, 12))) : "the header's end";
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool take(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void need(char c) {
    if (!take(c)) refuse(std::string("'") + c + "'");
  }
  std::string text() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    const auto end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : text_.npos;
    if (end == text_.npos) refuse("a text in quotes");
    const std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }
  void entry() {
    const std::string key = text();
    if (!keys_.insert(key).second) refuse("every key once", in_quotes(key) + " twice");
    need(':');
    if (key == "descr")
      header_.dtype = dtype();
    else if (key == "fortran_order")
      order();
    else if (key == "shape")
      shape();
    else
      refuse("the keys descr, fortran_order and shape", in_quotes(key));
  }
  DType dtype() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[') refuse("one of '<f4', '<f8', '<i4', '<i8', '|u1'", "a record type");
    const auto start = at_;
    const std::string descr = text();
    for (DType d : supported)
      if (descr == npy_descr(d) || (d == DType::U8 && descr == "<u1")) return d;
    at_ = start;
    refuse("one of '<f4', '<f8', '<i4', '<i8', '|u1'", in_quotes(descr));
  }
  void order() {
    skip_space();
    if (text_.substr(at_).starts_with("True")) refuse("C order (numpy.ascontiguousarray makes it)", "Fortran order");
    if (!text_.substr(at_).starts_with("False")) refuse("False");
    at_ += 5;
  }
  void shape() {
    need('(');
    for (bool comma = true; !take(')'); comma = take(',')) {
      if (!comma) refuse("',' or ')'");
      if (header_.shape.rank() == Shape::max_rank) refuse("at most 6 dimensions", "more");
      header_.shape.push_back(size());
    }
  }
  Index size() {
    skip_space();
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), n);
    if (error != std::errc() || n > std::uint64_t{INT64_MAX}) refuse("a size from 0 to 2^63 - 1");
    at_ = static_cast<std::size_t>(end - text_.data());
    take('L');  // as Python 2 wrote it
    return static_cast<Index>(n);
  }

  std::string place_;
  std::string_view text_;
  std::size_t offset_, at_ = 0;
  NpyHeader header_{};
  std::set<std::string> keys_;
};

}  // namespace

const char* npy_descr(DType dtype) {
  switch (dtype) {
    case DType::F32: return "<f4";
    case DType::F64: return "<f8";
    case DType::I32: return "<i4";
    case DType::I64: return "<i8";
    case DType::U8: return "|u1";
    default: return "";
  }
}

NpyHeader parse_npy_header(const std::string& place, std::string_view text, std::size_t offset) {
  return DictReader(place, text, offset).read();
}

}  // namespace atelier::inline v0::io
