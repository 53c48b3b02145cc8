/// Folders and archives of images: what is found, what is refused, the cache.
#include "atelier/data/image_folder.hpp"

#include <gtest/gtest.h>

#include "atelier/parallel/team.hpp"
#include "data/image_support.hpp"
#include "support/expect_error.hpp"
#include "support/small_disk.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;
namespace fs = std::filesystem;

/// Images a/1.png, a/2.JPG, b/x/3.jpeg of several sizes, and files that are none.
void write_images(const TempFolder& folder) {
  fs::create_directories(folder / "b/x");
  fs::create_directories(folder / "a");
  fs::create_directories(folder / ".hidden");
  io::write_png(folder / "a/1.png", test_image(1, 20, 30));
  io::write_png(folder / "a/2.JPG", test_image(2, 40, 25));
  io::write_png(folder / "b/x/3.jpeg", test_image(3, 16, 16));
  io::write_png(folder / ".hidden/4.png", test_image(4, 16, 16));
  folder.write("a/notes.txt", "no image");
}

ImageFolderOptions small(const fs::path& cache = {}) { return {.images = {.size = 8, .cache = cache}}; }

TEST(ImageFolder, RecursivelyInOrderOfNames) {
  TempFolder folder;
  write_images(folder);
  const auto images = load_image_folder(folder.path(), small());
  EXPECT_EQ(images.names, (std::vector<std::string>{"a/1.png", "a/2.JPG", "b/x/3.jpeg"}));
  EXPECT_EQ(images.images.count, 3);
  EXPECT_EQ(images.images.pixels.size(), 3u * 3 * 64);
  EXPECT_TRUE(images.images.labels.empty());
  EXPECT_EQ(images.report.lines(), (std::vector<std::string>{"3 images of 3"}));
  EXPECT_NE(images.protocol.find("3 of 3 images of several sizes, crop square resized to 8 x 8"), std::string::npos)
      << images.protocol;
}

