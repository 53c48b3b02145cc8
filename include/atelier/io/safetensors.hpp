/// Named tensors in one file, in the safetensors format (https://github.com/huggingface/safetensors, "Format"): 8 bytes
/// little-endian header length N, N bytes of JSON {"NAME": {"dtype", "shape", "data_offsets"}, "__metadata__": {}},
/// data.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "atelier/io/dtype.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::io {

using Metadata = std::map<std::string, std::string>;

/// A tensor that is to be written: row-major bytes, which must live until then.
struct NamedBytes {
  std::string name;
  DType dtype;
  Shape shape;
  std::span<const std::byte> bytes;
};

template <Stored T> NamedBytes named(std::string name, const BasicTensor<T>& tensor) {
  return {std::move(name), dtype_of<T>, tensor.shape(), std::as_bytes(tensor.values())};
}
/// A temporary would be gone before it is written.
template <Stored T> NamedBytes named(std::string name, BasicTensor<T>&& tensor) = delete;

/// Writes the tensors and metadata to `path` (write_durable: whole or not at all). The bytes depend on the arguments
/// alone. Data stand in the given order, wide elements first, from a multiple of 64 bytes on, so that every tensor is
/// aligned to its element size. Checksums go along as metadata: "crc32.NAME" of each tensor's bytes and
/// "atelier.header_crc32" of the header, its own eight digits read as zeros.
/// Throws Error for a name given twice or reserved, text that is not UTF-8, or bytes that do not fill the shape;
/// IoError when the system refuses.
void write_safetensors(const std::filesystem::path& path, std::span<const NamedBytes> tensors,
                       const Metadata& metadata = {});

/// What a file says of a tensor.
struct TensorInfo {
  std::string name;
  DType dtype;
  Shape shape;
  std::uint64_t offset;  // of the first byte, from the start of the file
  std::uint64_t bytes;
};

/// An open file whose header has been checked completely: JSON without duplicates, known types, shapes and offsets that
/// fit each other and tile the data without gap or overlap. Copies share it; reading from several threads is safe.
class SafetensorsFile {
 public:
  /// Throws InputError naming file and place for a missing file or anything wrong with its header, IoError when the
  /// system refuses. Reads the header only.
  static SafetensorsFile open(const std::filesystem::path& path);
  /// The same of bytes in memory, which must live as long as the result is used; `place` names them in messages.
  static SafetensorsFile of_bytes(std::span<const std::byte> bytes, const std::string& place);

  /// In the order of their data.
  const std::vector<TensorInfo>& tensors() const;
  bool contains(const std::string& name) const;
  /// Throws InputError naming file and tensor when there is none of that name.
  const TensorInfo& info(const std::string& name) const;
  /// Without the checksums.
  const Metadata& metadata() const;
  /// The file carries checksums of its header and of every tensor. Files by other programs do not.
  bool has_checksums() const;
  /// Reads all data; throws InputError naming the first tensor whose checksum differs. Without checksums: does nothing.
  void verify() const;

  /// A tensor; F64, F32, F16 and BF16 convert to float and double, other types are read as what they are. The checksum
  /// is verified where there is one. Throws InputError naming file and tensor.
  template <Stored T> BasicTensor<T> read(const std::string& name) const;
  /// The same into memory that is there. Throws InputError when the number of elements differs. After an error the
  /// contents of `to` are unspecified.
  template <Stored T> void read_into(const std::string& name, std::span<T> to) const;

 private:
  struct Contents;
  explicit SafetensorsFile(std::shared_ptr<const Contents> contents) : contents_(std::move(contents)) {}

  std::shared_ptr<const Contents> contents_;
};

}  // namespace atelier::inline v0::io
