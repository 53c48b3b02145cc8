#include "atelier/io/safetensors.hpp"

#include <algorithm>
#include <unordered_map>

#include "atelier/core/error.hpp"
#include "atelier/io/checksum.hpp"
#include "io/convert.hpp"
#include "io/descriptor.hpp"
#include "io/safetensors_header.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr std::size_t chunk = std::size_t{1} << 20;  // bytes at once, while they are in the cache

std::uint64_t little_endian(std::span<const std::byte, 8> bytes) {
  std::uint64_t n = 0;
  for (std::size_t i = 8; i-- > 0;) n = n << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return n;
}

}  // namespace

struct SafetensorsFile::Contents {
  std::filesystem::path path;
  std::string place;  // the path, fit for messages
  Descriptor file;
  std::optional<std::span<const std::byte>> memory;  // instead of the file
  std::vector<TensorInfo> tensors;
  std::unordered_map<std::string, std::size_t> index;
  std::vector<std::string> crcs;  // of the tensors, or empty
  Metadata metadata;
  bool checksums = false;

  [[noreturn]] void refuse(const std::string& expected, const std::string& found, const std::string& advice) const {
    throw InputError(place + ": expected " + expected + ", found " + found + "; " + advice);
  }
  [[noreturn]] void refuse_tensor(const std::string& name, const std::string& expected, const std::string& found,
                                  const std::string& advice) const {
    throw InputError(place + ": tensor '" + printable(name) + "': expected " + expected + ", found " + found + "; " +
                     advice);
  }

  /// Reads from `offset` until `to` is full or there is no more; returns the bytes read.
  std::size_t read(std::span<std::byte> to, std::uint64_t offset) const {
    if (!memory) return read_at(file, path, to, offset);
    const auto rest = memory->subspan(std::min<std::uint64_t>(offset, memory->size()));
    const auto n = std::min(rest.size(), to.size());
    std::copy_n(rest.begin(), n, to.begin());
    return n;
  }

  std::string read_header(std::uint64_t size) const {
    std::byte prefix[8] = {};
    if (size < 8) refuse("at least 8 bytes", std::to_string(size), "this is no safetensors file");
    read(prefix, 0);
    const auto length = little_endian(prefix);
    if (length > max_header_bytes)
      refuse("a header of at most 100000000 bytes at byte 0", std::to_string(length), "this is no safetensors file");
    if (length > size - 8)
      refuse("a header of " + std::to_string(length) + " bytes, as byte 0 says", "a file of " + std::to_string(size),
             "the file is cut short or no safetensors file, fetch it again");
    std::string text(static_cast<std::size_t>(length), '\0');
    text.resize(read(std::as_writable_bytes(std::span(text)), 8));
    return text;
  }

  /// Moves the checksums out of the metadata. They are there for the header and every tensor, or not at all: otherwise
  /// a damaged key would switch its check off.
  void take_checksums(const std::string& header) {
    std::vector<std::string> found;
    for (const TensorInfo& t : tensors)
      if (auto crc = metadata.extract(tensor_crc_prefix + t.name)) found.push_back(crc.mapped());
    const auto of_header = metadata.extract(header_crc_key);
    if (found.empty() && !of_header) return;
    if (!of_header || found.size() != tensors.size())
      refuse("checksums of the header and of all " + std::to_string(tensors.size()) + " tensors",
             std::to_string(found.size()) + (of_header ? " and the header's" : " without the header's"),
             "the file is damaged, use another copy");
    const auto crc = header_crc(header);
    if (!crc || crc32_text(*crc) != of_header.mapped())
      refuse("a header with checksum " + printable(of_header.mapped()), crc ? crc32_text(*crc) : "another layout",
             "the file is damaged, use another copy");
    crcs = std::move(found);
    checksums = true;
  }

  void read_part(const TensorInfo& t, std::span<std::byte> to, std::uint64_t at) const {
    const auto n = read(to, t.offset + at);
    if (n != to.size())
      refuse_tensor(t.name, "data up to byte " + std::to_string(t.offset + t.bytes),
                    "the file's end at byte " + std::to_string(t.offset + at + n),
                    "do not change files while they are read");
  }

  void check_crc(std::size_t tensor, std::uint32_t crc) const {
    if (checksums && crc32_text(crc) != crcs[tensor])
      refuse_tensor(tensors[tensor].name, "data with checksum " + printable(crcs[tensor]), crc32_text(crc),
                    "the file is damaged, use another copy");
  }

  std::size_t find(const std::string& name) const {
    const auto it = index.find(name);
    if (it == index.end())
      refuse("a tensor named " + in_quotes(name), std::to_string(tensors.size()) + " tensors without it",
             "the file belongs to another model");
    return it->second;
  }