TEST(ImageFolder, SubfoldersAreClasses) {
  TempFolder folder;
  write_images(folder);
  auto options = small();
  options.labels = true;
  const auto images = load_image_folder(folder.path(), options);
  EXPECT_EQ(images.classes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(images.images.labels, (std::vector<std::uint8_t>{0, 0, 1}));
  fs::create_directories(folder / "top/photos");
  for (const char* part : {"a", "b"}) fs::rename(folder / part, folder / "top/photos" / part);
  const auto below = load_image_folder(folder.path(), options);
  EXPECT_EQ(below.classes, images.classes);
  EXPECT_EQ(below.images.labels, images.images.labels);
  for (const char* part : {"a", "b"}) fs::rename(folder / "top/photos" / part, folder / part);
  io::write_png(folder / "0.png", test_image(1, 9, 9));
  expect_error<InputError>([&] { load_image_folder(folder.path(), options); }, {"'0.png' outside"});
  expect_error<InputError>([&] { load_image_folder(folder / "b", options); }, {"2 to 256 subfolders", "found 1"});
}

TEST(ImageFolder, HoldsOutAtRandom) {
  TempFolder folder;
  write_images(folder);
  auto options = small();
  options.holdout = 1;
  const auto images = load_image_folder(folder.path(), options);
  EXPECT_EQ(images.split.test.size(), 1u);
  EXPECT_EQ(images.split.train.size(), 2u);
  bool other = false;
  for (options.seed = 2; options.seed < 12; ++options.seed)
    other |= load_image_folder(folder.path(), options).split.test != images.split.test;
  EXPECT_TRUE(other);
}

TEST(ImageFolder, CropDecidesWhatIsSeen) {
  TempFolder folder;
  io::write_png(folder / "1.png", test_image(1, 20, 30));
  auto options = small();
  const auto square = load_image_folder(folder.path(), options);
  options.crop = Crop::whole;
  const auto whole = load_image_folder(folder.path(), options);
  const auto first = [](const ImageFolder& f, const io::Image& image) {
    for (std::size_t i = 0; i < 64; ++i)
      if (f.images.pixels[i] != image.pixels[3 * i]) return false;
    return true;
  };
  EXPECT_TRUE(first(square, io::resize(io::crop(test_image(1, 20, 30), 0, 5, 20, 20), 8, 8)));
  EXPECT_TRUE(first(whole, io::resize(test_image(1, 20, 30), 8, 8)));
}

TEST(ImageFolder, GreyAndColourAreConvertedAndCounted) {
  TempFolder folder;
  io::write_png(folder / "1.png", test_image(1, 9, 9, 1));
  io::write_png(folder / "2.png", test_image(2, 9, 9, 3));
  auto options = small();
  const auto colour = load_image_folder(folder.path(), options);
  EXPECT_EQ(colour.report.made_colour, 1);
  EXPECT_EQ(colour.report.made_grey, 0);
  EXPECT_EQ(colour.report.lines()[1], "1 image converted from grey to colour");
  EXPECT_EQ(colour.images.pixels[5], colour.images.pixels[64 + 5]);
  options.images.channels = 1;
  const auto grey = load_image_folder(folder.path(), options);
  EXPECT_EQ(grey.report.made_grey, 1);
  EXPECT_EQ(grey.report.lines()[1], "1 image converted from colour to grey");
  EXPECT_EQ(grey.images.pixels.size(), 128u);
  EXPECT_NE(grey.protocol.find(", grey"), std::string::npos);
}

TEST(ImageFolder, AnyNumberOfThreadsGivesTheSame) {
  TempFolder folder;
  for (int i = 10; i < 60; ++i) io::write_png(folder / (std::to_string(i) + ".png"), test_image(i, 20 + i, 30));
  folder.write("33.png", "damaged");
  auto options = small();
  options.images.on_damage = OnDamage::skip;
  const auto run = [&](int n) {
    ThreadScope scope(n);
    return load_image_folder(folder.path(), options);
  };
  const auto one = run(1), three = run(3);
  EXPECT_EQ(one.images.pixels, three.images.pixels);
  EXPECT_EQ(one.images.count, 49);
  EXPECT_EQ(one.report.lines(), three.report.lines());
}

TEST(ImageFolder, DamageIsRefusedOrSkipped) {
  TempFolder folder;
  write_images(folder);
  folder.write("a/0.png", folder.read("a/1.png").substr(0, folder.read("a/1.png").size() / 2));
  folder.write("a/9.jpg", "<html>404</html>");
  auto options = small();
  expect_error<InputError>([&] { load_image_folder(folder.path(), options); },
                           {folder.path().string() + ": expected 5 images without damage, found 2 damaged",
                            "a/0.png: near byte", "skip damaged images"});
  options.images.on_damage = on_damage_from("skip");
  const auto images = load_image_folder(folder.path(), options);
  EXPECT_EQ(images.images.count, 3);
  ASSERT_EQ(images.report.lines().size(), 4u);
  EXPECT_EQ(images.report.lines()[1], "2 images damaged and left out");
  EXPECT_NE(images.report.lines()[3].find("a/9.jpg: expected a JPEG or PNG image, found what looks like a web page"),
            std::string::npos);
  for (const char* name : {"a/1.png", "a/2.JPG", "b/x/3.jpeg"}) folder.write(name, "");
  expect_error<InputError>([&] { load_image_folder(folder.path(), options); }, {"found 5 damaged, the first: a/0.png"});
  expect_error<ConfigError>([] { on_damage_from("ignore"); }, {"refuse or skip", "'ignore'"});
}

TEST(ImageFolder, RefusesWhatHoldsNoImages) {
  TempFolder folder;
  expect_error<InputError>([&] { load_image_folder(folder.path()); }, {"expected images", "found none"});
  expect_error<InputError>([&] { load_image_folder(folder / "none"); }, {"none: expected a folder or a zip archive"});
  folder.write("a.png", "");
  for (Index size : {0, 4097})
    expect_error<ConfigError>([&] { load_image_folder(folder.path(), {.images = {.size = size}}); },
                              {"size: expected 1 to 4096", std::to_string(size)});
  expect_error<ConfigError>([&] { load_image_folder(folder.path(), {.images = {.channels = 2}}); }, {"channels"});
}

TEST(ImageFolder, LinksInACircle) {
  TempFolder folder;
  write_images(folder);
  fs::create_directory_symlink(folder.path(), folder / "a/again");
  EXPECT_EQ(load_image_folder(folder.path(), small()).images.count, 3);
}

TEST(ImageFolder, ReportsProgress) {
  TempFolder folder;
  write_images(folder);
  auto options = small();
  Index last = 0;
  options.images.progress = [&](Index done, Index all) { last = done == all ? done : -1; };
  load_image_folder(folder.path(), options);
  EXPECT_EQ(last, 3);
}

TEST(ImageArchive, MembersThatAreDamagedOrHostile) {
  TempFolder folder;
  const auto image = png_bytes(test_image(1, 9, 9));
  const auto load = [&](const std::string& bytes, OnDamage on_damage = OnDamage::refuse) {
    return load_image_folder(folder.write("a.zip", bytes), {.images = {.size = 8, .on_damage = on_damage}});
  };
  const auto good = zip_file({{"x/1.png", image}, {"x/2.png", image}, {"x/readme.txt", "text"}});
  EXPECT_EQ(load(good).names, (std::vector<std::string>{"x/1.png", "x/2.png"}));
  auto corrupt = good;
  corrupt[good.find("IDAT") + 10] ^= 1;
  expect_error<InputError>([&] { load(corrupt); }, {"a.zip: ", "1 damaged", "x/1.png: ", "CRC"});
  EXPECT_EQ(load(corrupt, OnDamage::skip).names, (std::vector<std::string>{"x/2.png"}));
  expect_error<InputError>([&] { load(zip_file({{"1.png", image}, {"1.png", image}})); }, {"'1.png' twice"});
  for (const char* name : {"../1.png", "x/../../1.png", "/etc/1.png", "..\\1.png", "C:\\1.png"}) {
    expect_error<InputError>([&] { load(zip_file({{name, image}})); }, {"names inside of the archive", "not to be tr"});
    EXPECT_EQ(folder.count(), 1);
  }
  expect_error<InputError>([&] { load("<!doctype html>quota exceeded"); }, {"a.zip: ", "web page", "delete the file"});
  expect_error<InputError>([&] { load(good.substr(0, good.size() / 2)); }, {"a.zip: ", "cut short"});
  expect_error<InputError>([&] { load(""); }, {"an empty file"});
  expect_error<InputError>([&] { load(zip_file({{"a.txt", "text"}})); }, {"expected images", "found none"});
}

TEST(ImageArchive, HugeSizesInItsDirectory) {
  TempFolder folder;
  auto bytes = zip_file({{"1.png", png_bytes(test_image(1, 9, 9))}});
  const auto at = bytes.find("PK\1\2") + 24;  // uncompressed size
  for (const char* size : {"\xff\xff\xff\x7f", "\xff\xff\xff\x0f"}) {
    bytes.replace(at, 4, size);
    expect_error<InputError>([&] { load_image_folder(folder.write("a.zip", bytes)); }, {"a.zip: "});
  }
}

TEST(ImageArchive, EveryByteMayBeWrong) {
  TempFolder folder;
  const auto good = zip_file({{"1.png", png_bytes(test_image(1, 4, 4))}, {"2.png", png_bytes(test_image(2, 4, 4))}});
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bytes = good;
    bytes[i] = static_cast<char>(bytes[i] ^ 0x55);
    try {
      load_image_folder(folder.write("a.zip", bytes), small());
    } catch (const InputError&) {
    }
  }
}

