#include "atelier/io/npy.hpp"

#include <algorithm>

#include "atelier/core/error.hpp"
#include "atelier/io/durable_file.hpp"
#include "io/convert.hpp"
#include "io/descriptor.hpp"
#include "io/npy_header.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr std::string_view magic("\x93NUMPY", 6);
constexpr std::size_t max_header = 65'536;  // a dictionary with six sizes takes about 200 bytes

/// An open .npy file whose header has been checked.
struct NpyFile {
  explicit NpyFile(const std::filesystem::path& p) : path(p), place(printable(p.string())), file(open_input(p)) {
    const auto size = file_size(file, path);
    const std::string header = read_header();
    about = parse_npy_header(place, header, data - header.size());
    check_size(size);
  }

  [[noreturn]] void refuse(const std::string& expected, const std::string& found, const std::string& advice) const {
    throw InputError(place + ": expected " + expected + ", found " + found + "; " + advice);
  }

  std::string read_text(std::size_t bytes, std::uint64_t offset) const {
    std::string text(bytes, '\0');
    text.resize(read_at(file, path, std::as_writable_bytes(std::span(text)), offset));
    return text;
  }

  /// The dictionary; sets `data` to the offset of the first byte behind it.
  std::string read_header() {
    const std::string start = read_text(12, 0);
    const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(start[i])); };
    if (!start.starts_with(magic)) refuse("\\x93NUMPY at byte 0", "something else", "this is no .npy file");
    if (start.size() < 12)
      refuse("a header", "the file's end at byte " + std::to_string(start.size()), "fetch it again");
    const auto major = byte(6), minor = byte(7);
    if ((major != 1 && major != 2) || minor != 0)
      refuse("version 1.0 or 2.0 at byte 6", std::to_string(major) + "." + std::to_string(minor),
             "save the array again with numpy.save");
    const std::size_t length = byte(8) | byte(9) << 8 | (major == 2 ? byte(10) << 16 | byte(11) << 24 : 0);
    if (length > max_header)
      refuse("a header of at most 65536 bytes at byte 8", std::to_string(length), "this is no array that can be read");
    data = (major == 2 ? 12 : 10) + length;
    std::string header = read_text(length, data - length);
    if (header.size() != length)
      refuse("a header of " + std::to_string(length) + " bytes at byte 8", std::to_string(header.size()),
             "the file is cut short, fetch it again");
    return header;
  }

  /// A size of 0 counts as 1 while sizes are multiplied, so that no order of them overflows later.
  void check_size(std::uint64_t size) const {
    auto bytes = static_cast<std::int64_t>(byte_size(about.dtype));
    for (Index n : about.shape.sizes())
      if (__builtin_mul_overflow(bytes, std::max<Index>(n, 1), &bytes))
        refuse("a shape of less than 2^63 bytes", about.shape.str(), "the file is damaged");
    const auto expected = about.shape.size() ? static_cast<std::uint64_t>(bytes) : 0;
    if (size < data || size - data != expected)
      refuse(std::to_string(expected) + " bytes for " + npy_descr(about.dtype) + " " + about.shape.str() +
                 " from byte " + std::to_string(data) + " on",
             std::to_string(size - std::min<std::uint64_t>(size, data)), "the file is damaged, fetch or save it again");
  }

  std::filesystem::path path;
  std::string place;
  Descriptor file;
  std::size_t data = 0;
  NpyHeader about{};
};

std::string header_text(DType dtype, const Shape& shape) {
  std::string sizes;
  for (Index n : shape.sizes()) sizes += std::to_string(n) + ", ";
  if (shape.rank() > 1)
    sizes.resize(sizes.size() - 2);
  else if (shape.rank() == 1)
    sizes.pop_back();
  std::string text =
      std::string("{'descr': '") + npy_descr(dtype) + "', 'fortran_order': False, 'shape': (" + sizes + "), }";
  text.append(63 - (text.size() + 10) % 64, ' ');
  return text + '\n';
}

}  // namespace

template <Stored T> void write_npy(const std::filesystem::path& path, const BasicTensor<T>& tensor) {
  const std::string header = header_text(dtype_of<T>, tensor.shape());
  const std::string start = std::string(magic) + '\1' + '\0' + static_cast<char>(header.size() & 255) +
                            static_cast<char>(header.size() >> 8) + header;
  write_durable(path, {bytes_of(start), std::as_bytes(tensor.values())});
}

template <Stored T> BasicTensor<T> read_npy(const std::filesystem::path& path) {
  const NpyFile npy(path);
  const auto [dtype, shape] = npy.about;
  if (!convertible(dtype, dtype_of<T>))
    npy.refuse(std::string("elements that convert to ") + name(dtype_of<T>), npy_descr(dtype), "read it as what it is");
  auto tensor = BasicTensor<T>::empty(shape);
  const auto elements = static_cast<std::size_t>(shape.size());
  const std::size_t chunk = 1 << 17;
  std::vector<std::byte> buffer(std::min(chunk, elements) * byte_size(dtype));
  for (std::size_t at = 0; at < elements; at += chunk) {
    const auto part = std::span(buffer).first(std::min(chunk, elements - at) * byte_size(dtype));
    if (read_at(npy.file, path, part, npy.data + at * byte_size(dtype)) != part.size())
      npy.refuse("all data", "the file's end", "do not change files while they are read");
    convert(dtype, part, tensor.mutable_data() + at);
  }
  return tensor;
}

template void write_npy(const std::filesystem::path&, const BasicTensor<float>&);
template void write_npy(const std::filesystem::path&, const BasicTensor<double>&);
template void write_npy(const std::filesystem::path&, const BasicTensor<std::int32_t>&);
template void write_npy(const std::filesystem::path&, const BasicTensor<std::int64_t>&);
template void write_npy(const std::filesystem::path&, const BasicTensor<std::uint8_t>&);
template BasicTensor<float> read_npy(const std::filesystem::path&);
template BasicTensor<double> read_npy(const std::filesystem::path&);
template BasicTensor<std::int32_t> read_npy(const std::filesystem::path&);
template BasicTensor<std::int64_t> read_npy(const std::filesystem::path&);
template BasicTensor<std::uint8_t> read_npy(const std::filesystem::path&);

}  // namespace atelier::inline v0::io
