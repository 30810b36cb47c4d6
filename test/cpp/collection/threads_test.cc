// Everything that may run beside everything else does: searches, writers, merging, checkpoints,
// snapshots, verification, compaction, closing. By count of operations, not by time; for the thread
// sanitizer as for the answers.
#if !defined(__EMSCRIPTEN__)

#include <atomic>
#include <set>

#include "collection/compaction.h"
#include "collection/database_check.h"
#include "collection/snapshot.h"
#include "collection/truth.h"
#include "core/error.h"
#include "support/catch.h"
#include "support/test_folder.h"
#include "support/workers.h"

namespace ruvector::test {
namespace {

constexpr size_t kDimensions = 8;
constexpr size_t kStaying = 200;  // rows that nobody touches
constexpr size_t kPairs = 120;    // of one writer

DatabaseOptions Options(const std::string& path, Durability durability) {
  DatabaseOptions options;
  options.path = path;
  options.dimensions = kDimensions;
  options.metric = Metric::kEuclidean;
  options.index = IndexKind::kHnsw;
  // One kind of codes is made when rows are linked, the other learned when they are merged;
  // one index grows, the other is made of what is sealed.
  options.quantization = durability == Durability::kSync
                             ? Quantization::kScalar8
                             : Quantization{Quantization::Type::kRotated, 2};
  if (durability == Durability::kBatch) {
    options.index = IndexKind::kIvf;
  } else {
    options.m = 6;
    options.ef_construction = 30;
  }
  options.threads = 2;
  options.vectors_in_memory = durability == Durability::kSync;
  options.durability = durability;
  options.limits.seal_bytes = 30'000;
  options.limits.merge_bytes = 1 << 20;
  options.limits.least_deleted = 40;
  return options;
}

void InsertStaying(Database& db) {
  Step step;
  for (size_t i = 0; i < kStaying; ++i)
    step.changes.push_back(TruePut("stay" + std::to_string(i), 1, kDimensions));
  step.Run(db);
}

// What a writer with a range of pairs of its own has done.
class PairWriter {
 public:
  PairWriter(Database& db, uint64_t number)
      : db_(db), rng_(number), prefix_("w" + std::to_string(number) + "-") {}

  // One transaction over some pairs.
  void Write(size_t round) {
    Step step;
    std::map<std::string, uint64_t> next = versions_;
    for (size_t i = 0; i < 3; ++i) {
      const std::string pair = prefix_ + std::to_string(rng_.Below(kPairs));
      const bool deletes = rng_.Below(3) == 0;
      for (const std::string& id : {pair + "/a", pair + "/b"}) {
        if (deletes) {
          step.changes.push_back({Operation::Kind::kDelete, id, {}});
          next.erase(id);
        } else {
          step.changes.push_back(TruePut(id, round + 1, kDimensions));
          next[id] = round + 1;
        }
      }
    }
    attempted_ = next;
    step.Run(db_);
    versions_ = next;
  }
  void AddTo(Model& model) const { Add(versions_, model); }
  void AddAttemptedTo(Model& model) const { Add(attempted_, model); }

