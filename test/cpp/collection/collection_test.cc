// A database against a map, its threads against each other, and segments that a hostile hand made.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "collection/compaction.h"
#include "collection/database_check.h"
#include "collection/model.h"
#include "collection/snapshot.h"
#include "core/coding.h"
#include "core/crc32c.h"
#include "core/error.h"
#include "storage/segment_file.h"
#include "support/borrowed_directory.h"
#include "support/catch.h"
#include "support/fault_directory.h"
#include "support/test_folder.h"

namespace ruvector::test {
namespace {

constexpr size_t kDimensions = 4;

DatabaseOptions Options(IndexKind index, const std::string& path = "") {
  DatabaseOptions options;
  options.dimensions = kDimensions;
  options.metric = Metric::kEuclidean;
  options.index = index;
  options.threads = 1;
  options.path = path;
  return options;
}

std::vector<Hit> Search(const Database& db, const std::vector<float>& vector, size_t k,
                        bool exact) {
  SearchRequest request;
  request.vector = vector.data();
  request.k = k;
  request.exact = exact;
  return db.collection().Search(request);
}

void InsertRandom(Database& db, Rng& rng, size_t from, size_t count) {
  Step step;
  for (size_t i = 0; i < count; ++i) {
    step.changes.push_back({Operation::Kind::kPut,
                            "row" + std::to_string(from + i),
                            {RandomVector(rng, kDimensions), "{}"}});
  }
  step.Run(db);
}

}  // namespace

TEST_CASE("a database follows its model through every kind of change, checkpoint and reopening",
          "[database]") {
  if (!TestFolder::Available()) return;
  for (uint64_t seed = 1; seed <= 9; ++seed) {
    const TestFolder folder;
    constexpr IndexKind kKinds[] = {IndexKind::kAuto, IndexKind::kHnsw, IndexKind::kIvf};
    DatabaseOptions options = Options(kKinds[seed % 3], folder.path());
    if (options.index == IndexKind::kIvf) {
      // Sealed, listed and merged on the way.
      options.quantization = seed % 2 == 0 ? Quantization::kScalar8 : Quantization::kNone;
      options.limits.seal_bytes = 20'000;
      options.limits.least_deleted = 20;
    }
    std::unique_ptr<Database> db = Database::Open(options);
    Rng rng(seed);
    // Enough rows first that an hnsw index has a graph to thaw and grow.
    InsertRandom(*db, rng, 0, 400);
    Model model = ReadAll(*db);
    const std::vector<Step> steps = RandomSteps(seed, 60, kDimensions);
    for (size_t i = 0; i < steps.size(); ++i) {
      steps[i].Run(*db);
      steps[i].Run(model);
      const uint64_t then = rng.Below(10);
      if (then == 0) db->Checkpoint();
      if (then == 1) {
        db.reset();
        db = Database::Open(options);
      }
      CAPTURE(seed, i, then);
      const bool same = ReadAll(*db, 1 + rng.Below(50)) == model;
      REQUIRE(same);
      REQUIRE(db->collection().Count(nullptr) == model.size());
      const std::vector<float> query = RandomVector(rng, kDimensions);
      for (const bool exact : {true, false}) {
        const std::vector<Hit> hits = Search(*db, query, 10, exact);
        REQUIRE(hits.size() == std::min<size_t>(10, model.size()));
        std::set<std::string> ids;
        for (const Hit& hit : hits) {
          REQUIRE(ids.insert(hit.id).second);
          REQUIRE(model.count(hit.id) == 1);
          REQUIRE(hit.metadata == model[hit.id].metadata);
        }
      }
    }
    const std::string bytes = db->ToBytes();
    const bool copied = ReadAll(*Database::FromBytes(bytes, {})) == model;
    REQUIRE(copied);
  }
}

#if !defined(__EMSCRIPTEN__)
TEST_CASE("replayed rows are scanned at once, linked beside, and later rows are linked as ever",
          "[database][threads]") {
  const DatabaseOptions options = Options(IndexKind::kHnsw);
  Rng rng(10);
  std::unique_ptr<FaultDirectory> after;
  {
    auto disk = std::make_unique<FaultDirectory>();
    const FaultDirectory& before = *disk;
    const std::unique_ptr<Database> db = Database::OpenIn(std::move(disk), options);
    InsertRandom(*db, rng, 0, 3000);
    after = before.Crash();  // closing would save the graph
  }
  const std::unique_ptr<Database> db = Database::OpenIn(std::move(after), options);
  REQUIRE(db->Stats().replayed_transactions == 1);
  REQUIRE(Search(*db, RandomVector(rng, kDimensions), 10, false).size() == 10);
  const auto all_linked = [&] {
    for (int wait = 0; wait < 60'000 && db->collection().Stats().pending > 0; ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return db->collection().Stats().pending == 0;
  };
  REQUIRE(all_linked());
  for (size_t i = 0; i < 20; ++i) InsertRandom(*db, rng, 5000 + i, 1);
  REQUIRE(db->collection().Stats().linked + db->collection().Stats().pending == 3020);
  REQUIRE(all_linked());
}

TEST_CASE("searches, writes and checkpoints run beside each other", "[database][threads]") {
  const TestFolder folder;
  const std::unique_ptr<Database> db = Database::Open(Options(IndexKind::kHnsw, folder.path()));
  Rng rng(9);
  InsertRandom(*db, rng, 0, 400);
  std::atomic<bool> stop{false};
  std::atomic<size_t> searches{0}, faults{0};
  std::vector<std::thread> readers;
  for (uint64_t t = 0; t < 3; ++t) {
    readers.emplace_back([&, t] {
      Rng own(100 + t);
      while (!stop) {
        const std::vector<Hit> hits =
            Search(*db, RandomVector(own, kDimensions), 10, own.Below(4) == 0);
        std::set<std::string> ids;
        float last = 0;
        for (const Hit& hit : hits) {
          if (!ids.insert(hit.id).second || hit.distance < last) ++faults;
          last = hit.distance;
        }
        // 300 rows are never touched, so there is always enough to find.
        if (hits.size() != 10) ++faults;
        db->collection().Scan(own.Below(400), 20, nullptr, true);
        ++searches;
      }
    });
  }
  for (size_t i = 0; i < 60; ++i) {
    Step step;
    for (size_t j = 0; j < 10; ++j) {
      const std::string id = "row" + std::to_string(300 + rng.Below(200));
      if (i % 3 == 2) {
        step.changes.push_back({Operation::Kind::kDelete, id, {}});
      } else {
        step.changes.push_back(
            {Operation::Kind::kPut,
             id,
             {RandomVector(rng, kDimensions), "{\"i\":" + std::to_string(i) + "}"}});
      }
    }
    step.Run(*db);
    if (i % 15 == 14) db->Checkpoint();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  REQUIRE(searches > 0);
  REQUIRE(faults == 0);
}
#endif

TEST_CASE("a segment that a hostile hand made gives CORRUPT or some answer, never a crash",
          "[database][hostile]") {
  // A sound database in memory, whose segment's bytes are changed and every checksum put right
  // again.
  DatabaseOptions options = Options(GENERATE(IndexKind::kHnsw, IndexKind::kIvf));
  options.quantization = Quantization::kScalar8;
  const std::shared_ptr<Database> source = Database::OpenIn(nullptr, options);
  Rng rng(12);
  InsertRandom(*source, rng, 0, 300);
  if (options.index == IndexKind::kIvf) {
    Compaction compaction(source);
    while (compaction.Step()) {
    }
    REQUIRE(source->collection().Stats().lists == 34);
  }
  const std::string container = source->ToBytes();
  constexpr size_t kPage = 4096, kFooter = 64;
  // The segment is the file of the container that starts so.
  const size_t start = container.find("RUVSEG\r\n");
  const size_t end = container.find("RUVSEGE\n") + kFooter;
  REQUIRE(start % kPage == 0);
  REQUIRE(end > start);

  size_t refused = 0, answered = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = container;
    char* segment = bytes.data() + start;
    const size_t size = end - start;
    const size_t changes = 1 + rng.Below(3);
    char* footer = segment + size - kFooter;
    const uint64_t crc_offset = LoadU64(footer + 8), sections_offset = LoadU64(footer + 24);
    for (size_t c = 0; c < changes; ++c) {
      // Mostly in the sections' content, sometimes in the tables.
      const size_t limit = rng.Below(5) == 0 ? size - kFooter : static_cast<size_t>(crc_offset);
      const size_t at = 64 + rng.Below(limit - 64) / 4 * 4;
      const uint32_t values[] = {
          0, 1, 0xffffffff, 0x7fffffff, 300, 299, static_cast<uint32_t>(rng.Next())};
      StoreU32(segment + std::min(at, size - kFooter - 4), values[rng.Below(7)]);
    }
    const uint32_t sections = LoadU32(footer + 32);
    for (uint32_t s = 0; s < sections; ++s) {
      const char* entry = segment + sections_offset + s * 40;
      const uint64_t block = LoadU32(entry + 4), offset = LoadU64(entry + 8),
                     n = LoadU64(entry + 16), first = LoadU64(entry + 24);
      if (block == 0 || offset > size || n > size - offset) continue;
      for (uint64_t b = 0; b * block < n; ++b) {
        if (crc_offset + (first + b + 1) * 4 > sections_offset) break;
        StoreU32(segment + crc_offset + (first + b) * 4,
                 Crc32c(segment + offset + b * block, std::min(block, n - b * block)));
      }
    }
    StoreU32(footer + 48, Crc32c(segment + crc_offset, size - kFooter - crc_offset));
    StoreU32(footer + 60, Crc32c(footer, 60));
    try {
      const std::shared_ptr<Database> db = Database::FromBytes(bytes, {});
      Search(*db, RandomVector(rng, kDimensions), 5, false);
      Search(*db, RandomVector(rng, kDimensions), 300, true);
      db->collection().Has("row7");
      ReadAll(*db);
      DatabaseCheck check(db);
      while (check.Step()) {
      }
      InsertRandom(*db, rng, 1000, 2);  // thaws
      Search(*db, RandomVector(rng, kDimensions), 5, false);
      ++answered;
    } catch (const Error& e) {
      CAPTURE(e.what());
      const bool expected = e.code() == ErrorCode::kCorrupt || e.code() == ErrorCode::kUnsupported;
      REQUIRE(expected);
      ++refused;
    }
  }
  WARN(refused << " hostile segments refused, " << answered << " answered");
  REQUIRE(refused > 100);
  REQUIRE(answered > 100);
}

TEST_CASE("a snapshot of a closed database is refused", "[database]") {
  if (!TestFolder::Available()) return;
  FaultDirectory disk;
  const std::shared_ptr<Database> db =
      Database::OpenIn(std::make_unique<BorrowedDirectory>(disk), Options(IndexKind::kHnsw));
  Rng rng(13);
  InsertRandom(*db, rng, 0, 10);
  db->Close();
  const TestFolder folder;
  for (const std::string path : {folder.path() + "/copy", folder.path() + "/copy.rvf"}) {
    CHECK(ErrorOf([&] { Snapshot(db, path).Step(); }).code() == ErrorCode::kClosed);
    CHECK(KindOfPath(path) == PathKind::kNone);
  }
}

// Its number is given in the log, and a merge publishes a manifest without a new log.
TEST_CASE("a collection made while a merge is at work survives a kill after it", "[database]") {
  FaultDirectory disk;
  DatabaseOptions options;
  options.dimensions = kDimensions;
  options.threads = 1;
  options.background = false;  // a commit pays for a step of the merge
  options.limits.least_deleted = 10;
  const auto open = [&](FaultDirectory& on) {
    return Database::OpenIn(std::make_unique<BorrowedDirectory>(on), options);
  };
  const std::unique_ptr<Database> db = open(disk);
  Rng rng(1);
  InsertRandom(*db, rng, 0, 400);
  const auto remove = [&](size_t from, size_t to) {
    Step step;
    for (size_t i = from; i < to; ++i)
      step.changes.push_back({Operation::Kind::kDelete, "row" + std::to_string(i), {}});
    step.Run(*db);
  };
  remove(0, 199);
  remove(199, 200);  // half of the rows: seals, and begins to merge
  const Manifest before = *ReadNewestManifest(disk);
  CollectionRequest request;
  request.dimensions = 2;
  db->OpenCollection("made", request);
  Manifest after = before;
  for (size_t i = 0; i < 1000 && after.generation == before.generation; ++i) {
    InsertRandom(*db, rng, 400 + i, 1);
    after = *ReadNewestManifest(disk);
  }
  REQUIRE(after.generation == before.generation + 1);
  REQUIRE(after.wal == before.wal);  // a merge's, no checkpoint's
  const std::unique_ptr<FaultDirectory> killed = disk.Crash({CrashModel::Tail::kAll, true});
  for (int opening = 0; opening < 2; ++opening) {
    const std::unique_ptr<Database> again = open(*killed);
    CHECK(again->CollectionNames() == std::vector<std::string>{"default", "made"});
    CHECK(ReadAll(*again) == ReadAll(*db));
    const uint32_t made = again->OpenCollection("made", {})->id();
    CHECK(again->OpenCollection("later" + std::to_string(opening), request)->id() > made);
    again->DropCollection("later" + std::to_string(opening));
    if (opening == 0) again->Close();
  }
}

TEST_CASE("a reader does not take another database for its own", "[database]") {
  if (!TestFolder::Available()) return;
  const TestFolder folder;
  DatabaseOptions options = Options(IndexKind::kHnsw, folder.path());
  Database::Open(options)->Close();
  options.read_only = true;
  const std::unique_ptr<Database> reader = Database::Open(options);
  const std::unique_ptr<Directory> files = OpenDirectory(folder.path(), false);
  for (const std::string& name : files->List()) files->Remove(name);
  options.read_only = false;
  const std::unique_ptr<Database> other = Database::Open(options);
  other->Checkpoint();
  CHECK(ErrorOf([&] { reader->Refresh(); }).code() == ErrorCode::kCorrupt);
}

TEST_CASE("several parts are one segment", "[database]") {
  const std::unique_ptr<Database> source = Database::OpenIn(nullptr, Options(IndexKind::kHnsw));
  Rng rng(13);
  InsertRandom(*source, rng, 0, 300);
  const std::unique_ptr<Directory> whole = NewMemoryDirectory();
  const DatabaseId id{};
  uint64_t next_segment = 100;
  const std::vector<SegmentEntry> entries =
      source->collection().CopySegments(*whole, id, next_segment);
  const std::string bytes = ReadWholeFile(*whole, entries[0].parts[0].name, 1 << 30);

  const std::unique_ptr<Directory> split = NewMemoryDirectory();
  SegmentEntry entry = entries[0];
  entry.parts.clear();
  for (size_t at = 0; at < bytes.size(); at += 5000) {
    const std::string part = bytes.substr(at, 5000);
    const std::string name = SegmentName(entry.id, static_cast<uint32_t>(at));
    WriteFileAtomically(*split, name, part.data(), part.size());
    entry.parts.push_back({name, part.size()});
  }
  REQUIRE(entry.parts.size() > 5);
  const MetricSpace space(Metric::kEuclidean, kDimensions);
  const SealedSegment segment(*split, id, entry, space, HnswParameters{}.m);
  REQUIRE(segment.rows() == 300);
  for (Slot s = 0; s < 300; ++s) {
    REQUIRE(segment.Find(segment.Id(s)) == s);
    const std::vector<float> vector(segment.Vector(s), segment.Vector(s) + kDimensions);
    REQUIRE(vector == source->collection().Get(segment.Id(s), true)->vector);
  }
}

TEST_CASE("where files are stored whole a segment is written in parts, and not thawed when large",
          "[database]") {
  FaultDirectory disk;
  DatabaseOptions options = Options(IndexKind::kFlat);
  constexpr size_t kRows = 7000, kDimensions = 512;  // 14 MiB
  options.dimensions = kDimensions;
  const auto open = [&] {
    return Database::OpenIn(std::make_unique<BorrowedDirectory>(disk, true), options);
  };
  // All the same, as parts of equal bytes would have one name.
  const std::vector<float> vector(kDimensions, 0.5f);
  std::unique_ptr<Database> db = open();
  Step step;
  for (size_t i = 0; i < kRows; ++i)
    step.changes.push_back({Operation::Kind::kPut, "row" + std::to_string(i), {vector, "{}"}});
  step.Run(*db);
  db->Checkpoint();
  db.reset();
  std::set<std::string> parts;
  uint64_t bytes = 0;
  for (const std::string& name : disk.List()) {
    REQUIRE(name.find(".tmp") == std::string::npos);
    if (name.substr(0, 4) != "seg-") continue;
    const std::string part = ReadWholeFile(disk, name, kMostPartBytes);
    REQUIRE(name.substr(name.size() - 8) == Hex8(Crc32c(part.data(), part.size())));
    parts.insert(name);
    bytes += part.size();
  }
  REQUIRE(parts.size() >= bytes / kMostPartBytes + 1);
  REQUIRE(bytes > kRows * kDimensions * sizeof(float));

  const auto insert = [&](const std::string& id) {
    Step more;
    more.changes.push_back({Operation::Kind::kPut, id, {vector, "{}"}});
    more.Run(*db);
  };
  // Small enough to go on with; then it is not.
  db = open();
  insert("further");
  REQUIRE(db->collection().Stats().segments == 1);
  db.reset();
  options.limits.thaw_bytes = uint64_t{1} << 20;
  db = open();
  insert("last");
  REQUIRE(db->collection().Stats().segments == 2);
  for (const char* id : {"row0", "row6999", "further", "last"}) {
    CAPTURE(id);
    const std::optional<Row> row = db->collection().Get(id, true);
    REQUIRE(row);
    REQUIRE(row->vector == vector);
  }
  db->Checkpoint();
  db.reset();
  db = open();
  REQUIRE(db->collection().Stats().count == kRows + 2);

  // One that is missing, or of other bytes.
  db.reset();
  const std::vector<std::string> names = disk.List();
  disk.Remove(*std::find_if(names.begin(), names.end(),
                            [](const std::string& name) { return name.starts_with("seg-"); }));
  REQUIRE(ErrorOf([&] { open(); }).code() == ErrorCode::kCorrupt);
}

}  // namespace ruvector::test