/// A set of three images and its cache file.
class ImageCacheTest : public testing::Test {
 protected:
  ImageCacheTest() { write_images(images_); }
  ImageFolder load(ImageFolderOptions options) const { return load_image_folder(images_.path(), options); }
  ImageFolder load() const { return load(small(cache_.path())); }
  static constexpr const char* name = "images-square-8x8x3.safetensors";

  TempFolder images_, cache_;
};

TEST_F(ImageCacheTest, GivesWhatDecodingGives) {
  images_.write("a/damaged.jpg", "");
  auto options = small(cache_ / "made/with/parents");
  options.images.on_damage = OnDamage::skip;
  const auto first = load(options), second = load(options);
  EXPECT_FALSE(first.report.from_cache);
  EXPECT_EQ(first.report.cache, "written to " + (cache_ / "made/with/parents").string() + "/" + name);
  EXPECT_TRUE(second.report.from_cache);
  EXPECT_EQ(second.images.pixels, first.images.pixels);
  EXPECT_EQ(second.images.pixels_sha256, first.images.pixels_sha256);
  EXPECT_EQ(second.names, first.names);
  ASSERT_EQ(second.report.damaged.size(), 1u);
  EXPECT_EQ(second.report.damaged[0].reason, first.report.damaged[0].reason);
  options.images.on_damage = OnDamage::refuse;
  expect_error<InputError>([&] { load(options); }, {"1 damaged", "a/damaged.jpg"});
}