  /// Reads and checks the header of `size` bytes.
  void begin(std::uint64_t size) {
    const auto text = read_header(size);
    auto header = parse_safetensors_header(place, text, size - 8 - text.size());
    tensors = std::move(header.tensors);
    metadata = std::move(header.metadata);
    for (std::size_t i = 0; i < tensors.size(); ++i) index[tensors[i].name] = i;
    take_checksums(text);
  }

  void check_request(const TensorInfo& t, DType wanted, std::size_t elements) const {
    if (!convertible(t.dtype, wanted))
      refuse_tensor(t.name, std::string("elements that convert to ") + io::name(wanted), io::name(t.dtype),
                    "read it as what it is");
    if (static_cast<std::size_t>(t.shape.size()) != elements)
      refuse_tensor(t.name, std::to_string(elements) + " elements", t.shape.str(), "the file belongs to another model");
  }
};

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  auto contents = std::make_shared<Contents>();
  contents->path = path;
  contents->place = printable(path.string());
  contents->file = open_input(path);
  contents->begin(file_size(contents->file, path));
  return SafetensorsFile(std::move(contents));
}

SafetensorsFile SafetensorsFile::of_bytes(std::span<const std::byte> bytes, const std::string& place) {
  auto contents = std::make_shared<Contents>();
  contents->place = printable(place);
  contents->memory = bytes;
  contents->begin(bytes.size());
  return SafetensorsFile(std::move(contents));
}

const std::vector<TensorInfo>& SafetensorsFile::tensors() const { return contents_->tensors; }
bool SafetensorsFile::contains(const std::string& name) const { return contents_->index.contains(name); }
const TensorInfo& SafetensorsFile::info(const std::string& name) const {
  return contents_->tensors[contents_->find(name)];
}
const Metadata& SafetensorsFile::metadata() const { return contents_->metadata; }
bool SafetensorsFile::has_checksums() const { return contents_->checksums; }

void SafetensorsFile::verify() const {
  const Contents& c = *contents_;
  if (!c.checksums) return;
  std::vector<std::byte> buffer(chunk);
  for (std::size_t i = 0; i < c.tensors.size(); ++i) {
    std::uint32_t crc = 0;
    for (std::uint64_t at = 0; at < c.tensors[i].bytes; at += chunk) {
      const auto part = std::span(buffer).first(std::min<std::uint64_t>(chunk, c.tensors[i].bytes - at));
      c.read_part(c.tensors[i], part, at);
      crc = crc32(part, crc);
    }
    c.check_crc(i, crc);
  }
}

template <Stored T> void SafetensorsFile::read_into(const std::string& name, std::span<T> to) const {
  const Contents& c = *contents_;
  const auto tensor = c.find(name);
  const TensorInfo& t = c.tensors[tensor];
  c.check_request(t, dtype_of<T>, to.size());
  const bool direct = t.dtype == dtype_of<T>;
  std::vector<std::byte> buffer(direct ? 0 : chunk);
  std::uint32_t crc = 0;
  for (std::uint64_t at = 0; at < t.bytes; at += chunk) {
    const auto n = std::min<std::uint64_t>(chunk, t.bytes - at);
    const auto part = direct ? std::as_writable_bytes(to).subspan(at, n) : std::span(buffer).first(n);
    c.read_part(t, part, at);
    crc = crc32(part, crc);
    if (!direct) convert(t.dtype, part, to.data() + at / byte_size(t.dtype));
  }
  c.check_crc(tensor, crc);
}

template <Stored T> BasicTensor<T> SafetensorsFile::read(const std::string& name) const {
  const TensorInfo& t = info(name);
  contents_->check_request(t, dtype_of<T>, static_cast<std::size_t>(t.shape.size()));
  auto tensor = BasicTensor<T>::empty(t.shape);
  read_into(name, std::span(tensor.mutable_data(), static_cast<std::size_t>(tensor.size())));
  return tensor;
}

template BasicTensor<float> SafetensorsFile::read(const std::string&) const;
template BasicTensor<double> SafetensorsFile::read(const std::string&) const;
template BasicTensor<std::int32_t> SafetensorsFile::read(const std::string&) const;
template BasicTensor<std::int64_t> SafetensorsFile::read(const std::string&) const;
template BasicTensor<std::uint8_t> SafetensorsFile::read(const std::string&) const;
template void SafetensorsFile::read_into(const std::string&, std::span<float>) const;
template void SafetensorsFile::read_into(const std::string&, std::span<double>) const;
template void SafetensorsFile::read_into(const std::string&, std::span<std::int32_t>) const;
template void SafetensorsFile::read_into(const std::string&, std::span<std::int64_t>) const;
template void SafetensorsFile::read_into(const std::string&, std::span<std::uint8_t>) const;

}  // namespace atelier::inline v0::io
