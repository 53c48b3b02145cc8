/// CelebA as people have it, and everything that can be wrong with it.
#include "atelier/data/celeba.hpp"

#include <gtest/gtest.h>

#include <set>

#include "atelier/data/image_batch.hpp"
#include "atelier/parallel/team.hpp"
#include "data/image_support.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;
namespace fs = std::filesystem;

CelebaOptions small(Crop crop = Crop::c148) { return {.crop = crop, .images = {.size = 16}}; }

/// The set has so many images and every table fits them.
void expect_consistent(const Celeba& faces, Index count) {
  EXPECT_EQ(faces.images.count, count);
  EXPECT_EQ(static_cast<Index>(faces.names.size()), count);
  EXPECT_EQ(static_cast<Index>(faces.images.pixels.size()), count * faces.images.image_size());
  EXPECT_EQ(static_cast<Index>(faces.attributes.values.size()),
            count * static_cast<Index>(faces.attributes.names.size()));
}

TEST(Celeba, FolderWithAllTables) {
  TempFolder folder;
  write_faces(folder);
  const auto faces = load_celeba(folder.path(), small());
  expect_consistent(faces, 12);
  EXPECT_EQ(faces.images.channels, 3);
  EXPECT_EQ(faces.split.train, (std::vector<std::int32_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(faces.split.validation, (std::vector<std::int32_t>{6, 7, 8}));
  EXPECT_EQ(faces.split.test, (std::vector<std::int32_t>{9, 10, 11}));
  EXPECT_EQ(faces.names[0], "000001.jpg");
  EXPECT_EQ(faces.identities[2], 100 + 15 % 6);
  EXPECT_EQ(faces.protocol,
            "CelebA, 12 of 12 images of 89 x 109, crop c148 (148 x 148 at column 15, row 35 of 178 x 218) scaled by "
            "0.5, 74 x 74 resized to 16 x 16, bilinear with anti-aliasing, colour; official partition: 6 training, 3 "
            "validation, 3 test");
}

TEST(Celeba, PixelsAreThoseOfTheCropInPlanes) {
  TempFolder folder;
  write_faces(folder);
  const auto faces = load_celeba(folder.path(), small(Crop::c160));
  const auto expected = io::resize(test_image(3, 89, 109), 16, 16, {4.5, 14.5, 84.5, 94.5});
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t i = 0; i < 256; ++i)
      ASSERT_EQ(faces.images.pixels[2 * 768 + c * 256 + i], expected.pixels[i * 3 + c]) << c << " " << i;
}

TEST(Celeba, AttributesByName) {
  TempFolder folder;
  write_faces(folder);
  const auto a = load_celeba(folder.path(), small()).attributes;
  EXPECT_EQ(a.names, (std::vector<std::string>{"Bald", "Smiling", "Young"}));
  const std::vector<std::int32_t> numbers{0, 1, 2};
  const std::vector<Index> columns{a.find("Young"), a.find("Bald")};
  EXPECT_EQ(gather_attributes(a, numbers, columns).to_vector(), (std::vector<float>{1, 0, 1, 1, 0, 0}));
  expect_error<ConfigError>([&] { a.find("Smile"); }, {"Bald, Smiling, Young", "'Smile'"});
  const std::vector<std::int32_t> far{12};
  expect_error<Error>([&] { gather_attributes(a, far, columns); }, {"below 12", "found 12"});
}

TEST(Celeba, CombinationsOfAttributesAreLabels) {
  TempFolder folder;
  write_faces(folder);
  auto options = small();
  EXPECT_TRUE(load_celeba(folder.path(), options).images.labels.empty());
  EXPECT_TRUE(load_celeba(folder.path(), options).classes.empty());
  options.labels = {"Young", "Bald"};
  const auto faces = load_celeba(folder.path(), options);
  ASSERT_EQ(faces.images.labels.size(), 12u);
  EXPECT_EQ(faces.classes, (std::vector<std::string>{"none", "Bald", "Young", "Young+Bald"}));
  const auto& a = faces.attributes;
  const auto young = static_cast<std::size_t>(a.find("Young")), bald = static_cast<std::size_t>(a.find("Bald"));
  std::set<int> seen;
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(faces.images.labels[i], 2 * a.values[3 * i + young] + a.values[3 * i + bald]) << i;
    seen.insert(faces.images.labels[i]);
  }
  EXPECT_GT(seen.size(), 2u);
  options.labels = {"Young", "Bold"};
  expect_error<ConfigError>([&] { load_celeba(folder.path(), options); }, {"Bald, Smiling, Young", "'Bold'"});
  options.labels = {"Young", "Young"};
  expect_error<ConfigError>([&] { load_celeba(folder.path(), options); }, {"once", "'Young' twice"});
  options.labels.assign(9, "Young");
  expect_error<ConfigError>([&] { load_celeba(folder.path(), options); }, {"at most 8", "found 9"});
  options.labels = {"Young"};
  fs::remove(folder / "list_attr_celeba.txt");
  expect_error<InputError>([&] { load_celeba(folder.path(), options); },
                           {"expected list_attr_celeba.txt for the labels", "get_data.sh celeba"});
}

