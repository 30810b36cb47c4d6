#include "sample.h"

#include <cmath>

#include "collection/compaction.h"
#include "collection/database.h"
#include "storage/manifest.h"
#include "support/borrowed_directory.h"
#include "support/fault_directory.h"

namespace ruvector::fuzz {
namespace {

void Put(Database& db, Collection& collection, size_t from, size_t count) {
  const size_t dimensions = collection.options().dimensions;
  std::vector<std::vector<float>> vectors;
  std::vector<std::string> ids, metadata;
  for (size_t i = from; i < from + count; ++i) {
    std::vector<float> v(dimensions);
    for (size_t j = 0; j < dimensions; ++j)
      v[j] = static_cast<float>(std::sin(static_cast<double>(i * 7 + j)));
    vectors.push_back(v);
    ids.push_back("id" + std::to_string(i));
    metadata.push_back(i % 3 == 0 ? "" : "{\"n\":" + std::to_string(i) + ",\"t\":[\"a\",\"b\"]}");
  }
  std::vector<Operation> operations;
  for (size_t i = 0; i < count; ++i) {
    operations.push_back(
        {Operation::Kind::kPut, ids[i], metadata[i], vectors[i].data(), &collection});
  }
  db.Write([&] { return operations; });
}

void Fill(const std::shared_ptr<Database>& db, size_t rows) {
  Put(*db, db->collection(), 0, rows);
  CollectionRequest request;
  request.dimensions = 2;
  Put(*db, *db->OpenCollection("notes", request), 1, 3);
  db->Write([&] { return std::vector<Operation>{{Operation::Kind::kDelete, "id1", {}, nullptr}}; });
  Compaction compaction(db);
  while (compaction.Step()) {
  }
  db->Write([&] { return std::vector<Operation>{{Operation::Kind::kDelete, "id2", {}, nullptr}}; });
  Put(*db, db->collection(), 5000, 4);
  db->Checkpoint();
  Put(*db, db->collection(), 6000, 3);
}

DatabaseOptions Options() {
  DatabaseOptions options;
  options.dimensions = kDimensions;
  options.index = IndexKind::kHnsw;
  options.threads = 1;
  options.background = false;
  return options;
}

}  // namespace

Sample MakeSample(size_t rows) {
  FaultDirectory disk;
  Sample sample;
  {
    const std::shared_ptr<Database> db =
        Database::OpenIn(std::make_unique<BorrowedDirectory>(disk), Options());
    Fill(db, rows);
    for (const std::string& name : disk.List()) sample.files[name] = disk.Content(name);
  }
  sample.database = ReadNewestManifest(*DirectoryOf(sample.files))->database;
  return sample;
}

std::string MakeContainer(size_t rows) {
  const std::shared_ptr<Database> db = Database::Open(Options());
  Fill(db, rows);
  return db->ToBytes();
}

std::unique_ptr<Directory> DirectoryOf(const std::map<std::string, std::string>& files) {
  auto memory = NewMemoryDirectory("sample");
  for (const auto& [name, content] : files) memory->AddFile(name, ShareString(content));
  return std::make_unique<FaultDirectory>(std::move(memory));
}

std::string NameOf(const Sample& sample, std::string_view prefix) {
  for (const auto& [name, content] : sample.files) {
    if (name.starts_with(prefix)) return name;
  }
  return {};
}

}  // namespace ruvector::fuzz
