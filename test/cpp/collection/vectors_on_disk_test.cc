// Vectors that stay on disk: many readers while pages are given back, files cut short, large
// segments that are not taken into memory for the next row.
#if !defined(__EMSCRIPTEN__)

#include <cstdio>
#include <filesystem>

#include "collection/compaction.h"
#include "collection/model.h"
#include "core/error.h"
#include "support/catch.h"
#include "support/test_folder.h"
#include "support/workers.h"

namespace ruvector::test {
namespace {

constexpr size_t kRows = 300;
// So wide that the vectors are more than may be mapped at a time.
constexpr size_t kDimensions = 2 * kMostMappedBytes / kRows / sizeof(float);

DatabaseOptions Options(const std::string& path, bool vectors_in_memory = false) {
  DatabaseOptions options;
  options.path = path;
  options.dimensions = kDimensions;
  options.metric = Metric::kEuclidean;
  options.ef_construction = 40;
  options.vectors_in_memory = vectors_in_memory;
  options.background = false;
  return options;
}

std::vector<std::vector<float>> Vectors() {
  Rng rng(5);
  std::vector<std::vector<float>> vectors;
  for (size_t i = 0; i < kRows; ++i) vectors.push_back(RandomVector(rng, kDimensions));
  return vectors;
}

// Sealed, with a graph.
void Build(const std::string& path, const std::vector<std::vector<float>>& vectors) {
  const std::shared_ptr<Database> db = Database::Open(Options(path));
  Step step;
  for (size_t i = 0; i < kRows; ++i)
    step.changes.push_back({Operation::Kind::kPut, "id" + std::to_string(i), {vectors[i], ""}});
  step.Run(*db);
  Compaction compaction(db);
  while (compaction.Step()) {
  }
  db->Close();
}

std::vector<Hit> Search(const Database& db, const std::vector<float>& query, bool exact) {
  SearchRequest request;
  request.vector = query.data();
  request.k = 5;
  request.exact = exact;
  request.include_vectors = true;
  return db.collection().Search(request);
}

std::string SegmentFile(const std::string& path) {
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().filename().string().starts_with("seg-")) return entry.path().string();
  }
  return "";
}

}  // namespace

TEST_CASE("vectors on disk: pages go while others read them", "[threads]") {
  const TestFolder folder;
  const std::vector<std::vector<float>> vectors = Vectors();
  Build(folder.path(), vectors);
  const std::shared_ptr<Database> db = Database::Open(Options(folder.path()));
  CHECK(db->collection().Stats().memory_bytes < kRows * kDimensions);
  {
    Workers workers;
    for (const bool exact : {false, true, true}) {
      workers.Start(exact ? "scan" : "walk", 40, [&, exact](size_t round) {
        const size_t i = round * 7 % kRows;
        const std::vector<Hit> hits = Search(*db, vectors[i], exact);
        if (hits.size() != 5 || hits[0].id != "id" + std::to_string(i) ||
            hits[0].vector != vectors[i])
          throw std::runtime_error("row " + std::to_string(i) + " is not found");
      });
    }
    CHECK(workers.Join() == "");
  }
  CHECK(ReadAll(*db).at("id9").vector == vectors[9]);
}

TEST_CASE("vectors on disk: what lies beyond the end of a file cut short is damaged",
          "[database]") {
  const TestFolder folder;
  const std::vector<std::vector<float>> vectors = Vectors();
  Build(folder.path(), vectors);
  const std::shared_ptr<Database> db = Database::Open(Options(folder.path()));
  const std::string file = SegmentFile(folder.path());
  // The first search has its codes and links checked; vectors are the larger part, and come first.
  REQUIRE(Search(*db, vectors[3], false)[0].id == "id3");
  const uint64_t size = std::filesystem::file_size(file);
  std::filesystem::resize_file(file, 4096);
  size_t refused = 0;
  for (size_t i = 0; i < kRows; ++i) {
    const Error error = ErrorOf([&] { Search(*db, vectors[i], false); });
    refused += error.code() == ErrorCode::kIo || error.code() == ErrorCode::kCorrupt;
  }
  CHECK(refused == kRows);
  CHECK(size > kRows * kDimensions * sizeof(float));
}

TEST_CASE("vectors on disk: a large segment that still grew is not taken into memory",
          "[database]") {
  const TestFolder folder;
  const std::vector<std::vector<float>> vectors = Vectors();
  DatabaseOptions options = Options(folder.path(), true);
  options.index = IndexKind::kHnsw;
  options.quantization = Quantization::kScalar8;
  {
    const std::shared_ptr<Database> db = Database::Open(options);
    Step step;
    for (size_t i = 0; i < kRows; ++i)
      step.changes.push_back({Operation::Kind::kPut, "id" + std::to_string(i), {vectors[i], ""}});
    step.Run(*db);
    db->Checkpoint();
    db->Close();
  }
  options.vectors_in_memory = false;
  options.limits.seal_bytes = kMostMappedBytes;
  for (const char* id : {"first", "second"}) {
    const std::shared_ptr<Database> db = Database::Open(options);
    Step{{{Operation::Kind::kPut, id, {vectors[0], ""}}}}.Run(*db);
    CHECK(db->collection().Stats().memory_bytes < kMostMappedBytes);
    CHECK(db->collection().Stats().segments == 2);
    db->Checkpoint();
    db->Close();
  }
  options.vectors_in_memory = true;
  const std::shared_ptr<Database> db = Database::Open(options);
  CHECK(ReadAll(*db).size() == kRows + 2);
}

}  // namespace ruvector::test

#endif