TEST(Celeba, ArchiveGivesTheSameAsFolder) {
  TempFolder folder;
  write_faces(folder);
  const auto unpacked = load_celeba(folder.path(), small());
  std::vector<std::pair<std::string, std::string>> members = {{"img_align_celeba/", ""}};
  for (int i = 12; i >= 1; --i)
    members.emplace_back("img_align_celeba/" + face_name(i), folder.read("img_align_celeba/" + face_name(i)));
  members.emplace_back("__MACOSX/img_align_celeba/._000001.jpg", "resource fork");
  fs::remove_all(folder / "img_align_celeba");
  fs::create_directory(folder / "img_align_celeba");  // an empty folder is no obstacle
  folder.write("img_align_celeba.zip", zip_file(members));
  const auto packed = load_celeba(folder.path(), small());
  EXPECT_EQ(packed.images.pixels, unpacked.images.pixels);
  EXPECT_EQ(packed.images.pixels_sha256, unpacked.images.pixels_sha256);
  EXPECT_EQ(packed.identities, unpacked.identities);
  EXPECT_EQ(packed.names[0], "img_align_celeba/000001.jpg");
}

TEST(Celeba, KagglesTables) {
  TempFolder folder;
  write_faces(folder, 4);
  fs::create_directory(folder / "img_align_celeba/img_align_celeba");
  for (int i = 1; i <= 4; ++i)
    fs::rename(folder / ("img_align_celeba/" + face_name(i)),
               folder / ("img_align_celeba/img_align_celeba/" + face_name(i)));
  for (const char* name : {"list_attr_celeba.txt", "list_eval_partition.txt", "identity_CelebA.txt"})
    fs::remove(folder / name);
  folder.write("list_attr_celeba.csv",
               "image_id,Bald,Young\n000001.jpg,-1,1\n000002.jpg,1,1\n000003.jpg,1,-1\n"
               "000004.jpg,1,1\n");
  folder.write("list_eval_partition.csv", "image_id,partition\n000001.jpg,2\n000002.jpg,0\n000003.jpg,1\n000004.jpg,0");
  const auto faces = load_celeba(folder.path(), small());
  EXPECT_EQ(faces.split.train, (std::vector<std::int32_t>{1, 3}));
  EXPECT_EQ(faces.attributes.values, (std::vector<std::uint8_t>{0, 1, 1, 1, 1, 0, 1, 1}));
  EXPECT_TRUE(faces.identities.empty());
}

