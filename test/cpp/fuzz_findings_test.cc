// What hostile files could do before fuzzing (test/fuzz), or reading for it, found them out.
#include <algorithm>
#include <cstring>
#include <limits>

#include "../fuzz/checksums.cc"
#include "collection/compaction.h"
#include "collection/database_check.h"
#include "collection/model.h"
#include "collection/sealed_segment.h"
#include "core/coding.h"
#include "core/error.h"
#include "storage/file_header.h"
#include "storage/manifest.h"
#include "storage/segment_file.h"
#include "storage/wal.h"
#include "support/borrowed_directory.h"
#include "support/catch.h"
#include "support/fault_directory.h"
#include "support/test_folder.h"

namespace ruvector::test {
namespace {

constexpr size_t kDimensions = 3;
constexpr size_t kRows = 300;

DatabaseOptions Options(Metric metric = Metric::kEuclidean) {
  DatabaseOptions options;
  options.dimensions = kDimensions;
  options.metric = metric;
  options.index = IndexKind::kHnsw;
  options.threads = 1;
  options.background = false;
  return options;
}

std::shared_ptr<Database> OpenOn(Directory& disk, Metric metric = Metric::kEuclidean) {
  return Database::OpenIn(std::make_unique<BorrowedDirectory>(disk), Options(metric));
}

std::vector<float> VectorOf(size_t row) {
  Rng rng(row);
  return RandomVector(rng, kDimensions);
}

void Compact(const std::shared_ptr<Database>& db) {
  Compaction compaction(db);
  while (compaction.Step()) {
  }
}

// `away`: added to every coordinate.
void Build(Directory& disk, const DatabaseOptions& options, float away = 0) {
  const std::shared_ptr<Database> db =
      Database::OpenIn(std::make_unique<BorrowedDirectory>(disk), options);
  Step step;
  for (size_t i = 0; i < kRows; ++i) {
    std::vector<float> vector = VectorOf(i);
    for (float& x : vector) x += away;
    step.changes.push_back({Operation::Kind::kPut, "id" + std::to_string(i), {vector, ""}});
  }
  step.Run(*db);
  Compact(db);
  db->Close();
}
void Build(Directory& disk, Metric metric = Metric::kEuclidean) { Build(disk, Options(metric)); }

// A second collection, in the manifest.
void AddOther(Directory& disk) {
  const std::shared_ptr<Database> db = OpenOn(disk);
  CollectionRequest request;
  request.dimensions = 2;
  db->OpenCollection("other", request);
  db->Checkpoint();
  db->Close();
}

// The files of `disk`, with `change` done to one and its checksums right again.
template <typename Change>
std::unique_ptr<FaultDirectory> Changed(const FaultDirectory& disk, OwnFile kind, Change change) {
  auto memory = NewMemoryDirectory("changed");
  for (const std::string& name : disk.List()) {
    std::string bytes = disk.Content(name);
    const OwnFileName own = ParseOwnFileName(name);
    if (own.kind == kind) change(bytes, own.number);
    memory->AddFile(name, ShareString(bytes));
  }
  return std::make_unique<FaultDirectory>(std::move(memory));
}

// `from`, in the manifest's body, becomes `to`.
std::unique_ptr<FaultDirectory> WithBody(const FaultDirectory& disk, const DatabaseId& id,
                                         const std::string& from, const std::string& to) {
  return Changed(disk, OwnFile::kManifest, [&](std::string& bytes, uint64_t) {
    std::string body = bytes.substr(kFileHeaderBytes);
    const size_t at = body.find(from);
    REQUIRE(at != std::string::npos);
    bytes = fuzz::ManifestFile(body.replace(at, from.size(), to), id);
  });
}

// A section's entry in the table of sections, of 40 bytes each, that a segment's footer names.
char* EntryOf(std::string& bytes, SectionKind kind) {
  char* entry = bytes.data() + LoadU64(bytes.data() + bytes.size() - 64 + 24);
  while (LoadU32(entry) != static_cast<uint32_t>(kind)) entry += 40;
  return entry;
}

}  // namespace

TEST_CASE("a segment whose vectors are no numbers is damaged, in every search", "[fuzz]") {
  FaultDirectory disk;
  Build(disk);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const auto changed = Changed(disk, OwnFile::kSegment, [&](std::string& bytes, uint64_t segment) {
    const std::vector<float> vector = VectorOf(7);
    const std::string_view old(reinterpret_cast<const char*>(vector.data()),
                               kDimensions * sizeof(float));
    const size_t at = bytes.find(old);
    REQUIRE(at != std::string::npos);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    bytes.replace(at, sizeof nan, reinterpret_cast<const char*>(&nan), sizeof nan);
    fuzz::FixSegment(bytes, id, segment);
  });
  const std::shared_ptr<Database> db = OpenOn(*changed);
  const std::vector<float> query(kDimensions, 0.5f);
  SearchRequest request;
  request.vector = query.data();
  request.k = kRows;
  request.ef_search = kRows;
  for (const bool exact : {true, false}) {
    request.exact = exact;
    CHECK(ErrorOf([&] { db->collection().Search(request); }).code() == ErrorCode::kCorrupt);
  }
}

TEST_CASE("verification sees what is no scalar of its row", "[fuzz]") {
  FaultDirectory disk;
  Build(disk, Metric::kCosine);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const MetricSpace space(Metric::kCosine, kDimensions);
  const float right = space.ScalarOf(VectorOf(7).data());
  const float wrong = GENERATE_COPY(std::numeric_limits<float>::quiet_NaN(), 0.0f, 1e30f,
                                    right * 1.00001f, right * 0.99999f);
  const auto changed = Changed(disk, OwnFile::kSegment, [&](std::string& bytes, uint64_t segment) {
    const float scalars[] = {right, space.ScalarOf(VectorOf(8).data())};
    const size_t at = bytes.find({reinterpret_cast<const char*>(scalars), sizeof scalars});
    REQUIRE(at != std::string::npos);
    bytes.replace(at, sizeof wrong, reinterpret_cast<const char*>(&wrong), sizeof wrong);
    fuzz::FixSegment(bytes, id, segment);
  });
  DatabaseCheck check(OpenOn(*changed, Metric::kCosine));
  while (check.Step()) {
  }
  CHECK(check.damage().size() == 1);
}

TEST_CASE("verification takes every length that can be inserted, in few dimensions and in many",
          "[database]") {
  const size_t dimensions = GENERATE(1, 2, 3, 17, 384, 5000, 65536);
  CAPTURE(dimensions);
  FaultDirectory disk;
  DatabaseOptions options = Options(Metric::kCosine);
  options.dimensions = dimensions;
  const std::shared_ptr<Database> db =
      Database::OpenIn(std::make_unique<BorrowedDirectory>(disk), options);
  const MetricSpace space(Metric::kCosine, dimensions);
  Rng rng(dimensions);
  Step step;
  for (const double length : {1.0001e-18, 1e-17, 1e-9, 1.0, 1e9, 0.9999e18}) {
    for (int i = 0; i < 8; ++i) {
      std::vector<float> vector = RandomVector(rng, dimensions);
      const double norm = space.ExactNorm(vector.data());
      for (float& x : vector) x = static_cast<float>(x / norm * length);
      step.changes.push_back(
          {Operation::Kind::kPut, std::to_string(step.changes.size()), {vector, ""}});
    }
  }
  step.Run(*db);
  db->Checkpoint();
  DatabaseCheck check(db);
  while (check.Step()) {
  }
  CHECK(check.damage().empty());
}

// Codes are for walking only: whatever they say, hits are measured by their vectors.
TEST_CASE(
    "a segment whose codes are no numbers, or another row's, is searched and seen to be damaged",
    "[fuzz]") {
  DatabaseOptions options = Options();
  options.quantization =
      ParseQuantization(GENERATE(as<std::string>{}, "scalar8", "scalar4", "spherical4", "rotated4",
                                 "binary", "tiered", "product2x16"));
  options.rerank = kDefaultK;
  // Numbers that are no codes stand at the end of learned rows; product ones have none.
  const size_t number = Learns(*options.quantization) ? 2 * sizeof(float) : 0;
  const bool product = options.quantization->type == Quantization::Type::kProduct;
  FaultDirectory disk;
  Build(disk, options);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const bool no_number = GENERATE(true, false);
  const auto changed = Changed(disk, OwnFile::kSegment, [&](std::string& bytes, uint64_t segment) {
    const char* entry = EntryOf(bytes, SectionKind::kCodes);
    const size_t codes = LoadU64(entry + 8), row = LoadU64(entry + 16) / kRows;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (size_t i = 0; i < kRows; ++i) {
      if (no_number && !product) {
        std::memcpy(bytes.data() + codes + i * row + (number > 0 ? row - number : 0), &nan,
                    sizeof nan);
      } else {
        bytes.replace(codes + i * row, row, bytes, codes + (i + 1) % kRows * row, row);
      }
    }
    fuzz::FixSegment(bytes, id, segment);
  });
  const std::shared_ptr<Database> db =
      Database::OpenIn(std::make_unique<BorrowedDirectory>(*changed), options);
  size_t found = 0, walks = 0;
  for (size_t i = 0; i < 20; ++i) {
    const std::vector<float> query = VectorOf(i);
    SearchRequest request;
    request.vector = query.data();
    request.ef_search = kDefaultK;
    request.include_vectors = true;
    const std::vector<Hit> hits = db->collection().Search(request);
    CHECK(hits.size() == kDefaultK);
    const MetricSpace space(Metric::kEuclidean, kDimensions);
    for (const Hit& hit : hits)
      CHECK(hit.distance ==
            space.PublicDistance(space.Distance(query.data(), 0, hit.vector.data(), 0)));
    const bool walked =
        db->collection().Explain(request).segments.at(0).strategy == Strategy::kWalk;
    walks += walked;
    found += walked && hits[0].distance == 0;
  }
  // For tiered codes, whose lists are long, so few rows are scanned.
  CHECK(walks == (options.quantization->type == Quantization::Type::kTiered ? 0 : 20));
  CHECK(found < 10);  // a walk by vectors would find them all
  DatabaseCheck check(db);
  while (check.Step()) {
  }
  CHECK(check.damage().size() == 1);
}

TEST_CASE("lists that name a row twice, or none, or lie elsewhere are seen to be damaged",
          "[fuzz]") {
  DatabaseOptions options = Options();
  options.index = IndexKind::kIvf;
  options.quantization = Quantization::kScalar8;
  FaultDirectory disk;
  Build(disk, options);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const int what = GENERATE(0, 1, 2, 3, 4, 5, 6, 7);
  CAPTURE(what);
  const auto changed = Changed(disk, OwnFile::kSegment, [&](std::string& bytes, uint64_t segment) {
    const auto at = [&](SectionKind kind) {
      return bytes.data() + LoadU64(EntryOf(bytes, kind) + 8);
    };
    char* offsets = at(SectionKind::kListOffsets);
    char* listed = at(SectionKind::kListedRows);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    if (what == 0) std::memcpy(listed, listed + 4, 4);     // twice
    if (what == 1) StoreU32(listed + 8, kRows);            // no such row
    if (what == 2) StoreU32(offsets + 4, kRows + 1);       // outside
    if (what == 3) StoreU32(offsets, 1);                   // a row in no list
    if (what == 4) StoreU32(offsets + 4 * 34, kRows - 1);  // likewise
    if (what == 5) std::memcpy(at(SectionKind::kCentroids) + 4, &nan, sizeof nan);
    if (what == 6) std::swap_ranges(listed, listed + 4, listed + 4);        // with others' codes
    if (what == 7) StoreU32(EntryOf(bytes, SectionKind::kCentroids), 200);  // missing
    fuzz::FixSegment(bytes, id, segment);
  });
  const auto open = [&] {
    return Database::OpenIn(std::make_unique<BorrowedDirectory>(*changed), options);
  };
  if (what == 7) {
    CHECK_THROWS_WITH(open(), Catch::Contains("section 20"));
    return;
  }
  const std::shared_ptr<Database> db = open();
  const std::vector<float> query = VectorOf(3);
  SearchRequest request;
  request.vector = query.data();
  request.nprobe = kMaxLists;
  if (what == 1 || what == 2) {
    CHECK(ErrorOf([&] { db->collection().Search(request); }).code() == ErrorCode::kCorrupt);
  } else {
    CHECK(db->collection().Search(request).size() == kDefaultK);
  }
  DatabaseCheck check(db);
  while (check.Step()) {
  }
  CHECK(check.damage().size() == 1);
}

TEST_CASE("a segment whose lists are no number it can have is damaged", "[fuzz]") {
  DatabaseOptions options = Options();
  options.index = IndexKind::kIvf;
  FaultDirectory disk;
  Build(disk, options);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const std::string to =
      GENERATE(as<std::string>{}, "\"nlist\":35", "\"nlist\":-3", "\"nlist\":9e");
  const auto changed = Changed(disk, OwnFile::kSegment, [&](std::string& bytes, uint64_t segment) {
    const std::string from = "\"nlist\":34";
    const size_t at = bytes.find(from);
    REQUIRE(at != std::string::npos);
    bytes.replace(at, from.size(), to);
    fuzz::FixSegment(bytes, id, segment);
  });
  const Error error =
      ErrorOf([&] { Database::OpenIn(std::make_unique<BorrowedDirectory>(*changed), options); });
  CHECK(error.code() == ErrorCode::kCorrupt);
}

TEST_CASE("a segment whose codes were learned as nothing can be is damaged", "[fuzz]") {
  DatabaseOptions options = Options();
  options.quantization = Quantization{Quantization::Type::kRotated, 4};
  FaultDirectory disk;
  Build(disk, options);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const int what = GENERATE(0, 1, 2);
  const auto changed = Changed(disk, OwnFile::kSegment, [&](std::string& bytes, uint64_t segment) {
    char* entry = EntryOf(bytes, SectionKind::kCodecParameters);
    REQUIRE(LoadU64(entry + 16) == 8 + 4 * kDimensions);
    if (what == 0) std::memcpy(bytes.data() + LoadU64(entry + 8) + 8, &nan, sizeof nan);
    if (what == 1) StoreU64(entry + 16, 8);
    if (what == 2) StoreU32(entry, 200);  // missing
    fuzz::FixSegment(bytes, id, segment);
  });
  CHECK_THROWS_WITH(Database::OpenIn(std::make_unique<BorrowedDirectory>(*changed), options),
                    Catch::Contains(what == 2 ? "section 18" : "rotated4"));
}

TEST_CASE("a segment whose codes are around a mean that cannot be is damaged", "[fuzz]") {
  DatabaseOptions options = Options(GENERATE(Metric::kCosine, Metric::kEuclidean, Metric::kDot));
  options.quantization = Quantization::kSpherical4;
  FaultDirectory disk;
  Build(disk, options, 10);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  const int what = GENERATE(0, 1, 2, 3, 4, 5, 6);
  const auto changed = Changed(disk, OwnFile::kSegment, [&](std::string& bytes, uint64_t segment) {
    const auto replace = [&](const std::string& from, const std::string& to) {
      const size_t at = bytes.find(from);
      REQUIRE(at != std::string::npos);
      REQUIRE(from.size() == to.size());
      bytes.replace(at, from.size(), to);
    };
    char* entry = EntryOf(bytes, SectionKind::kCodecParameters);
    REQUIRE(LoadU64(entry + 16) == 4 * kDimensions);
    if (what == 0) std::memcpy(bytes.data() + LoadU64(entry + 8) + 4, &nan, sizeof nan);
    if (what == 1) std::memcpy(bytes.data() + LoadU64(entry + 8) + 4, &infinite, sizeof nan);
    if (what == 2) StoreU64(entry + 16, 8);
    if (what == 3) StoreU32(entry, 200);                                         // missing
    if (what == 4) StoreU32(EntryOf(bytes, SectionKind::kCodeLengths), 200);     // likewise
    if (what == 5) replace("\"spherical4-centred\"", "\"scalar8-centred\"   ");  // no such codes
    if (what == 6) replace("\"codedFor\":\"spherical4\"", "\"codedFor\":\"spherical5\"");
    fuzz::FixSegment(bytes, id, segment);
  });
  const char* const said[] = {"spherical4", "spherical4", "spherical4", "section 18",
                              "section 17", "unknown",    "unknown"};
  CHECK_THROWS_WITH(Database::OpenIn(std::make_unique<BorrowedDirectory>(*changed), options),
                    Catch::Contains(said[what]));
  const std::shared_ptr<Database> sound =
      Database::OpenIn(std::make_unique<BorrowedDirectory>(disk), options);
  DatabaseCheck check(sound);
  while (check.Step()) {
  }
  CHECK(check.damage().empty());
}

TEST_CASE("a manifest with codes that this version does not know is UNSUPPORTED", "[fuzz]") {
  FaultDirectory disk;
  Build(disk);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  for (const char* name : {"rotated0", "rotated9", "rotated04", "scalar", "scalar16", "binary1",
                           "wavelet", "", "rotated99999999999"}) {
    const auto changed = WithBody(disk, id, "\"quantization\":\"auto\"",
                                  "\"quantization\":\"" + std::string(name) + "\"");
    CHECK_THROWS_WITH(OpenOn(*changed), Catch::Contains("this version does not know"));
  }
}

// 6 parts of 3 dimensions leave some with none.
TEST_CASE("a log or manifest that names codes its rows cannot have is CORRUPT", "[fuzz]") {
  const bool in_log = GENERATE(true, false);
  FaultDirectory disk;
  Build(disk);
  {
    const std::shared_ptr<Database> db = OpenOn(disk);
    CollectionRequest request;
    request.dimensions = kDimensions;
    request.quantization = ParseQuantization("product3x16");
    db->OpenCollection("other", request);
    if (!in_log) db->Checkpoint();
    db->Close();
  }
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const std::string from = "product3x16", to = "product6x16";
  const auto changed = in_log
                           ? Changed(disk, OwnFile::kWal,
                                     [&](std::string& bytes, uint64_t number) {
                                       const size_t at = bytes.find(from);
                                       REQUIRE(at != std::string::npos);
                                       bytes.replace(at, from.size(), to);
                                       fuzz::FixWal(bytes, id, number, LoadU32(bytes.data() + 56));
                                     })
                           : WithBody(disk, id, from, to);
  CHECK_THROWS_WITH(OpenOn(*changed), Catch::Contains("collection \"other\""));
}

// Such a row could be read but not deleted.
TEST_CASE("a row whose replacement is marked deleted in its place is found by its id", "[fuzz]") {
  FaultDirectory disk;
  {
    const std::shared_ptr<Database> db = OpenOn(disk);
    Step step;
    for (const size_t i : {0, 1, 2, 3, 1})
      step.changes.push_back({Operation::Kind::kPut, "id" + std::to_string(i), {VectorOf(i), ""}});
    step.Run(*db);
    db->Checkpoint();
    db->Close();
  }
  Manifest manifest = *ReadNewestManifest(disk);
  SegmentEntry& segment = manifest.collections[0].segments[0];
  REQUIRE(segment.rows == 5);
  Bitset deleted(5);
  deleted.Set(4);
  segment.tombstones = WriteTombstones(disk, manifest.database, segment.id, deleted);
  ++manifest.generation;
  bool in_doubt = false;
  WriteManifest(disk, manifest, &in_doubt);
  const std::shared_ptr<Database> db = OpenOn(disk);
  Step{{{Operation::Kind::kPut, "new", {VectorOf(9), ""}}}}.Run(*db);
  REQUIRE(db->collection().Has("id1"));
  Step{{{Operation::Kind::kDelete, "id1", {}}}}.Run(*db);
  CHECK(!db->collection().Has("id1"));
  CHECK(ReadAll(*db).size() == 4);
}

// A writer would give the id once more, and nobody could open what it had written.
TEST_CASE("a manifest whose next collection would have an id in use is damaged", "[fuzz]") {
  FaultDirectory disk;
  Build(disk);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const std::string next = GENERATE("0", "1");
  const auto changed = WithBody(disk, id, "\"nextCollection\":2", "\"nextCollection\":" + next);
  CHECK(ErrorOf([&] { OpenOn(*changed); }).code() == ErrorCode::kCorrupt);
}

TEST_CASE("a manifest whose counters run into what is there, or out of 64 bits, is damaged",
          "[fuzz]") {
  FaultDirectory disk;
  Build(disk);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const auto hex = [](uint64_t n) {
    return "\"" + Hex16(n).substr(Hex16(n).find_first_not_of('0')) + "\"";
  };
  const Manifest manifest = *ReadNewestManifest(disk);
  const std::string segment = hex(manifest.collections[0].segments.back().id);
  const auto [key, now, then] = GENERATE_COPY(values<std::array<std::string, 3>>({
      {"nextSegment", hex(manifest.next_segment), segment},
      {"nextSegment", hex(manifest.next_segment), "\"ffffffffffffffff\""},
      {"nextRow", hex(manifest.collections[0].next_row), "\"ffffffffffffffff\""},
      {"nextRow", hex(manifest.collections[0].next_row), "\"5\""},
      {"sequence", hex(manifest.sequence), "\"ffffffffffffffff\""},
  }));
  const auto changed = WithBody(disk, id, "\"" + key + "\":" + now, "\"" + key + "\":" + then);
  CHECK(ErrorOf([&] { OpenOn(*changed); }).code() == ErrorCode::kCorrupt);
}

TEST_CASE("a manifest with the name of a collection that nobody could ask for is damaged",
          "[fuzz]") {
  FaultDirectory disk;
  Build(disk);
  AddOther(disk);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const auto changed =
      WithBody(disk, id, "\"name\":\"other\"", "\"name\":\"" + std::string(256, 'x') + "\"");
  CHECK(ErrorOf([&] { OpenOn(*changed); }).code() == ErrorCode::kCorrupt);
}

TEST_CASE("a database whose ids of collections are used up stays as it is", "[fuzz]") {
  FaultDirectory disk;
  Build(disk);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const auto changed = WithBody(disk, id, "\"nextCollection\":2", "\"nextCollection\":4294967294");
  CollectionRequest request;
  request.dimensions = 2;
  for (int opened = 0; opened < 3; ++opened) {
    const std::shared_ptr<Database> db = OpenOn(*changed);
    CHECK(db->OpenCollection("last", request)->id() == 4294967294u);
    CHECK(ErrorOf([&] { db->OpenCollection("one more", request); }).code() ==
          ErrorCode::kUnsupported);
    CHECK(db->CollectionNames().size() == 2);
    CHECK(ReadAll(*db).size() == kRows);
    if (opened == 1) db->Checkpoint();
  }
}

// Its writes would be applied to a collection that is no more.
TEST_CASE("a transaction of the log that drops a collection and does something else is damage",
          "[fuzz]") {
  FaultDirectory disk;
  Build(disk);
  AddOther(disk);
  const Manifest manifest = *ReadNewestManifest(disk);
  const WalReplay log = ReplayWal(disk, manifest.wal, manifest.database, manifest.sequence,
                                  [](uint64_t, std::span<const WalRecord>) {});
  const std::unique_ptr<WalWriter> writer = WalWriter::Continue(
      disk, manifest.wal, manifest.database, log.valid_bytes, log.next_sequence);
  const uint32_t other = manifest.collections.back().id;
  if (GENERATE(true, false)) writer->Add(WalRecordType::kClear, other, {});
  writer->Add(WalRecordType::kDropCollection, other, {});
  writer->Add(WalRecordType::kClear, manifest.collections.front().id, {});
  writer->Commit(true);
  CHECK(ErrorOf([&] { OpenOn(disk); }).code() == ErrorCode::kCorrupt);
}

TEST_CASE("a log that makes a collection with the id of one that was dropped is damaged",
          "[database]") {
  FaultDirectory disk;
  Build(disk);
  AddOther(disk);
  CollectionEntry other;
  {
    const std::shared_ptr<Database> db = OpenOn(disk);
    other = db->OpenCollection("other", {})->entry();
    db->DropCollection("other");
    db->Checkpoint();
    db->Close();
  }
  const Manifest manifest = *ReadNewestManifest(disk);
  const WalReplay log = ReplayWal(disk, manifest.wal, manifest.database, manifest.sequence,
                                  [](uint64_t, std::span<const WalRecord>) {});
  const std::unique_ptr<WalWriter> writer = WalWriter::Continue(
      disk, manifest.wal, manifest.database, log.valid_bytes, log.next_sequence);
  writer->Add(WalRecordType::kCreateCollection, other.id, {EncodeCollection(other)});
  writer->Commit(true);
  CHECK(ErrorOf([&] { OpenOn(disk); }).code() == ErrorCode::kCorrupt);
}

// The twin had the links of the one and its neighbours those to the other, on levels it is not on.
TEST_CASE("two nodes of a graph with one twin are merged", "[fuzz]") {
  FaultDirectory disk;
  Build(disk);
  Manifest manifest = *ReadNewestManifest(disk);
  SegmentEntry& entry = manifest.collections[0].segments[0];
  Slot high = 0, low = 0;
  {
    const SealedSegment segment(disk, manifest.database, entry,
                                MetricSpace(Metric::kEuclidean, kDimensions),
                                manifest.collections[0].m);
    high = segment.entry();  // which others link to on every level
    low = high + 1;
    while (segment.LevelOf(low) > 0) ++low;
    REQUIRE((high > 0 && segment.LevelOf(high) > 0 && segment.linked() > low));
  }
  const auto changed = Changed(disk, OwnFile::kSegment, [&](std::string& bytes, uint64_t segment) {
    const size_t twins = LoadU64(EntryOf(bytes, SectionKind::kTwins) + 8);
    StoreU32(bytes.data() + twins + high * 4, 0);
    StoreU32(bytes.data() + twins + low * 4, 0);
    fuzz::FixSegment(bytes, manifest.database, segment);
  });
  Bitset deleted(kRows);
  deleted.Set(high);
  deleted.Set(low);
  entry.deleted = 2;
  entry.tombstones = WriteTombstones(*changed, manifest.database, entry.id, deleted);
  ++manifest.generation;
  bool in_doubt = false;
  WriteManifest(*changed, manifest, &in_doubt);
  const std::shared_ptr<Database> db = OpenOn(*changed);
  const Model rows = ReadAll(*db);
  Compact(db);
  CHECK(ReadAll(*db) == rows);
  CHECK(rows.size() == kRows - 2);
  for (size_t i = 0; i < kRows; ++i) {
    const std::vector<float> query = VectorOf(i);
    SearchRequest request;
    request.vector = query.data();
    request.ef_search = kDefaultK;  // few, so that the graph is walked
    CHECK(db->collection().Search(request).size() == kDefaultK);
  }
}

// A merge that linked an earlier row with the same vector went round for ever.
TEST_CASE("a chain of twins that leads back to itself ends", "[fuzz]") {
  DatabaseOptions options = Options();
  options.limits.seal_bytes = 1;  // each checkpoint seals
  const auto open = [&](Directory& disk) -> std::shared_ptr<Database> {
    return Database::OpenIn(std::make_unique<BorrowedDirectory>(disk), options);
  };
  FaultDirectory disk;
  {
    const std::shared_ptr<Database> db = open(disk);
    Step{{{Operation::Kind::kPut, "earlier", {VectorOf(199), ""}}}}.Run(*db);
    db->Checkpoint();
    Step step;
    for (size_t i = 0; i < kRows; ++i)
      step.changes.push_back({Operation::Kind::kPut, "id" + std::to_string(i), {VectorOf(i), ""}});
    step.Run(*db);
    db->Checkpoint();
    db->Close();
  }
  const Manifest manifest = *ReadNewestManifest(disk);
  REQUIRE(manifest.collections[0].segments.size() == 2);
  const auto changed = Changed(disk, OwnFile::kSegment, [&](std::string& bytes, uint64_t segment) {
    if (segment != manifest.collections[0].segments[1].id) return;
    const size_t twins = LoadU64(EntryOf(bytes, SectionKind::kTwins) + 8);
    StoreU32(bytes.data() + twins + 199 * 4, 200);
    StoreU32(bytes.data() + twins + 200 * 4, 201);
    StoreU32(bytes.data() + twins + 201 * 4, 200);
    fuzz::FixSegment(bytes, manifest.database, segment);
  });
  const std::shared_ptr<Database> db = open(*changed);
  DatabaseCheck check(db);
  while (check.Step()) {
  }
  CHECK(check.damage().size() == 1);
  Compact(db);
  CHECK(ReadAll(*db).size() == kRows + 1);
}

// Whichever was read first vouched for the other; so the same file was sound, or not.
TEST_CASE("two sections of a segment with one checksum, or one place, are damage", "[fuzz]") {
  FaultDirectory disk;
  Build(disk);
  const DatabaseId id = ReadNewestManifest(disk)->database;
  const size_t field = GENERATE(8, 24);  // offset, first block
  const auto changed = Changed(disk, OwnFile::kSegment, [&](std::string& bytes, uint64_t segment) {
    const uint64_t of_scalars = LoadU64(EntryOf(bytes, SectionKind::kScalars) + field);
    StoreU64(EntryOf(bytes, SectionKind::kTwins) + field, of_scalars);
    fuzz::FixSegment(bytes, id, segment);
  });
  CHECK(ErrorOf([&] { OpenOn(*changed); }).code() == ErrorCode::kCorrupt);
}

TEST_CASE("a container with a file name that leads elsewhere is damaged", "[fuzz]") {
  const std::shared_ptr<Database> db = Database::OpenIn(nullptr, Options());
  std::string bytes = db->ToBytes();
  const size_t at = bytes.rfind("manifest-");
  REQUIRE(at != std::string::npos);
  bytes.replace(at, 9, GENERATE("../../../", "manifest/"));
  fuzz::FixContainer(bytes, DatabaseId{});
  CHECK(ErrorOf([&] { Database::FromBytes(bytes, Options()); }).code() == ErrorCode::kCorrupt);
}

}  // namespace ruvector::test
