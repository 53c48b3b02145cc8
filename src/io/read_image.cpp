#include "atelier/io/read_image.hpp"

#include <algorithm>

#include "atelier/core/error.hpp"
#include "io/descriptor.hpp"
#include "io/file_kind.hpp"
#include "io/image_file.hpp"
#include "io/png_text.hpp"

namespace atelier::inline v0::io {

void ImageFile::damaged(const char* kind, std::size_t byte, const char* reason) const {
  throw InputError(place + ": near byte " + std::to_string(byte) + ": expected the data of a " + kind +
                   " image, found: " + printable(reason) + "; the file is damaged, fetch it again");
}

void ImageFile::check_size(Index width, Index height, double most_pixels) const {
  const auto size = std::to_string(width) + " x " + std::to_string(height);
  if (width < 1 || height < 1) throw InputError(place + ": expected an image of at least 1 x 1, found " + size);
  if (width > options.max_side || height > options.max_side || width > options.max_pixels / height)
    throw InputError(place + ": expected an image of at most " + std::to_string(options.max_side) + " x " +
                     std::to_string(options.max_side) + " and " + std::to_string(options.max_pixels) +
                     " pixels, found " + size + "; make it smaller, or raise the limits");
  if (static_cast<double>(width) * static_cast<double>(height) > most_pixels)
    throw InputError(place + ": expected the data of " + size + " pixels, as the header says, found a file of " +
                     std::to_string(bytes.size()) +
                     " bytes that cannot hold them; the file is damaged, fetch it again");
}

Image blank_image(Index width, Index height, int channels) {
  Image image{.width = width, .height = height, .channels = channels};
  image.pixels.resize(static_cast<std::size_t>(width * height * channels));
  return image;
}

Image read_image(Bytes file, const std::string& place, const ReadImageOptions& options) {
  if (file.size() > options.max_file_bytes)
    throw InputError(place + ": expected at most " + std::to_string(options.max_file_bytes) + " bytes, found " +
                     std::to_string(file.size()) + "; check that this is the right file, or raise the limit");
  const auto head = text_of(file.first(std::min(file.size(), kind_bytes)));
  const ImageFile image{file, place, options};
  if (head.starts_with("\xff\xd8\xff")) return read_jpeg(image);
  if (head.starts_with(png_signature)) return read_png(image);
  const auto found = describe_kind(head);
  throw InputError(place + ": expected a JPEG or PNG image, found " + found + "; " + kind_advice(found));
}

Image read_image(const std::filesystem::path& path, const ReadImageOptions& options) {
  const auto bytes = read_file(path, static_cast<std::size_t>(options.max_file_bytes));
  return read_image(bytes, printable(path.string()), options);
}

Image to_grey(const Image& image) {
  if (image.channels == 1) return image;
  Image grey = blank_image(image.width, image.height, 1);
  const std::uint8_t* from = image.pixels.data();
  for (auto& to : grey.pixels) {
    to = static_cast<std::uint8_t>((19'595u * from[0] + 38'470u * from[1] + 7'471u * from[2] + 32'768u) >> 16);
    from += 3;
  }
  return grey;
}

Image to_colour(const Image& image) {
  if (image.channels == 3) return image;
  Image colour = blank_image(image.width, image.height, 3);
  std::uint8_t* to = colour.pixels.data();
  for (auto level : image.pixels) to = std::fill_n(to, 3, level);
  return colour;
}

}  // namespace atelier::inline v0::io
