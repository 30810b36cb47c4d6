// Allocations of every call fail, one or all from it on: the call throws and has changed
// nothing, or has done its work; the database goes on, and what is on disk opens.
#include <cstdlib>
#include <cstring>

#include "collection/compaction.h"
#include "collection/database_check.h"
#include "collection/edits.h"
#include "collection/life.h"
#include "collection/snapshot.h"
#include "support/catch.h"
#include "support/failing_memory.h"
#include "support/test_folder.h"

namespace ruvector::test {
namespace {

constexpr size_t kDimensions = 3;

// `codes`: of a graph, or "lists".
DatabaseOptions Options(const std::string& path, const std::string& codes = "scalar8") {
  DatabaseOptions options;
  options.path = path;
  options.dimensions = kDimensions;
  options.metric = Metric::kEuclidean;
  if (codes == "lists") {
    options.index = IndexKind::kIvf;
    options.quantization = Quantization::kScalar8;
  } else {
    options.index = IndexKind::kHnsw;
    options.quantization = ParseQuantization(codes);
    options.m = 4;
    options.ef_construction = 8;
  }
  options.threads = 1;
  options.background = false;  // merging comes in steps after commits
  options.limits.seal_bytes = 8'000;
  options.limits.least_deleted = 20;
  return options;
}

using Shared = std::shared_ptr<Database>;

// Run again it changes nothing more.
struct Call {
  const char* name;
  bool writes;
  std::function<void(const Shared&)> run;
};

std::function<void(const Shared&)> Puts(size_t from, size_t to, uint64_t version) {
  auto step = std::make_shared<Step>();
  Rng rng(version * 1000 + from);
  for (size_t i = from; i < to; ++i) {
    step->changes.push_back({Operation::Kind::kPut,
                             "id" + std::to_string(i),
                             {RandomVector(rng, kDimensions),
                              i % 2 == 0 ? "" : "{\"n\":" + std::to_string(version) + "}"}});
  }
  return [step](const Shared& db) { step->Run(*db); };
}

template <typename Work>
void RunToEnd(Work&& work) {
  while (work.Step()) {
  }
}

// From an empty database to one with two segments, a log and a second collection, read in every
// way.
std::vector<Call> Script(const std::string& snapshot) {
  const auto query = std::make_shared<std::vector<float>>(kDimensions, 0.5f);
  const auto filter =
      std::make_shared<Filter>(Filter::Parse(ParseJson("{\"n\":{\"$gte\":1}}", "filter")));
  const auto search = [=](bool exact, bool filtered) {
    return [=](const Shared& db) {
      SearchRequest request;
      request.vector = query->data();
      request.k = 5;
      request.exact = exact;
      request.filter = filtered ? filter.get() : nullptr;
      request.include_vectors = true;
      if (db->collection().Search(request).size() != 5) throw std::runtime_error("too few hits");
    };
  };
  CollectionRequest request;
  request.dimensions = kDimensions;
  return {
      {"insert", true, Puts(0, 1, 1)},
      {"insert many", true, Puts(0, 300, 1)},
      {"search a graph", false, search(false, false)},
      {"checkpoint", false, [](const Shared& db) { db->Checkpoint(); }},
      {"replace", true, Puts(100, 140, 2)},
      {"search with a filter", false, search(false, true)},
      {"delete", true,
       [](const Shared& db) {
         const std::string_view ids[] = {"id3", "id4", "id120"};
         DeleteRows(*db, db->collection(), ids);
       }},
      {"update metadata", true,
       [](const Shared& db) { UpdateRow(*db, db->collection(), "id7", nullptr, "{\"n\":9}"); }},
      {"compact", false, [](const Shared& db) { RunToEnd(Compaction(db)); }},
      {"insert beside a segment", true, Puts(290, 330, 3)},
      {"delete by filter", true,
       [=](const Shared& db) { DeleteMatching(*db, db->collection(), *filter); }},
      {"open a collection", true, [=](const Shared& db) { db->OpenCollection("other", request); }},
      {"write to both", true,
       [=](const Shared& db) {
         const std::shared_ptr<Collection> other = db->OpenCollection("other", {});
         db->Write([&] {
           return std::vector<Operation>{
               {Operation::Kind::kPut, "a", "", query->data(), other.get()},
               {Operation::Kind::kPut, "b", "{}", query->data(), &db->collection()}};
         });
       }},
      {"scan", false, [](const Shared& db) { ReadState(*db); }},
      {"search exactly", false, search(true, false)},
      {"count", false, [=](const Shared& db) { db->collection().Count(filter.get()); }},
      {"figures", false,
       [](const Shared& db) {
         db->Stats();
         db->collection().Stats();
       }},
      {"snapshot", false,
       [=](const Shared& db) { RunToEnd(Snapshot(db, snapshot + "/copy.rvf")); }},
      {"snapshot into a folder", false,
       [=](const Shared& db) { RunToEnd(Snapshot(db, snapshot)); }},
      {"bytes", false, [](const Shared& db) { Database::FromBytes(db->ToBytes(), {}); }},
      {"verify", false,
       [](const Shared& db) {
         DatabaseCheck check(db);
         RunToEnd(check);
         if (!check.damage().empty()) throw std::runtime_error(check.damage()[0].detail);
       }},
      {"compact again", false, [](const Shared& db) { RunToEnd(Compaction(db)); }},
      {"drop a collection", true, [](const Shared& db) { db->DropCollection("other"); }},
      {"insert more", true, Puts(300, 900, 1)},
      {"count by an index", false, [=](const Shared& db) { db->collection().Count(filter.get()); }},
      {"checkpoint the index", false, [](const Shared& db) { db->Checkpoint(); }},
      {"update after reopening", true,
       [](const Shared& db) { UpdateRow(*db, db->collection(), "id799", nullptr, "{\"n\":9}"); }},
      {"update beside an index", true,
       [=](const Shared& db) {
         db->collection().Count(filter.get());
         UpdateRow(*db, db->collection(), "id797", nullptr, "{\"n\":9}");
       }},
      {"clear", true, [](const Shared& db) { DeleteAll(*db, db->collection()); }},
      {"insert after clearing", true, Puts(0, 20, 4)},
  };
}

void Empty(const std::string& path) {
  const std::unique_ptr<Directory> folder = OpenDirectory(path, true);
  for (const std::string& name : folder->List()) folder->Remove(name);
}

// More and more sparse ones.
uint64_t After(uint64_t nth) {
  if (nth < 300) return nth + 1;
  return nth + 1 + nth / (std::getenv("RUVECTOR_SOAK") != nullptr ? 300 : 20);
}

}  // namespace

TEST_CASE("out of memory: a call that throws has changed nothing", "[memory]") {
  if (!TestFolder::Available()) return;
  const std::string codes =
      GENERATE(as<std::string>{}, "scalar8", "spherical4", "tiered", "product2x16", "lists");
  const TestFolder folder;
  std::shared_ptr<Database> db = Database::Open(Options(folder.path(), codes));
  const Shared reference = Database::OpenIn(nullptr, Options("", codes));
  State before = ReadState(*reference);
  size_t failures = 0;
  const TestFolder snapshots;
  OpenDirectory(snapshots.path(), true);
  for (const Call& call : Script(snapshots.path())) {
    CAPTURE(call.name);
    call.run(reference);
    Empty(snapshots.path());
    const State after = ReadState(*reference);
    for (const bool lasting : {true, false}) {
      bool done = false;
      for (uint64_t nth = 1; !done; nth = After(nth)) {
        CAPTURE(nth, lasting);
        char thrown[200] = "";  // no memory is needed to keep it
        {
          const FailingMemory memory(nth, lasting);
          try {
            call.run(db);
          } catch (const std::bad_alloc&) {
            std::strcpy(thrown, "bad_alloc");
          } catch (const std::exception& e) {
            std::strncpy(thrown, e.what(), sizeof thrown - 1);
          }
          done = !memory.failed();
        }
        Empty(snapshots.path());
        failures += !done;
        const std::string what = thrown;
        CAPTURE(what);
        REQUIRE((what.empty() || (!done && what == "bad_alloc")));
        // What is done is done, also where something after it, like a checkpoint, had to wait.
        if (what.empty()) before = after;
        const bool same = ReadState(*db) == before;
        REQUIRE(same);
      }
    }
    db->Close();
    db = Database::Open(Options(folder.path(), codes));
    const bool same = ReadState(*db) == after;
    REQUIRE(same);
  }
  WARN(failures << " failing allocations");
  CHECK(failures > 500);
}

TEST_CASE("out of memory: opening throws and leaves the files as they are", "[memory]") {
  if (!TestFolder::Available()) return;
  const TestFolder folder;
  State state;
  {
    const std::shared_ptr<Database> db = Database::Open(Options(folder.path()));
    for (const Call& call : Script("")) {
      call.run(db);
      if (std::string(call.name) == "write to both") break;
    }
    state = ReadState(*db);
    db->Close();
  }
  for (const bool lasting : {true, false}) {
    for (uint64_t nth = 1;; nth = After(nth)) {
      CAPTURE(nth, lasting);
      std::shared_ptr<Database> db;
      bool failed;
      {
        const FailingMemory memory(nth, lasting);
        try {
          db = Database::Open(Options(folder.path()));
        } catch (const std::bad_alloc&) {
        }
        failed = memory.failed();
      }
      REQUIRE((db || failed));
      if (!db) db = Database::Open(Options(folder.path()));
      const bool same = ReadState(*db) == state;
      REQUIRE(same);
      if (!failed) break;
    }
  }
}

}  // namespace ruvector::test
