#include "atelier/data/celeba.hpp"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "atelier/core/error.hpp"
#include "data/load_images.hpp"
#include "data/table.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* where = "scripts/get_data.sh celeba says where it comes from";

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

fs::path unpacked_in(const fs::path& folder) { return folder / "img_align_celeba"; }
fs::path archive_in(const fs::path& folder) { return folder / "img_align_celeba.zip"; }

std::unique_ptr<ImageSource> open_faces(const fs::path& folder) {
  const fs::path unpacked = unpacked_in(folder), archive = archive_in(folder);
  if (is_there(unpacked)) {
    auto source = open_images(unpacked);
    if (!source->names().empty() || !is_there(archive)) return source;
  }
  if (is_there(archive)) return open_images(archive);
  throw InputError(io::printable(folder.string()) +
                   ": expected the folder img_align_celeba or the archive img_align_celeba.zip, found neither; " +
                   where);
}

constexpr const char *attribute_table = "list_attr_celeba", *identity_table = "identity_CelebA",
                     *partition_table = "list_eval_partition";

/// The table named `stem`.txt or .csv, or nothing.
fs::path table_in(const fs::path& folder, const std::string& stem) {
  for (const char* ending : {".txt", ".csv"})
    if (is_there(folder / (stem + ending))) return folder / (stem + ending);
  return {};
}
std::optional<Table> find_table(const fs::path& folder, const std::string& stem, const TableFormat& format) {
  const auto path = table_in(folder, stem);
  if (path.empty()) return {};
  return read_table(path, format);
}

/// All that is said of the images in other files.
struct Tables {
  std::optional<Table> attributes, identities, partition;

  Tables(const fs::path& folder, const CelebaOptions& options)
      : attributes(find_table(folder, attribute_table, {.named_columns = true, .allowed = {-1, 1}})),
        identities(find_table(folder, identity_table, {})) {
    if (options.split == SplitBy::partition) {
      partition = find_table(folder, partition_table, {.allowed = {0, 1, 2}});
      need(partition, folder, "list_eval_partition.txt for the split", "choose a split by identity or by count");
    }
    if (options.split == SplitBy::identity)
      need(identities, folder, "identity_CelebA.txt for the split", "choose a split by partition or by count");
    if (!options.labels.empty()) need(attributes, folder, "list_attr_celeba.txt for the labels", "do without labels");
  }

  /// Every image has its row, and a name of its own in them: known before anything is decoded.
  void check(const ImageSource& source) const {
    std::unordered_set<std::string> seen;
    for (const auto& name : source.names()) {
      for (const auto* table : {&attributes, &identities, &partition})
        if (*table) (*table)->row(name);
      if (!seen.insert(name.substr(name.rfind('/') + 1)).second)
        throw InputError(source.place() + ": expected every name once, found " + io::in_quotes(name) +
                         " in another subfolder too; leave one of them");
    }
  }

 private:
  static void need(const std::optional<Table>& table, const fs::path& folder, const char* what, const char* advice) {
    if (!table)
      throw InputError(io::printable(folder.string()) + ": expected " + what + ", found none; put it there, or " +
                       advice + "; " + where);
  }
};

Attributes attributes_of(const Table& table, const std::vector<std::string>& names) {
  Attributes attributes{.names = table.columns};
  for (const auto& name : names) {
    const auto* row = table.row(name);
    for (std::size_t i = 0; i < table.columns.size(); ++i) attributes.values.push_back(row[i] > 0);
  }
  return attributes;
}

/// Columns of the attributes that become labels: known before anything is decoded.
std::vector<std::size_t> label_columns(const Tables& tables, const std::vector<std::string>& labels) {
  constexpr std::size_t most = 8;  // labels are bytes
  if (labels.size() > most)
    throw ConfigError("labels: expected at most 8 attributes, found " + std::to_string(labels.size()));
  std::vector<std::size_t> columns;
  if (labels.empty()) return columns;
  const Attributes known{.names = tables.attributes->columns};
  for (const auto& name : labels) {
    const auto column = static_cast<std::size_t>(known.find(name));
    if (std::find(columns.begin(), columns.end(), column) != columns.end())
      throw ConfigError("labels: expected every attribute once, found " + io::in_quotes(name) + " twice");
    columns.push_back(column);
  }
  return columns;
}