TEST(Celeba, SplitByIdentityKeepsPersonsApart) {
  TempFolder folder;
  write_faces(folder);
  auto options = small();
  options.split = SplitBy::identity, options.holdout = 3;
  fs::remove(folder / "list_eval_partition.txt");
  std::set<std::vector<std::int32_t>> tests;
  for (options.seed = 0; options.seed < 8; ++options.seed) {
    const auto faces = load_celeba(folder.path(), options), again = load_celeba(folder.path(), options);
    EXPECT_EQ(faces.split.test, again.split.test);
    EXPECT_GE(faces.split.test.size(), 3u);
    EXPECT_EQ(faces.split.test.size() + faces.split.train.size(), 12u);
    std::set<std::int32_t> persons;
    for (auto i : faces.split.test) persons.insert(faces.identities[static_cast<std::size_t>(i)]);
    for (auto i : faces.split.train) EXPECT_FALSE(persons.contains(faces.identities[static_cast<std::size_t>(i)]));
    tests.insert(faces.split.test);
  }
  EXPECT_GT(tests.size(), 3u);
  options.holdout = 11;
  expect_error<ConfigError>([&] { load_celeba(folder.path(), options); }, {"somebody to train on", "hold out fewer"});
  options.holdout = 12;
  expect_error<ConfigError>([&] { load_celeba(folder.path(), options); }, {"0 to 11 images", "found 12"});
}

TEST(Celeba, SplitByCountNeedsNoTables) {
  TempFolder folder;
  write_faces(folder);
  for (const char* name : {"list_attr_celeba.txt", "list_eval_partition.txt", "identity_CelebA.txt"})
    fs::remove(folder / name);
  auto options = small();
  options.split = SplitBy::count, options.holdout = 5;
  const auto faces = load_celeba(folder.path(), options);
  EXPECT_EQ(faces.split.test.size(), 5u);
  EXPECT_EQ(faces.split.train.size(), 7u);
  EXPECT_NE(faces.protocol.find("split by count, seed 1: 7 training"), std::string::npos) << faces.protocol;
  options.split = split_by_from("identity");
  expect_error<InputError>([&] { load_celeba(folder.path(), options); },
                           {"expected identity_CelebA.txt for the split", "by count"});
  options.split = split_by_from("partition");
  expect_error<InputError>(
      [&] { load_celeba(folder.path(), options); },
      {"expected list_eval_partition.txt for the split", "split by identity or by count", "get_data.sh celeba"});
  expect_error<ConfigError>([] { split_by_from("random"); }, {"partition, identity or count", "'random'"});
}

TEST(Celeba, TablesThatAreWrong) {
  TempFolder folder;
  write_faces(folder, 2);
  const auto refuse = [&](const std::string& file, const std::string& text, std::vector<std::string> parts) {
    const auto good = folder.read(file);
    folder.write(file, text);
    parts.push_back(file + ": ");
    expect_error<InputError>([&] { load_celeba(folder.path(), small()); }, parts);
    folder.write(file, good);
  };
  const std::string attributes = "list_attr_celeba.txt", partition = "list_eval_partition.txt";
  const std::string a = "000001.jpg 1 -1\n", b = "000002.jpg -1 1\n";
  refuse(attributes, "3\nBald Young\n" + a + b, {"expected 3 rows, as line 1 says, found 2"});
  refuse(attributes, "1\nBald Young\n" + a + b, {"expected 1 rows", "found 2"});
  refuse(attributes, "2\nBald Young\n" + a + "000002.jpg -1\n", {"line 4", "expected 2 values", "found 1"});
  refuse(attributes, "2\nBald Young\n" + a + "000002.jpg -1 1 1\n", {"line 4", "expected 2 values", "found 3"});
  refuse(attributes, "2\nBald Young\n000001.jpg 1 0\n" + b, {"line 3", "expected -1 or 1", "'0'"});
  refuse(attributes, "2\nBald Young\n000001.jpg 1 x\n" + b, {"line 3", "expected -1 or 1", "'x'"});
  refuse(attributes, "2\nBald Young\n" + a + a, {"line 4", "every image once", "000001.jpg"});
  refuse(attributes, "2\nBald Young\n" + a + "\n" + b, {"line 4", "an empty one"});
  refuse(attributes, "Bald Young\n" + a + b, {"line 1", "number of images alone"});
  refuse(attributes, "1\nBald Young\n" + a, {"row for image '000002.jpg'", "do not belong together"});
  refuse(attributes, "", {"an empty file"});
  refuse(attributes, "<!DOCTYPE html><html>", {"web page", "delete the file"});
  refuse(partition, "000001.jpg 0\n000002.jpg 3\n", {"line 2", "0 or 1 or 2", "'3'"});
  refuse(partition, "000001.jpg 1\n000002.jpg 2\n", {"images for training (0)", "by identity"});
  refuse("identity_CelebA.txt", "000001.jpg 7\n000002.jpg -7\n", {"line 2", "not negative", "'-7'"});
}

