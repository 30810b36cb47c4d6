#include "sample.h"

#include <cmath>
#include <vector>

#include "collection/compaction.h"
#include "collection/database.h"
#include "collection/growing_segment.h"
#include "collection/row_coder.h"
#include "exercise.h"
#include "index/list_builder.h"
#include "storage/manifest.h"

namespace ruvector::fuzz {
namespace {

constexpr size_t kDimensions = 3;

struct View final : Directory {
  explicit View(std::shared_ptr<MemoryDirectory> f) : files(std::move(f)) {}
  std::unique_ptr<File> Open(const std::string& name, OpenMode mode) override {
    return files->Open(name, mode);
  }
  std::vector<std::string> List() const override { return files->List(); }
  bool Exists(const std::string& name) const override { return files->Exists(name); }
  void Remove(const std::string& name) override { files->Remove(name); }
  void Rename(const std::string& from, const std::string& to) override { files->Rename(from, to); }
  void Sync() override {}
  std::unique_ptr<WriterLock> LockWriter() override { return files->LockWriter(); }
  bool persistent() const override { return true; }
  const std::string& path() const override { return files->path(); }

  std::shared_ptr<MemoryDirectory> files;
};

std::vector<float> VectorOf(size_t i, size_t dimensions) {
  std::vector<float> v(dimensions);
  for (size_t j = 0; j < dimensions; ++j)
    v[j] = static_cast<float>(std::sin(static_cast<double>(i * 7 + j)));
  return v;
}
std::string IdOf(size_t i) { return "id" + std::to_string(i); }
std::string MetadataOf(size_t i) {
  return i % 3 == 0 ? "" : "{\"n\":" + std::to_string(i) + ",\"t\":[\"a\",\"b\"]}";
}

void Put(Database& db, Collection& collection, size_t from, size_t count) {
  std::vector<std::vector<float>> vectors;
  std::vector<std::string> ids, metadata;
  for (size_t i = from; i < from + count; ++i) {
    vectors.push_back(VectorOf(i, collection.options().dimensions));
    ids.push_back(IdOf(i));
    metadata.push_back(MetadataOf(i));
  }
  db.Write([&] {
    std::vector<Operation> operations;
    for (size_t i = 0; i < count; ++i) {
      operations.push_back(
          {Operation::Kind::kPut, ids[i], metadata[i], vectors[i].data(), &collection});
    }
    return operations;
  });
}

void Change(Database& db, Operation::Kind kind, const std::string& id,
            const std::string& metadata = {}) {
  db.Write([&] { return std::vector<Operation>{{kind, id, metadata, nullptr}}; });
}

void Fill(const std::shared_ptr<Database>& db, size_t rows) {
  Put(*db, db->collection(), 0, rows);
  CollectionRequest request;
  request.dimensions = 2;
  request.metric = Metric::kManhattan;
  Put(*db, *db->OpenCollection("notes", request), 1, 3);
  Change(*db, Operation::Kind::kDelete, "id1");
  Compaction compaction(db);
  while (compaction.Step()) {
  }
  Change(*db, Operation::Kind::kDelete, "id2");
  Put(*db, db->collection(), 5000, 4);
  db->Checkpoint();
  Put(*db, db->collection(), 6000, 2);
  Change(*db, Operation::Kind::kSetMetadata, "id0", "{\"n\":7}");
  Change(*db, Operation::Kind::kDelete, "id5000");
  request.metric = Metric::kDot;
  request.quantization = {Quantization::Type::kRotated, 3};
  Put(*db, *db->OpenCollection("late", request), 8, 2);
}

DatabaseOptions SampleOptions() {
  DatabaseOptions options = Options();
  options.dimensions = kDimensions;
  options.m = 4;
  options.ef_construction = 8;
  options.index = IndexKind::kHnsw;
  options.quantization = Quantization::kScalar8;
  return options;
}

}  // namespace

Disk::Disk(const Files& files) : files_(NewMemoryDirectory("disk")) {
  for (const auto& [name, bytes] : files) files_->AddFile(name, bytes);
}

std::unique_ptr<Directory> Disk::Open() const { return std::make_unique<View>(files_); }

Files Disk::Content() const {
  Files files;
  for (const std::string& name : files_->List())
    files[name] = ShareString(ReadWholeFile(*files_, name, uint64_t{1} << 30));
  return files;
}

Sample MakeSample(size_t rows) {
  const Disk disk;
  Sample sample;
  const std::shared_ptr<Database> db = Database::OpenIn(disk.Open(), SampleOptions());
  Fill(db, rows);
  sample.files = disk.Content();
  sample.database = ReadNewestManifest(*disk.Open())->database;
  return sample;
}

std::string MakeContainer(size_t rows) {
  const std::shared_ptr<Database> db = Database::Open(SampleOptions());
  Fill(db, rows);
  return db->ToBytes();
}

std::string MakeSegment(size_t rows, size_t linked, Metric metric, size_t m) {
  const MetricSpace space(metric, kDimensions);
  const Quantization coding = linked == 0 ? Quantization::kNone
                              : m == 2    ? Quantization::kScalar4
                                          : Quantization::kScalar8;
  GrowingSegment segment(space, {m, 8, 42, coding});
  segment.Reserve(rows);
  for (size_t i = 0; i < rows; ++i) {
    // Every fifth row is a twin of the one before it.
    const std::vector<float> vector = VectorOf(i % 5 == 4 ? i - 1 : i, kDimensions);
    segment.Publish(segment.Append(IdOf(i), MetadataOf(i), vector.data(), i));
  }
  segment.Link(linked, 1);
  const auto files = NewMemoryDirectory();
  CollectionEntry collection;
  collection.name = "default";
  collection.id = 1;
  std::unique_ptr<RowCoder> coder;
  if (rows >= 40 && linked > 0 && metric != Metric::kManhattan) {
    const Quantization learned{
        rows > linked ? Quantization::Type::kRotated : Quantization::Type::kTiered,
        rows > linked ? 5u : 0u};
    coder = std::make_unique<RowCoder>(segment, space, learned, 42, 1);
    while (coder->Step()) {
    }
  }
  // Without a graph, many rows lie in lists.
  InvertedLists lists;
  const bool listed = rows >= 40 && linked == 0;
  if (listed) {
    coder = std::make_unique<RowCoder>(segment, space, Quantization::kScalar8, 42, 1);
    while (coder->Step()) {
    }
    const SegmentRows all(segment);
    ListBuilder builder(space, all, rows / 8, 42);
    while (builder.Step(1)) {
    }
    lists = builder.Take();
  }
  const FileRef file =
      segment.WriteTo(*files, DatabaseId{}, 1, collection, coder.get(), listed ? &lists : nullptr)
          .front();
  return ReadWholeFile(*files, file.name, file.bytes);
}

std::string NameOf(const Files& files, std::string_view prefix) {
  for (const auto& [name, bytes] : files) {
    if (name.starts_with(prefix)) return name;
  }
  return {};
}

std::string_view TextOf(const SharedBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.size};
}

}  // namespace ruvector::fuzz