/// A bit for each column, the first one's the highest.
std::vector<std::uint8_t> labels_of(const Attributes& attributes, const std::vector<std::size_t>& columns) {
  std::vector<std::uint8_t> labels;
  for (auto row = attributes.values.begin(); row != attributes.values.end(); row += attributes.names.size()) {
    unsigned label = 0;
    for (const auto column : columns) label = 2 * label + row[column];
    labels.push_back(static_cast<std::uint8_t>(label));
  }
  return labels;
}

/// What those labels mean: the names whose bits are set, or none.
std::vector<std::string> meanings_of(const std::vector<std::string>& names) {
  std::vector<std::string> all;
  for (std::size_t label = 0; label < std::size_t{1} << names.size(); ++label) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (label >> (names.size() - 1 - i) & 1) text += (text.empty() ? "" : "+") + names[i];
    all.push_back(text.empty() ? "none" : text);
  }
  return all;
}

Split official_split(const Table& partition, const std::vector<std::string>& names) {
  Split split;
  std::vector<std::int32_t>* parts[] = {&split.train, &split.validation, &split.test};
  for (std::size_t i = 0; i < names.size(); ++i)
    parts[*partition.row(names[i])]->push_back(static_cast<std::int32_t>(i));
  if (split.train.empty())
    throw InputError(partition.place + ": expected images for training (0), found none among " +
                     std::to_string(names.size()) + "; choose a split by identity or by count");
  return split;
}

Split split_of(const Celeba& faces, const Tables& tables, const CelebaOptions& options) {
  const Rng rng = Rng(options.seed).fork("split");
  switch (options.split) {
    case SplitBy::partition: return official_split(*tables.partition, faces.names);
    case SplitBy::identity: return split_by_identity(faces.identities, options.holdout, rng);
    case SplitBy::count: return split_by_count(faces.images.count, options.holdout, rng);
  }
  throw ConfigError("split: expected partition, identity or count");
}

std::string protocol_of(const Celeba& faces, const CelebaOptions& options) {
  std::string by = "official partition";
  if (options.split != SplitBy::partition)
    by = std::string("split by ") + (options.split == SplitBy::identity ? "identity" : "count") + ", seed " +
         std::to_string(options.seed);
  return "CelebA, " + describe(faces.report, options.crop, options.images) + "; " + by + ": " +
         std::to_string(faces.split.train.size()) + " training, " + std::to_string(faces.split.validation.size()) +
         " validation, " + std::to_string(faces.split.test.size()) + " test";
}

}  // namespace

SplitBy split_by_from(std::string_view name) {
  if (name == "partition") return SplitBy::partition;
  if (name == "identity") return SplitBy::identity;
  if (name == "count") return SplitBy::count;
  throw ConfigError("split: expected partition, identity or count, found " + io::in_quotes(std::string(name)));
}

Celeba load_celeba(const fs::path& folder, const CelebaOptions& options) {
  check(options.images);
  const auto source = open_faces(folder);
  require_images(*source);
  const Tables tables(folder, options);
  tables.check(*source);
  const auto columns = label_columns(tables, options.labels);
  const auto found = static_cast<Index>(source->names().size());
  if (options.split != SplitBy::partition) check_holdout(found, options.holdout);
  NamedImages images = load_images(*source, options.crop, options.images, Sizes::one);
  Celeba faces{.images = std::move(images.set), .names = std::move(images.names), .report = std::move(images.report)};
  if (tables.attributes) faces.attributes = attributes_of(*tables.attributes, faces.names);
  if (!columns.empty()) {
    faces.images.labels = labels_of(faces.attributes, columns);
    faces.classes = meanings_of(options.labels);
  }
  if (tables.identities)
    for (const auto& name : faces.names) faces.identities.push_back(*tables.identities->row(name));
  faces.split = split_of(faces, tables, options);
  faces.protocol = protocol_of(faces, options);
  return faces;
}

bool looks_like_celeba(const fs::path& path) {
  const auto own_name = path.has_filename() ? path.stem() : path.parent_path().stem();  // whether or not a / ends it
  if (own_name == "img_align_celeba" || is_there(unpacked_in(path)) || is_there(archive_in(path))) return true;
  const auto tables = {attribute_table, identity_table, partition_table};
  return std::any_of(tables.begin(), tables.end(), [&](const char* stem) { return !table_in(path, stem).empty(); });
}

}  // namespace atelier::inline v0::data