TEST(Celeba, IsKnownByItsImagesOrTables) {
  TempFolder folder;
  EXPECT_FALSE(looks_like_celeba(folder.path()));
  folder.write("identity_CelebA.txt", "000001.jpg 1");
  EXPECT_TRUE(looks_like_celeba(folder.path()));
  fs::remove(folder / "identity_CelebA.txt");
  fs::create_directory(folder / "img_align_celeba");
  EXPECT_TRUE(looks_like_celeba(folder.path()));
  EXPECT_TRUE(looks_like_celeba(folder / "img_align_celeba"));
  EXPECT_TRUE(looks_like_celeba("elsewhere/img_align_celeba/"));
  EXPECT_TRUE(looks_like_celeba("elsewhere/img_align_celeba.zip"));
}

TEST(Celeba, ImagesThatAreMissing) {
  TempFolder folder;
  expect_error<InputError>([&] { load_celeba(folder.path()); },
                           {folder.path().string(), "img_align_celeba.zip", "get_data.sh celeba"});
  fs::create_directory(folder / "img_align_celeba");
  folder.write("list_eval_partition.txt", "000001.jpg 0\n");
  expect_error<InputError>([&] { load_celeba(folder.path()); }, {"img_align_celeba: expected images", "found none"});
}

TEST(Celeba, AnImageOfAnotherSizeIsDamage) {
  TempFolder folder;
  write_faces(folder);
  io::write_png(folder / "img_align_celeba/000001.jpg", test_image(1, 178, 218));
  io::write_png(folder / "img_align_celeba/000005.jpg", test_image(5, 100, 100));
  expect_error<InputError>([&] { load_celeba(folder.path(), small()); },
                           {"2 damaged", "000001.jpg: expected an image of 89 x 109 like the others, found 178 x 218"});
  auto options = small();
  options.images.on_damage = OnDamage::skip;
  const auto faces = load_celeba(folder.path(), options);
  expect_consistent(faces, 10);
  EXPECT_EQ(faces.names[0], "000002.jpg");
  ASSERT_EQ(faces.report.damaged.size(), 2u);
  EXPECT_EQ(faces.report.damaged[1].name, "000005.jpg");
  EXPECT_NE(faces.report.damaged[1].reason.find("178 x 218 or that frame scaled"), std::string::npos);
  EXPECT_EQ(faces.split.train, (std::vector<std::int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(faces.attributes.values[0], 1);  // of 000002.jpg
}

TEST(Celeba, RealFaces) {
  const auto folder = data_folder("celeba");
  if (folder.empty()) GTEST_SKIP() << "ATELIER_DATA has no celeba";
  CelebaOptions options{.images = {.size = 8}, .split = SplitBy::identity, .holdout = 1000};
  const auto faces = load_celeba(folder, options);
  expect_consistent(faces, faces.report.kept);
  EXPECT_EQ(faces.report.kept, faces.report.found);
  EXPECT_EQ(faces.attributes.names.size(), 40u);
  EXPECT_EQ(faces.attributes.names[20], "Male");
  EXPECT_GE(faces.split.test.size(), 1000u);
  EXPECT_LT(faces.split.test.size(), 1040u);
  EXPECT_NE(faces.protocol.find("178 x 218"), std::string::npos);
}

}  // namespace