TEST_F(ImageCacheTest, IsMadeAgainWhenTheSourceChanges) {
  load();
  io::write_png(images_ / "a/5.png", test_image(5, 8, 8));
  const auto again = load();
  EXPECT_FALSE(again.report.from_cache);
  EXPECT_EQ(again.images.count, 4);
  EXPECT_NE(again.report.cache.find("made again, it is of another source; written"), std::string::npos);
  fs::last_write_time(images_ / "a/5.png", fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_FALSE(load().report.from_cache);
  EXPECT_TRUE(load().report.from_cache);
}

TEST_F(ImageCacheTest, DependsOnCropSizeChannelsBackgroundAndLimits) {
  load();
  std::vector<ImageFolderOptions> others(5, small(cache_.path()));
  others[0].crop = Crop::whole;
  others[1].images.size = 9;
  others[2].images.channels = 1;
  others[3].images.read.background = 0;
  others[4].images.read.max_side = 1000;
  for (const auto& other : others) {
    EXPECT_FALSE(load(other).report.from_cache);
    EXPECT_TRUE(load(other).report.from_cache);
  }
}

TEST_F(ImageCacheTest, DamagedFilesAreMadeAgain) {
  const auto images = load();
  const auto good = cache_.read(name);
  for (std::size_t at = 0; at < good.size(); at += 37) {
    auto bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    cache_.write(name, bytes);
    const auto again = load();
    EXPECT_FALSE(again.report.from_cache) << at;
    EXPECT_EQ(again.images.pixels, images.images.pixels);
    EXPECT_EQ(cache_.read(name), good);
  }
  cache_.write(name, good.substr(0, good.size() - 1));
  EXPECT_FALSE(load().report.from_cache);
  EXPECT_EQ(cache_.count(), 1);
}

TEST_F(ImageCacheTest, AFolderThatCannotBeIsNoError) {
  cache_.write("file", "");
  const auto images = load(small(cache_ / "file"));
  EXPECT_EQ(images.images.count, 3);
  EXPECT_NE(images.report.cache.find("not written, "), std::string::npos) << images.report.cache;
}

TEST_F(ImageCacheTest, AFullDiskIsNoError) {
  const TempFolder disk;
  const auto outcome = small_disk::with(disk.path(), 4, [&] {
    auto options = small(disk.path());
    options.images.size = 64;
    if (load(options).report.cache.find("not written, ") != 0) throw Error("written");
  });
  if (outcome == small_disk::Outcome::forbidden) GTEST_SKIP() << "mounting is forbidden here";
  EXPECT_EQ(outcome, small_disk::Outcome::done);
}

}  // namespace