 private:
  static void Add(const std::map<std::string, uint64_t>& versions, Model& model) {
    for (const auto& [id, version] : versions)
      model[id] = {TrueVector(id, version, kDimensions), TrueMetadata(version)};
  }
  Database& db_;
  Rng rng_;
  std::string prefix_;
  std::map<std::string, uint64_t> versions_, attempted_;
};

SearchRequest RequestOf(const std::vector<float>& query, size_t k, bool exact) {
  SearchRequest request;
  request.vector = query.data();
  request.k = k;
  request.exact = exact;
  request.include_vectors = true;
  return request;
}

void CheckSearches(const Collection& collection, Rng& rng, Workers& workers) {
  const std::vector<float> query = RandomVector(rng, kDimensions);
  for (const bool exact : {false, true}) {
    // An exact search for everything shows one moment.
    const std::vector<Hit> hits = collection.Search(RequestOf(query, exact ? 4096 : 10, exact));
    std::set<std::string> ids;
    float last = 0;
    for (const Hit& hit : hits) {
      workers.Check(ids.insert(hit.id).second, "a search finds a row twice");
      workers.Check(hit.distance >= last, "hits are out of order");
      workers.Check(IsTrue(hit), "a hit is of two versions");
      last = hit.distance;
    }
    workers.Check(hits.size() >= (exact ? kStaying : 10), "a search finds too little");
    workers.Check(!exact || PairsAreWhole(hits), "a search shows half of a transaction");
  }
}

// Pages of a cursor over merges: each row that stays is in exactly one.
void CheckPages(const Collection& collection, size_t page_size, Workers& workers) {
  std::set<std::string> seen;
  uint64_t cursor = 0;
  for (bool more = true; more;) {
    const ScanPage page = collection.Scan(cursor, page_size, nullptr, true);
    for (const Row& row : page.rows) {
      workers.Check(IsTrue(row), "a scanned row is of two versions");
      if (row.id.starts_with("stay"))
        workers.Check(seen.insert(row.id).second, "a page repeats a row");
    }
    more = page.cursor.has_value();
    cursor = page.cursor.value_or(0);
  }
  workers.Check(seen.size() == kStaying, "pages leave rows out");
}

void RunToEnd(Compaction& compaction) {
  while (compaction.Step()) {
  }
}

void CheckSnapshot(const std::shared_ptr<Database>& db, bool container, Workers& workers) {
  const TestFolder folder;
  const std::string path = folder.path() + (container ? "/copy.rvf" : "");
  {
    Snapshot snapshot(db, path);
    while (snapshot.Step()) {
    }
  }
  DatabaseOptions options;
  options.path = path;
  options.read_only = true;
  const std::unique_ptr<Database> copy = Database::Open(options);
  const ScanPage all = copy->collection().Scan(0, 1 << 20, nullptr, true);
  workers.Check(all.rows.size() >= kStaying, "a snapshot has too few rows");
  workers.Check(PairsAreWhole(all.rows), "a snapshot has half of a transaction");
  for (const Row& row : all.rows) workers.Check(IsTrue(row), "a copied row is of two versions");
}

// What a call beside Close may say.
bool IsClosedError(const Error& e) {
  return e.code() == ErrorCode::kClosed || e.code() == ErrorCode::kConflict;
}

}  // namespace

TEST_CASE("threads: search, insert, delete, merge, checkpoint, snapshot, verify, compact",
          "[threads]") {
  for (const Durability durability : {Durability::kSync, Durability::kBatch, Durability::kNone}) {
    const TestFolder folder;
    std::shared_ptr<Database> db = Database::Open(Options(folder.path(), durability));
    InsertStaying(*db);
    Workers workers;
    PairWriter first(*db, 1), second(*db, 2);
    workers.Start("writer 1", 120, [&](size_t i) { first.Write(i); });
    workers.Start("writer 2", 120, [&](size_t i) { second.Write(i); });
    Rng one(11), two(12);
    workers.Start("search 1", 60, [&](size_t) { CheckSearches(db->collection(), one, workers); });
    workers.Start("search 2", 60, [&](size_t) { CheckSearches(db->collection(), two, workers); });
    workers.Start("pages", 40, [&](size_t i) { CheckPages(db->collection(), 5 + i, workers); });
    workers.Start("by id", 60, [&](size_t i) {
      const std::string pair = "w1-" + std::to_string(i % kPairs);
      const std::string a = pair + "/a", b = pair + "/b";
      const std::string_view ids[] = {a, b};
      const std::vector<std::optional<Row>> rows = db->collection().GetMany(ids);
      workers.Check(rows[0].has_value() == rows[1].has_value(), "half of a pair is there");
      if (rows[0] && rows[1])
        workers.Check(rows[0]->metadata == rows[1]->metadata, "a pair is of two versions");
    });
    workers.Start("checkpoints", 20, [&](size_t i) {
      if (i % 3 == 0) db->Checkpoint();
      if (i % 3 == 1) db->Flush();
      db->Sync();
    });
    workers.Start("snapshots", 4, [&](size_t i) {
      CheckSnapshot(db, i % 2 == 1, workers);
      const TestFolder aborted;
      Snapshot snapshot(db, aborted.path());
      snapshot.Step();
    });
    workers.Start("verify", 6, [&](size_t) {
      DatabaseCheck check(db);
      while (check.Step()) {
      }
      for (const Damage& d : check.damage()) workers.Check(false, (d.file + d.detail).c_str());
    });
    workers.Start("compact", 6, [&](size_t i) {
      Compaction compaction(db);
      if (i % 2 == 0) return RunToEnd(compaction);
      compaction.Step();  // and is given up
      compaction.Step();
    });
    workers.Start("collections", 15, [&](size_t i) {
      const std::string name = "other" + std::to_string(i % 2);
      CollectionRequest request;
      request.dimensions = kDimensions;
      const std::shared_ptr<Collection> other = db->OpenCollection(name, request);
      const Step::Change put = TruePut("x", i, kDimensions);
      db->Write([&] {
        return std::vector<Operation>{
            {put.kind, put.id, put.row.metadata, put.row.vector.data(), other.get()}};
      });
      workers.Check(other->Has("x"), "a row is not there after its commit");
      workers.Check(db->DropCollection(name), "a collection cannot be dropped");
    });
    workers.Start("figures", 60, [&](size_t) {
      workers.Check(db->Stats().maintenance_error.empty(), "work in the background failed");
      workers.Check(db->collection().Stats().count >= kStaying, "a count is too low");
      workers.Check(db->memory_bytes() > 0, "rows take no memory");
      workers.Check(!db->CollectionNames().empty(), "there are no collections");
    });
    CAPTURE(static_cast<int>(durability));
    REQUIRE(workers.Join() == "");

    Model expected;
    for (size_t i = 0; i < kStaying; ++i) {
      const std::string id = "stay" + std::to_string(i);
      expected[id] = {TrueVector(id, 1, kDimensions), TrueMetadata(1)};
    }
    first.AddTo(expected);
    second.AddTo(expected);
    const bool same = ReadAll(*db) == expected;
    REQUIRE(same);
    REQUIRE(db->Stats().maintenance_error == "");
    db->Close();
    db = Database::Open(Options(folder.path(), durability));
    const bool same_after = ReadAll(*db) == expected;
    REQUIRE(same_after);
  }
}

TEST_CASE("threads: closing beside everything ends every call soon, loses nothing acknowledged",
          "[threads]") {
  for (size_t round = 0; round < 12; ++round) {
    const TestFolder folder;
    const Durability durability = round % 2 == 0 ? Durability::kBatch : Durability::kSync;
    Model acknowledged, attempted;
    {
      const std::shared_ptr<Database> db = Database::Open(Options(folder.path(), durability));
      InsertStaying(*db);
      Workers workers;
      std::atomic<size_t> commits{0};
      std::atomic<bool> closed{false};
      // Calls until the database is closed; whatever it says then is allowed once.
      const auto until_closed = [&](const std::string& name, auto call) {
        workers.Start(name, 1, [&, call](size_t) mutable {
          for (bool last = false; !last;) {
            last = closed;
            try {
              call();
            } catch (const Error& e) {
              if (!IsClosedError(e)) throw;
              if (e.code() == ErrorCode::kClosed) return;
            }
          }
        });
      };
      PairWriter first(*db, 1), second(*db, 2);
      size_t rounds_1 = 0, rounds_2 = 0;
      until_closed("writer 1", [&] {
        first.Write(rounds_1++);
        ++commits;
      });
      until_closed("writer 2", [&] {
        second.Write(rounds_2++);
        ++commits;
      });
      Rng one(11);
      until_closed("search", [&] { CheckSearches(db->collection(), one, workers); });
      until_closed("pages", [&] { CheckPages(db->collection(), 31, workers); });
      until_closed("checkpoint", [&] { db->Checkpoint(); });
      until_closed("snapshot", [&] { CheckSnapshot(db, false, workers); });
      until_closed("compact", [&] {
        Compaction compaction(db);
        RunToEnd(compaction);
      });
      until_closed("verify", [&] {
        DatabaseCheck check(db);
        while (check.Step()) {
        }
        for (const Damage& d : check.damage())
          workers.Check(false, (d.file + ": " + d.detail).c_str());
      });
      while (commits < 3 + round * 2) std::this_thread::yield();
      db->Close();
      closed = true;
      CAPTURE(round);
      REQUIRE(workers.Join() == "");
      // Reading goes on; what it shows is what was acknowledged.
      for (size_t i = 0; i < kStaying; ++i) {
        const std::string id = "stay" + std::to_string(i);
        acknowledged[id] = {TrueVector(id, 1, kDimensions), TrueMetadata(1)};
      }
      first.AddTo(acknowledged);
      second.AddTo(acknowledged);
      const bool same = ReadAll(*db) == acknowledged;
      REQUIRE(same);
    }
    const std::unique_ptr<Database> db = Database::Open(Options(folder.path(), durability));
    const bool same = ReadAll(*db) == acknowledged;
    REQUIRE(same);
  }
}

TEST_CASE("threads: a reader follows a writer that merges and compacts", "[threads]") {
  const TestFolder folder;
  const std::shared_ptr<Database> db = Database::Open(Options(folder.path(), Durability::kBatch));
  InsertStaying(*db);
  DatabaseOptions options = Options(folder.path(), Durability::kBatch);
  options.read_only = true;
  const std::shared_ptr<Database> reader = Database::Open(options);
  Workers workers;
  PairWriter writer(*db, 1);
  workers.Start("writer", 150, [&](size_t i) {
    writer.Write(i);
    if (i % 10 == 9) db->Checkpoint();
    if (i % 50 == 49) {
      Compaction compaction(db);
      RunToEnd(compaction);
    }
  });
  workers.Start("refresh", 60, [&](size_t) { reader->Refresh(); });
  Rng one(11);
  workers.Start("search", 80, [&](size_t) { CheckSearches(reader->collection(), one, workers); });
  workers.Start("verify", 5, [&](size_t) {
    DatabaseCheck check(reader);
    while (check.Step()) {
    }
    for (const Damage& d : check.damage()) workers.Check(false, (d.file + ": " + d.detail).c_str());
  });
  REQUIRE(workers.Join() == "");
  REQUIRE(reader->Stats().maintenance_error == "");
  db->Sync();
  reader->Refresh();
  const bool same = ReadAll(*reader) == ReadAll(*db);
  REQUIRE(same);
}

}  // namespace ruvector::test

#endif
