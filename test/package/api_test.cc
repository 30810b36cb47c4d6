// Every method of the C++ interface, through the installed header and library alone.
#include <ruvector.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "check.h"

#if defined(__unix__)
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace std::chrono_literals;
using ruvector::Collection;
using ruvector::Entry;
using ruvector::EntryPage;
using ruvector::Hit;
using ruvector::Metric;
using ruvector::Quantization;
using ruvector::Transaction;
using ruvector::VectorDB;

namespace {

/// A folder of its own, gone at the end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "ruvector-api-XXXXXX").string();
    std::random_device random;
    name.replace(name.size() - 6, 6, std::to_string(random()));
    path_ = name;
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string ReadFile(const std::filesystem::path& path) {
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

std::vector<float> RandomVector(std::mt19937& random, size_t dimensions) {
  std::normal_distribution<float> normal;
  std::vector<float> vector(dimensions);
  for (float& value : vector) value = normal(random);
  return vector;
}

std::vector<Entry> RandomEntries(size_t n, size_t dimensions, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::vector<Entry> entries;
  for (size_t i = 0; i < n; ++i) {
    entries.push_back({"row" + std::to_string(i), RandomVector(random, dimensions),
                       R"({"n":)" + std::to_string(i) + "}"});
  }
  return entries;
}

double Distance(Metric metric, const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0, aa = 0, bb = 0, l2 = 0, l1 = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    dot += x * y;
    aa += x * x;
    bb += y * y;
    l2 += (x - y) * (x - y);
    l1 += std::fabs(x - y);
  }
  switch (metric) {
    case Metric::kCosine:
      return 1 - dot / std::sqrt(aa * bb);
    case Metric::kEuclidean:
      return std::sqrt(l2);
    case Metric::kDot:
      return -dot;
    case Metric::kManhattan:
      return l1;
  }
  return 0;
}

std::vector<std::string> IdsOf(const std::vector<Hit>& hits) {
  std::vector<std::string> ids;
  for (const Hit& hit : hits) ids.push_back(hit.id);
  return ids;
}

VectorDB Pets() {
  VectorDB db = VectorDB::Open({.dimensions = 3});
  db.InsertBatch({{"cat", {0.9F, 0.1F, 0}, R"({"kind": "pet", "year": 2024})"},
                  {"dog", {0.7F, 0.7F, 0}, R"({"kind": "pet", "year": 2019})"},
                  {"lion", {0.8F, 0.3F, 0.1F}, R"({"kind": "wild", "year": 2020})"},
                  {"stone", {0, 0, 1}, ""}});
  return db;
}

bool SameEntry(const std::optional<Entry>& a, const Entry& b) {
  return a && a->id == b.id && a->vector == b.vector && a->metadata == b.metadata;
}

}  // namespace

// --- Writing

TEST("an entry comes back as it was put in, metadata without white space") {
  VectorDB db = VectorDB::Open({.dimensions = 2});
  CHECK(db.IsEmpty());
  CHECK(db.Insert({.id = "é", .vector = {1, 2}, .metadata = "{ \"a\" : [1, null] }"}) == "é");
  CHECK(SameEntry(db.Get("é"), {"é", {1, 2}, R"({"a":[1,null]})"}));
  CHECK(db.Has("é") && !db.Has("e") && !db.Get("e"));
  CHECK(db.Len() == 1 && !db.IsEmpty() && db.Count() == 1);
  CHECK(db.name() == "default" && db.dimensions() == 2 && db.metric() == Metric::kCosine);
}

TEST("inserting an id again replaces vector and metadata") {
  VectorDB db = Pets();
  db.Insert({.id = "cat", .vector = {0, 1, 0}});
  CHECK(SameEntry(db.Get("cat"), {"cat", {0, 1, 0}, ""}));
  CHECK(db.Len() == 4);
}

TEST("an entry without an id gets a version 4 UUID") {
  VectorDB db = VectorDB::Open({.dimensions = 1});
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    const std::string id = db.Insert({.vector = {1}});
    CHECK(id.size() == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-');
    CHECK(id[14] == '4' && std::string("89ab").find(id[19]) != std::string::npos);
    CHECK(id.find_first_not_of("0123456789abcdef-") == std::string::npos);
    ids.insert(id);
  }
  CHECK(ids.size() == 100 && db.Len() == 100);
}

TEST("a batch is written whole or not at all, and names the entry that is wrong") {
  VectorDB db = VectorDB::Open({.dimensions = 2});
  CHECK((db.InsertBatch({{"a", {1, 0}, ""}, {"b", {0, 1}, ""}}) ==
         std::vector<std::string>{"a", "b"}));
  const std::vector<Entry> wrong = {{"c", {1, 0}, ""}, {"d", {1}, ""}};
  THROWS(kDimensionMismatch, "entry 1: vector has 1 values, expected 2", db.InsertBatch(wrong));
  CHECK(db.Len() == 2 && !db.Has("c"));
  CHECK(db.InsertBatch(std::vector<Entry>()).empty());
}

TEST("a matrix with or without ids and metadata") {
  VectorDB db = VectorDB::Open({.dimensions = 2});
  const std::vector<std::string> ids = {"a", "b"}, metadata = {R"({"n":1})", ""};
  const std::vector<float> values = {1, 2, 3, 4};
  CHECK(db.InsertBatch({.ids = ids, .vectors = values, .metadata = metadata}) == ids);
  CHECK(SameEntry(db.Get("a"), {"a", {1, 2}, R"({"n":1})"}));
  CHECK(SameEntry(db.Get("b"), {"b", {3, 4}, ""}));
  const std::vector<std::string> made = db.InsertBatch({.vectors = values});
  CHECK(made.size() == 2 && made[0].size() == 36 && db.Len() == 4);
  CHECK(SameEntry(db.Get(made[1]), {made[1], {3, 4}, ""}));
  const std::span<const float> odd(values.data(), 3);
  THROWS(kDimensionMismatch, "vectors has 3 values", db.InsertBatch({.vectors = odd}));
  THROWS(kDimensionMismatch, "expected 2 rows of 2", db.InsertBatch({.ids = ids, .vectors = odd}));
  const std::span<const std::string> one(metadata.data(), 1);
  THROWS(kInvalidOption, "metadata has 1 elements",
         db.InsertBatch({.ids = ids, .vectors = values, .metadata = one}));
  CHECK(db.Len() == 4);
}

TEST("updates replace what they are given") {
  VectorDB db = Pets();
  CHECK(db.UpdateMetadata("cat", R"({"kind":"tiger"})"));
  CHECK(SameEntry(db.Get("cat"), {"cat", {0.9F, 0.1F, 0}, R"({"kind":"tiger"})"}));
  CHECK(db.Update("cat", std::vector<float>{0, 0, 2}));
  CHECK(SameEntry(db.Get("cat"), {"cat", {0, 0, 2}, R"({"kind":"tiger"})"}));
  CHECK(db.Update("cat", std::vector<float>{0, 3, 0}, R"({"kind":"lynx"})"));
  CHECK(SameEntry(db.Get("cat"), {"cat", {0, 3, 0}, R"({"kind":"lynx"})"}));
  CHECK(db.UpdateMetadata("cat", ""));
  CHECK(SameEntry(db.Get("cat"), {"cat", {0, 3, 0}, ""}));
  CHECK(!db.UpdateMetadata("nobody", "{}") && !db.Update("nobody", std::vector<float>{1, 0, 0}));
  CHECK(db.Len() == 4);
}

TEST("deleting, one by one, by ids, by filter, all") {
  VectorDB db = Pets();
  CHECK(db.Delete("stone") && !db.Delete("stone"));
  CHECK(db.DeleteBatch({"lion", "lion", "nobody"}) == 1);
  CHECK(db.DeleteWhere(R"({"year": {"$lt": 2020}})") == 1);
  CHECK(db.Len() == 1 && db.Has("cat"));
  THROWS(kInvalidFilter, "filter is missing", db.DeleteWhere(""));
  db.Clear();
  CHECK(db.IsEmpty() && db.Search(std::vector<float>{1, 0, 0}).empty());
}

// --- Reading

TEST("distances and similarities of every metric are those of doubles, closest first") {
  for (const Metric metric :
       {Metric::kCosine, Metric::kEuclidean, Metric::kDot, Metric::kManhattan}) {
    VectorDB db = VectorDB::Open({.dimensions = 8, .distance_metric = metric});
    CHECK(db.metric() == metric);
    const std::vector<Entry> entries = RandomEntries(200, 8);
    db.InsertBatch(entries);
    std::mt19937 random(7);
    const std::vector<float> query = RandomVector(random, 8);
    std::vector<double> truth;
    for (const Entry& entry : entries) truth.push_back(Distance(metric, query, entry.vector));
    std::sort(truth.begin(), truth.end());
    const std::vector<Hit> hits = db.Search(query, 200);
    CHECK(hits.size() == 200);
    for (size_t i = 0; i < hits.size(); ++i) {
      const double distance = hits[i].distance;
      CHECK(std::fabs(distance - truth[i]) < 1e-4);
      const double similarity = metric == Metric::kCosine ? 1 - distance
                                : metric == Metric::kDot  ? -distance
                                                          : 1 / (1 + distance);
      CHECK(hits[i].similarity == similarity);
    }
  }
}

TEST("what a search is asked for, it gives") {
  VectorDB db = Pets();
  const std::vector<float> query = {1, 0, 0};
  CHECK((IdsOf(db.Search(query)) == std::vector<std::string>{"cat", "lion", "dog", "stone"}));
  CHECK(db.Search(query, 2).size() == 2);
  std::vector<Hit> hits = db.Search({.vector = query, .k = 1});
  CHECK(hits[0].metadata == R"({"kind":"pet","year":2024})" && hits[0].vector.empty());
  hits = db.Search({.vector = query, .include_vectors = true, .include_metadata = false});
  CHECK((hits[0].metadata.empty() && hits[0].vector == std::vector<float>{0.9F, 0.1F, 0}));
  const std::string wild = R"({"kind": "wild"})";
  CHECK((IdsOf(db.Search({.vector = query, .filter = wild})) == std::vector<std::string>{"lion"}));
  CHECK((IdsOf(db.Search({.like = "cat", .k = 2})) == std::vector<std::string>{"lion", "dog"}));
  CHECK((IdsOf(db.Search({.vector = query, .threshold = 0.9})) ==
         std::vector<std::string>{"cat", "lion"}));
  CHECK(db.Count(wild) == 1 && db.Count("{}") == 4 && db.Count(R"({"kind": null})") == 1);
  const auto found = db.SearchBatch({{.vector = query, .k = 1}, {.like = "stone", .k = 1}});
  CHECK(found.size() == 2 && found[0][0].id == "cat" && found[1][0].id == "lion");
  CHECK(db.SearchBatch({}).empty());
}

TEST(
    "codes of every type are learned by Compact, told by Stats, and refused where they do not "
    "fit") {
  using Type = Quantization::Type;
  const std::vector<Quantization> all = {{Type::kRotated},
                                         {Type::kRotated, 1, 0, 0, 300},
                                         {Type::kBinary},
                                         {Type::kTiered},
                                         {Type::kProduct, 0, 8, 16}};
  for (const Quantization& quantization : all) {
    VectorDB db = VectorDB::Open(
        {.dimensions = 32, .index = ruvector::Index::kHnsw, .quantization = quantization});
    db.InsertBatch(RandomEntries(3000, 32));
    db.Compact();
    const ruvector::DbStats stats = db.Stats();
    CHECK(stats.quantization.type == quantization.type);
    CHECK(stats.quantization.rerank == quantization.rerank);
    CHECK(stats.coded.size() == 1 && stats.coded[0].second == 3000);
    CHECK(stats.coded[0].first.type == quantization.type);
    std::mt19937 random(11);
    size_t found = 0;
    for (int i = 0; i < 20; ++i) {
      const std::vector<float> query = RandomVector(random, 32);
      const std::vector<std::string> truth = IdsOf(db.Search({.vector = query, .exact = true}));
      for (const std::string& id : IdsOf(db.Search({.vector = query, .ef_search = 400})))
        found += static_cast<size_t>(std::count(truth.begin(), truth.end(), id));
    }
    CHECK(found >= 150);
  }
  const std::vector<Quantization> wrong = {
      {Type::kScalar, 6},      {Type::kRotated, 9},       {Type::kBinary, 1},
      {Type::kProduct, 0, 33}, {Type::kProduct, 0, 4, 1}, {Type::kProduct, 0, 4, 257},
      {Type::kRotated, 4, 2},  {Type::kAuto, 0, 0, 0, 5}, {Type::kScalar, 8, 0, 0, 70000},
      {static_cast<Type>(17)}};
  for (const Quantization& quantization : wrong) {
    THROWS(kInvalidOption, "quantization",
           VectorDB::Open({.dimensions = 32, .quantization = quantization}));
  }
  THROWS(kUnsupported, "tiered",
         VectorDB::Open({.dimensions = 32,
                         .distance_metric = Metric::kManhattan,
                         .quantization = Quantization{Type::kTiered}}));
}

TEST("a graph finds nearly all that an exact search finds, and more with a larger efSearch") {
  VectorDB db = VectorDB::Open({.dimensions = 32,
                                .index = ruvector::Index::kHnsw,
                                .quantization = ruvector::Quantization::kScalar4,
                                .hnsw_config = {.m = 8, .ef_construction = 60, .ef_search = 10},
                                .seed = 3});
  db.InsertBatch(RandomEntries(4000, 32));
  CHECK(db.Stats().index_type == ruvector::Index::kHnsw);
  CHECK(db.Stats().quantization == ruvector::Quantization::kScalar4);
  std::mt19937 random(11);
  size_t quick = 0, careful = 0;
  for (int i = 0; i < 50; ++i) {
    const std::vector<float> query = RandomVector(random, 32);
    const std::vector<std::string> truth = IdsOf(db.Search({.vector = query, .exact = true}));
    const auto common = [&](const std::vector<Hit>& hits) {
      const std::vector<std::string> ids = IdsOf(hits);
      return static_cast<size_t>(std::count_if(truth.begin(), truth.end(), [&](const auto& id) {
        return std::find(ids.begin(), ids.end(), id) != ids.end();
      }));
    };
    quick += common(db.Search({.vector = query}));
    careful += common(db.Search({.vector = query, .ef_search = 400}));
  }
  CHECK(careful >= 490 && quick < careful);
}

TEST("lists find more the more of them are read, and all when all are") {
  VectorDB db = VectorDB::Open(
      {.dimensions = 32, .index = ruvector::Index::kIvf, .ivf_config = {.nlist = 50, .nprobe = 2}});
  db.InsertBatch(RandomEntries(3000, 32));
  CHECK(db.Stats().index_type == ruvector::Index::kFlat);
  db.Compact();
  CHECK(db.Stats().index_type == ruvector::Index::kIvf && db.Stats().nlist == 50);
  std::mt19937 random(12);
  size_t quick = 0, careful = 0;
  for (int i = 0; i < 50; ++i) {
    const std::vector<float> query = RandomVector(random, 32);
    const std::vector<std::string> truth = IdsOf(db.Search({.vector = query, .exact = true}));
    const auto common = [&](const std::vector<Hit>& hits) {
      const std::vector<std::string> ids = IdsOf(hits);
      return static_cast<size_t>(std::count_if(truth.begin(), truth.end(), [&](const auto& id) {
        return std::find(ids.begin(), ids.end(), id) != ids.end();
      }));
    };
    quick += common(db.Search({.vector = query}));
    careful += common(db.Search({.vector = query, .nprobe = 20}));
    CHECK(IdsOf(db.Search({.vector = query, .nprobe = 50})) == truth);
  }
  CHECK(quick < careful && careful > 350);
  const std::vector<float> query = RandomVector(random, 32);
  THROWS(kInvalidOption, "efSearch is given", db.Search({.vector = query, .ef_search = 10}));
  THROWS(kInvalidOption, "nprobe is 65537", db.Search({.vector = query, .nprobe = 65537}));
  THROWS(kInvalidOption, "ivfConfig is given",
         VectorDB::Open({.dimensions = 3, .ivf_config = {.nlist = 5}}));
  THROWS(
      kInvalidOption, "hnswConfig is given",
      VectorDB::Open({.dimensions = 3, .index = ruvector::Index::kIvf, .hnsw_config = {.m = 5}}));
}

TEST("entries by id, in the order asked for") {
  VectorDB db = Pets();
  const auto found = db.GetMany({"lion", "nobody", "cat"});
  CHECK(found.size() == 3 && found[0]->id == "lion" && !found[1] && found[2]->id == "cat");
}

TEST("entries as points of a plane") {
  VectorDB db = VectorDB::Open({.dimensions = 3, .distance_metric = Metric::kEuclidean});
  CHECK(db.Project().ids.empty() && db.Project().axes[0].direction.size() == 3);
  for (int i = 0; i < 20; ++i)
    db.Insert({std::to_string(i),
               {1, 3.0F * static_cast<float>(i), static_cast<float>(i % 2)},
               R"({"i":)" + std::to_string(i) + "}"});
  const ruvector::Projection all = db.Project();
  CHECK(all.ids.size() == 20 && all.x.size() == 20 && all.y.size() == 20 && all.total == 20);
  CHECK(all.axes[0].direction[1] > 0.99F && all.axes[0].explained > 0.99F);
  CHECK(std::fabs(all.axes[1].direction[2]) > 0.99F && all.axes[1].explained > 0);
  for (size_t i = 0; i < 20; ++i) {
    const std::vector<float> v = db.Get(all.ids[i])->vector;
    float at = -all.axes[0].origin;
    for (size_t j = 0; j < 3; ++j) at += v[j] * all.axes[0].direction[j];
    CHECK(std::fabs(at - all.x[i]) < 1e-4F);
  }
  const ruvector::Projection some = db.Project({.filter = R"({"i":{"$gte":10}})", .limit = 2});
  CHECK((some.ids == std::vector<std::string>{"10", "15"}) && some.total == 10);
  THROWS(kInvalidOption, "limit", db.Project({.limit = 0}));
  const std::atomic<bool> raised = true;
  THROWS(kAborted, "aborted", db.Project({.cancelled = &raised}));
  THROWS(kTimeout, "timeout", db.Project({.timeout = -1s}));
}

TEST("pages and ranges go through all entries once, whatever is written meanwhile") {
  VectorDB db = VectorDB::Open({.dimensions = 4});
  db.InsertBatch(RandomEntries(250, 4));
  std::vector<std::string> ids;
  std::string cursor;
  for (size_t pages = 0;; ++pages) {
    const EntryPage page = db.Page({.limit = 100, .cursor = cursor});
    for (const Entry& entry : page.entries) ids.push_back(entry.id);
    db.Delete("row" + std::to_string(240 + pages));
    if (!page.cursor) break;
    cursor = *page.cursor;
  }
  CHECK(ids.size() == 248 && ids[0] == "row0" && ids[247] == "row249");
  size_t n = 0;
  for (const Entry& entry : db.Entries({.filter = R"({"n": {"$lt": 30}})", .limit = 7})) {
    CHECK(entry.id == "row" + std::to_string(n++) && entry.vector.size() == 4);
  }
  CHECK(n == 30);
  for (const Entry& entry : db.Entries({.include_vectors = false})) n += entry.vector.empty();
  CHECK(n == 30 + db.Len());
  for (const Entry& entry : db.Entries({.filter = R"({"n": -1})"})) CHECK(entry.id.empty());
  auto range = db.Entries();
  CHECK(range.begin()->id == "row0" && (++range.begin())->id == "row1");
  CHECK(db.Page().entries.size() == 100 && db.Page({.limit = 247}).entries.size() == 247);
}

// --- Collections and transactions

TEST("collections are made, found, listed and dropped") {
  VectorDB db = VectorDB::Open({.dimensions = 2});
  THROWS(kNotFound, "there is no collection", db.OpenCollection("notes"));
  Collection notes = db.OpenCollection("notes", {.dimensions = 3, .distance_metric = Metric::kDot});
  CHECK(notes.name() == "notes" && notes.dimensions() == 3 && notes.metric() == Metric::kDot);
  notes.Insert({.id = "a", .vector = {1, 2, 3}});
  Collection same = db.OpenCollection("notes");
  CHECK(same.Len() == 1 && db.Len() == 0);
  THROWS(kDimensionMismatch, "dimensions is 4", db.OpenCollection("notes", {.dimensions = 4}));
  THROWS(kInvalidOption, "distanceMetric",
         db.OpenCollection("notes", {.distance_metric = Metric::kCosine}));
  CHECK((db.Collections() == std::vector<std::string>{"default", "notes"}));
  CHECK(db.DropCollection("notes") && !db.DropCollection("notes"));
  THROWS(kNotFound, "was dropped", notes.Len());
  THROWS(kNotFound, "was dropped", same.Insert({.id = "b", .vector = {1, 2, 3}}));
  THROWS(kInvalidOption, "default collection", db.DropCollection("default"));
  Collection fresh = db.OpenCollection("notes", {.dimensions = 5});
  CHECK(fresh.IsEmpty() && fresh.dimensions() == 5);
  THROWS(kNotFound, "was dropped", notes.Len());
  const Collection own = db;
  CHECK(own.name() == "default" && own.Len() == 0);
}

TEST("a transaction is one commit over all its collections") {
  VectorDB db = VectorDB::Open({.dimensions = 2});
  Collection done = db.OpenCollection("done", {.dimensions = 3});
  db.InsertBatch({{"water", {1, 0}, ""}, {"bread", {0, 1}, ""}, {"sweep", {1, 1}, ""}});
  done.Insert({.id = "old", .vector = {1, 1, 1}});
  Transaction t(db);
  t.Clear(done);
  CHECK(t.Insert(done, {.id = "water", .vector = {1, 2, 3}, .metadata = R"({"x":1})"}) == "water");
  CHECK(t.InsertBatch(done, std::vector<Entry>{{"", {1, 0, 0}, ""}})[0].size() == 36);
  const std::vector<float> values = {7, 8, 9};
  const std::vector<std::string> ids = {"m"};
  CHECK(t.InsertBatch(done, {.ids = ids, .vectors = values}) == ids);
  t.Delete(db, "water");
  t.DeleteBatch(db, {"bread", "nobody"});
  THROWS(kDimensionMismatch, "vector has 2 values", t.Insert(done, {.vector = {1, 2}}));
  CHECK(db.Len() == 3 && done.Len() == 1);
  Transaction moved = std::move(t);
  moved.Commit();
  CHECK(db.Len() == 1 && done.Len() == 3 && !done.Has("old"));
  CHECK(SameEntry(done.Get("water"), {"water", {1, 2, 3}, R"({"x":1})"}));
  CHECK(SameEntry(done.Get("m"), {"m", {7, 8, 9}, ""}));
  moved.Insert(db, {.id = "again", .vector = {1, 0}});
  moved.Commit();
  CHECK(db.Has("again") && done.Len() == 3);
}

TEST("a transaction that refuses a batch has taken none of it") {
  VectorDB db = Pets();
  Transaction t(db);
  THROWS(kInvalidOption, "ids[1]", t.DeleteBatch(db, {"cat", ""}));
  THROWS(kDimensionMismatch, "entry 1",
         t.InsertBatch(db, std::vector<Entry>{{"a", {1, 2, 3}}, {"b", {1}}}));
  t.Delete(db, "dog");
  t.Commit();
  CHECK(db.Has("cat") && !db.Has("dog") && !db.Has("a"));
}

TEST("a transaction that is not committed, or cannot be, leaves nothing") {
  VectorDB db = VectorDB::Open({.dimensions = 1}), other = VectorDB::Open({.dimensions = 1});
  Collection gone = db.OpenCollection("gone", {.dimensions = 1});
  {
    Transaction t(db);
    t.Insert(db, {.id = "a", .vector = {1}});
  }
  CHECK(db.IsEmpty());
  Transaction t(db);
  THROWS(kInvalidOption, "not of the transaction's database", t.Insert(other, {.vector = {1}}));
  t.Insert(db, {.id = "a", .vector = {1}});
  t.Insert(gone, {.id = "a", .vector = {1}});
  db.DropCollection("gone");
  THROWS(kNotFound, "was dropped", t.Commit());
  CHECK(db.IsEmpty());
  t.Commit();
  CHECK(db.IsEmpty());
}

// --- Life cycle

TEST("what was written is there after reopening, closed or not") {
  const Folder folder;
  const std::string path = folder / "db";
  for (const auto durability :
       {ruvector::Durability::kSync, ruvector::Durability::kBatch, ruvector::Durability::kNone}) {
    const std::string id = "d" + std::to_string(static_cast<int>(durability));
    {
      VectorDB db =
          VectorDB::Open({.dimensions = 2, .storage_path = path, .durability = durability});
      db.Insert({.id = id, .vector = {1, 2}, .metadata = R"({"a":1})"});
      if (durability == ruvector::Durability::kBatch) db.Close();
    }
    VectorDB db = VectorDB::Open({.storage_path = path});
    CHECK(db.dimensions() == 2 && SameEntry(db.Get(id), {id, {1, 2}, R"({"a":1})"}));
  }
  THROWS(kDimensionMismatch, "dimensions is 3",
         VectorDB::Open({.dimensions = 3, .storage_path = path}));
  THROWS(kInvalidOption, "dimensions is missing", VectorDB::Open({.storage_path = folder / "x"}));
}

TEST("one writer; readers see what they opened until they refresh") {
  const Folder folder;
  const std::string path = folder / "db";
  VectorDB db = VectorDB::Open({.dimensions = 1, .storage_path = path});
  db.Insert({.id = "a", .vector = {1}});
  THROWS(kLocked, "", VectorDB::Open({.storage_path = path}));
  VectorDB reader = VectorDB::Open({.storage_path = path, .read_only = true});
  db.Insert({.id = "b", .vector = {1}});
  CHECK(reader.Len() == 1);
  CHECK(reader.Refresh() && reader.Len() == 2 && !reader.Refresh() && !db.Refresh());
  THROWS(kReadOnly, "", reader.Insert({.vector = {1}}));
  THROWS(kReadOnly, "", reader.Delete("a"));
  THROWS(kNotFound, "", VectorDB::Open({.storage_path = folder / "none", .read_only = true}));
  db.Close();
  VectorDB next = VectorDB::Open({.storage_path = path});
  CHECK(next.Len() == 2);
}

TEST("closed, and moved") {
  const Folder folder;
  VectorDB db = VectorDB::Open({.dimensions = 1, .storage_path = folder / "a"});
  Collection notes = db.OpenCollection("notes", {.dimensions = 1});
  Transaction t(db);
  t.Insert(db, {.vector = {1}});
  db.Close();
  db.Close();
  THROWS(kClosed, "closed", db.Len());
  THROWS(kClosed, "closed", db.Insert({.vector = {1}}));
  THROWS(kClosed, "closed", db.Flush());
  THROWS(kClosed, "closed", db.Verify());
  THROWS(kClosed, "closed", db.OpenCollection("notes"));
  THROWS(kClosed, "closed", notes.Search(std::vector<float>{1}));
  THROWS(kClosed, "closed", t.Commit());
  CHECK(notes.name() == "notes" && notes.dimensions() == 1);

  VectorDB a = VectorDB::Open({.dimensions = 1, .storage_path = folder / "a"});
  const Collection own = a;
  a.Insert({.id = "x", .vector = {1}});
  VectorDB b = std::move(a);
  CHECK(b.Has("x") && own.Has("x"));
  THROWS(kClosed, "moved", a.Len());  // NOLINT: what a user may get wrong
  a = VectorDB::Open({.dimensions = 2});
  CHECK(a.IsEmpty());
  b = std::move(a);  // closes the one in the folder
  CHECK(b.dimensions() == 2);
  THROWS(kClosed, "closed", own.Len());
  CHECK(VectorDB::Open({.storage_path = folder / "a"}).Has("x"));
}

TEST("a database that leaves its scope closes, whoever still holds a collection") {
  const Folder folder;
  std::optional<Collection> kept;
  {
    VectorDB db = VectorDB::Open({.dimensions = 1, .storage_path = folder / "db"});
    kept = db.OpenCollection("kept", {.dimensions = 1});
    kept->Insert({.id = "a", .vector = {1}});
  }
  THROWS(kClosed, "closed", kept->Len());
  VectorDB db = VectorDB::Open({.storage_path = folder / "db"});
  CHECK(db.OpenCollection("kept").Has("a"));
}

// --- Long calls

TEST("progress goes up to its total") {
  const Folder folder;
  VectorDB db = VectorDB::Open(
      {.dimensions = 16, .index = ruvector::Index::kHnsw, .storage_path = folder / "db"});
  std::vector<std::pair<uint64_t, uint64_t>> seen;
  const ruvector::LongCall watch = {
      .on_progress = [&](uint64_t done, uint64_t total) { seen.emplace_back(done, total); }};
  const auto went_up = [&](uint64_t least) {
    const bool ends = !seen.empty() && seen.back().first == seen.back().second;
    const bool up = std::is_sorted(seen.begin(), seen.end());
    const bool enough = ends && seen.back().second >= least;
    seen.clear();
    return up && enough;
  };
  db.InsertBatch(RandomEntries(3000, 16), watch);
  CHECK(went_up(3000));
  db.DeleteWhere(R"({"n": {"$gte": 2000}})");
  db.Compact(watch);
  CHECK(went_up(2000) && db.Stats().deleted == 0);
  CHECK(db.Verify(watch).ok && went_up(2000 * 16 * 4));
  db.Snapshot(folder / "copy", watch);
  CHECK(went_up(2000 * 16 * 4));
  std::string json;
  db.ExportAll([&](std::string_view piece) { json += piece; }, watch);
  CHECK(went_up(2000));
  VectorDB other = VectorDB::Open({.dimensions = 16});
  CHECK(other.ImportAll(json, watch) == 2000 && went_up(2000));
}

TEST("a call ended by its flag or its timeout leaves the database as it was") {
  const Folder folder;
  VectorDB db = VectorDB::Open({.dimensions = 8, .storage_path = folder / "db"});
  const std::vector<Entry> entries = RandomEntries(100, 8);
  db.InsertBatch(entries);
  std::string json;
  db.ExportAll([&](std::string_view piece) { json += piece; });
  const std::atomic<bool> raised = true, lowered = false;
  const ruvector::LongCall cancelled = {.cancelled = &raised};
  const ruvector::LongCall late = {.timeout = 0ns};
  const std::vector<Entry> more = {{"new", entries[0].vector, ""}};
  THROWS(kAborted, "", db.InsertBatch(more, cancelled));
  THROWS(kTimeout, "", db.InsertBatch(more, late));
  THROWS(kAborted, "", db.ImportAll(json, cancelled));
  THROWS(kAborted, "", db.Compact(cancelled));
  THROWS(kTimeout, "", db.Verify(late));
  THROWS(kAborted, "", db.Snapshot(folder / "copy", cancelled));
  THROWS(kTimeout, "", db.ExportAll([](std::string_view) {}, late));
  THROWS(kAborted, "", db.Search({.vector = entries[0].vector, .cancelled = &raised}));
  THROWS(kTimeout, "", db.Search({.vector = entries[0].vector, .timeout = -1s}));
  CHECK(db.Len() == 100 && !db.Has("new") && !std::filesystem::exists(folder / "copy"));
  CHECK(db.Search({.vector = entries[0].vector, .cancelled = &lowered, .timeout = 1h}).size() ==
        10);
  db.InsertBatch(more, {.cancelled = &lowered, .timeout = std::chrono::nanoseconds::max()});
  CHECK(db.Len() == 101);
}

TEST("what a callback throws ends the call and arrives") {
  const Folder folder;
  VectorDB db = VectorDB::Open({.dimensions = 8, .storage_path = folder / "db"});
  db.InsertBatch(RandomEntries(100, 8));
  const ruvector::LongCall throwing = {.on_progress = [](uint64_t, uint64_t) { throw 7; }};
  const auto thrown = [](const auto& call) {
    try {
      call();
    } catch (int n) {
      return n == 7;
    }
    return false;
  };
  CHECK(thrown([&] { db.Snapshot(folder / "copy", throwing); }));
  CHECK(!std::filesystem::exists(folder / "copy"));
  CHECK(thrown([&] { db.Compact(throwing); }) && thrown([&] { db.Verify(throwing); }));
  CHECK(thrown([&] { db.ExportAll([](std::string_view) { throw 7; }); }));
  CHECK(thrown([&] {
    db.ImportAll([](Entry& entry) -> bool {
      entry.vector.assign(8, 1);
      static int n = 0;
      return ++n < 5 ? true : throw 7;
    });
  }));
  CHECK(db.Len() == 100);
  db.Compact();
  CHECK(db.Verify().ok);
}

TEST("another thread cancels what is under way") {
  VectorDB db = VectorDB::Open({.dimensions = 2});
  std::atomic<bool> cancelled = false, begun = false;
  std::thread other([&] {
    while (!begun) std::this_thread::yield();
    cancelled = true;
  });
  const auto next = [&](Entry& entry) {
    begun = true;
    entry.vector = {1, 2};
    return true;  // without end
  };
  THROWS(kAborted, "", db.ImportAll(next, {.cancelled = &cancelled}));
  other.join();
  CHECK(db.IsEmpty());
}

// --- Files

TEST("compaction, verification, copies") {
  const Folder folder;
  VectorDB db = VectorDB::Open({.dimensions = 4, .storage_path = folder / "db"});
  db.InsertBatch({{"secret-id", {1, 2, 3, 4}, R"({"s":"secret-metadata"})"},
                  {"kept", {4, 3, 2, 1}, R"({"n":1})"}});
  Collection notes = db.OpenCollection("notes", {.dimensions = 1});
  notes.Insert({.id = "n", .vector = {1}});
  db.Flush();
  db.Delete("secret-id");
  db.Compact();
  for (const auto& file : std::filesystem::directory_iterator(folder / "db")) {
    CHECK(ReadFile(file.path()).find("secret") == std::string::npos);
  }
  const ruvector::Verification sound = db.Verify();
  CHECK(sound.ok && sound.damage.empty() && sound.files >= 3 && sound.bytes > 0);

  db.Snapshot(folder / "copy");
  db.Snapshot(folder / "copy.rvf");
  THROWS(kAlreadyExists, "", db.Snapshot(folder / "copy.rvf"));
  THROWS(kInvalidOption, "path is", db.Snapshot(""));
  const std::string bytes = db.ToBytes();
  VectorDB folder_copy = VectorDB::Open({.storage_path = folder / "copy"});
  VectorDB file_copy = VectorDB::Open({.storage_path = folder / "copy.rvf"});
  VectorDB memory_copy = VectorDB::FromBytes(bytes);
  THROWS(kReadOnly, "", file_copy.Insert({.vector = {1, 1, 1, 1}}));
  for (VectorDB* copy : {&folder_copy, &file_copy, &memory_copy}) {
    CHECK(copy->Len() == 1 && SameEntry(copy->Get("kept"), {"kept", {4, 3, 2, 1}, R"({"n":1})"}));
    CHECK(copy->OpenCollection("notes").Has("n"));
  }
  memory_copy.Insert({.id = "more", .vector = {1, 1, 1, 1}});
  CHECK(memory_copy.Len() == 2 && db.Len() == 1);
  THROWS(kInvalidOption, "storagePath", VectorDB::FromBytes(bytes, {.storage_path = "x"}));
  THROWS(kCorrupt, "", VectorDB::FromBytes("no database"));
}

TEST("damage is named, and what is sound is salvaged") {
  const Folder folder;
  const std::vector<Entry> entries = RandomEntries(5000, 8);
  {
    VectorDB db = VectorDB::Open({.dimensions = 8, .storage_path = folder / "db"});
    db.InsertBatch(entries);
    db.Compact();
  }
  const std::string vector(reinterpret_cast<const char*>(entries[4321].vector.data()), 8 * 4);
  std::string damaged;
  for (const auto& file : std::filesystem::directory_iterator(folder / "db")) {
    std::string bytes = ReadFile(file.path());
    const size_t at = bytes.find(vector);
    if (at == std::string::npos) continue;
    damaged = file.path().filename().string();
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    std::ofstream(file.path(), std::ios::binary) << bytes;
  }
  {
    VectorDB db = VectorDB::Open({.storage_path = folder / "db"});
    const ruvector::Verification found = db.Verify();
    CHECK(!found.ok && found.damage.size() == 1 && found.damage[0].file == damaged);
    CHECK(!found.damage[0].detail.empty());
    THROWS(kCorrupt, "damaged", db.Get("row4321"));
    CHECK(SameEntry(db.Get("row1"), entries[1]));
  }
  const ruvector::SalvageReport report = VectorDB::Salvage(folder / "db", folder / "saved");
  CHECK(report.rows > 0 && report.lost > 0 && report.rows + report.lost == 5000);
  CHECK(report.damage.size() == 1 && report.damage[0].file == damaged);
  VectorDB saved = VectorDB::Open({.storage_path = folder / "saved"});
  CHECK(saved.Len() == report.rows && saved.Verify().ok && !saved.Has("row4321"));
  CHECK(SameEntry(saved.Get("row1"), entries[1]));
  THROWS(kInvalidOption, "from is", VectorDB::Salvage("", folder / "y"));
  THROWS(kNotFound, "", VectorDB::Salvage(folder / "nothing", folder / "y"));
}

TEST("statistics") {
  const Folder folder;
  VectorDB db = VectorDB::Open({.dimensions = 4, .storage_path = folder / "db"});
  db.InsertBatch(RandomEntries(20, 4));
  db.Delete("row3");
  ruvector::DbStats stats = db.Stats();
  CHECK(stats.count == 19 && stats.deleted == 1 && stats.dimensions == 4 && stats.segments == 1);
  CHECK(stats.metric == Metric::kCosine && stats.index_type == ruvector::Index::kFlat);
  CHECK(stats.quantization == ruvector::Quantization::kNone);
  CHECK(stats.memory_usage > 0 && stats.wal_bytes > 0 && stats.disk_usage >= stats.wal_bytes);
  CHECK(stats.pending == 0 && stats.cut_bytes == 0 && stats.maintenance_error.empty());
  db.Close();
  db = VectorDB::Open({.storage_path = folder / "db"});
  CHECK(db.Stats().replayed_transactions == 2);
  CHECK(!VectorDB::Backend().empty());
}

// --- Export and import

TEST("an export is the text that TypeScript writes") {
  VectorDB db = VectorDB::Open({.dimensions = 2, .distance_metric = Metric::kDot});
  db.InsertBatch({{"a\"b", {0.9F, 1}, R"({"t":"é"})"}, {"c", {-3, 0.25F}, ""}});
  std::string json;
  db.ExportAll([&](std::string_view piece) { json += piece; });
  CHECK(json ==
        R"({"format":"ruvector-export","version":1,"options":{"dimensions":2,)"
        R"("distanceMetric":"dot"},"entries":[{"id":"a\"b","vector":[)"
        R"(0.8999999761581421,1.0],"metadata":{"t":"é"}},{"id":"c","vector":[-3.0,0.25]}]})");
}

TEST("an export that TypeScript wrote is read, in any order of its members") {
  VectorDB db = VectorDB::Open({.dimensions = 2});
  CHECK(db.ImportAll(R"({"entries": [
      {"vector": [0.8999999761581421, 1], "id": "a", "metadata": {"x": {"y": ["]", "\"}"]}}},
      {"id": 7, "vector": [1e-3, -2]}, {"vector": [1, 1], "metadata": null}],
    "format": "ruvector-export", "version": 1,
    "options": {"dimensions": 2, "distanceMetric": "cosine"}, "later": [{}]}
  )") == 3);
  CHECK(SameEntry(db.Get("a"), {"a", {0.9F, 1}, R"({"x":{"y":["]","\"}"]}})"}));
  CHECK(SameEntry(db.Get("7"), {"7", {1e-3F, -2}, ""}) && db.Len() == 3);
  CHECK(db.ImportAll(R"({"format":"ruvector-export","version":1,"entries":[]})") == 0);
}

TEST("export and import keep every bit, and metadata as deep as it may be") {
  const size_t deep = 127;
  std::vector<Entry> entries = RandomEntries(2500, 24);
  entries[5].metadata = R"({"x":)" + std::string(deep, '[') + std::string(deep, ']') + "}";
  entries[6].vector[0] = std::numeric_limits<float>::denorm_min();
  entries[7].vector[0] = 1e18F / 10;
  VectorDB db = VectorDB::Open({.dimensions = 24}), copy = VectorDB::Open({.dimensions = 24});
  db.InsertBatch(entries);
  std::string json;
  db.ExportAll([&](std::string_view piece) { json += piece; });
  CHECK(copy.ImportAll(json) == 2500);
  for (const Entry& entry : entries) CHECK(SameEntry(copy.Get(entry.id), entry));
}

TEST("entries can come one by one") {
  VectorDB db = VectorDB::Open({.dimensions = 4});
  const std::vector<Entry> entries = RandomEntries(2345, 4);
  size_t next = 0;
  CHECK(db.ImportAll([&](Entry& entry) {
    CHECK(entry.id.empty() && entry.vector.empty() && entry.metadata.empty());
    if (next == entries.size()) return false;
    entry = entries[next++];
    return true;
  }) == 2345);
  CHECK(db.Len() == 2345 && SameEntry(db.Get("row2344"), entries[2344]));
}

TEST("an import that is wrong anywhere leaves nothing") {
  VectorDB db = VectorDB::Open({.dimensions = 2});
  const std::string head = R"({"format":"ruvector-export","version":1,"entries":[)";
  const std::string good = R"({"id":"a","vector":[1,2]})";
  const auto entries = [&](const std::string& rest) { return head + good + rest + "]}"; };
  THROWS(kDimensionMismatch, "entry 1: ", db.ImportAll(entries(R"(,{"id":"b","vector":[1]})")));
  THROWS(kInvalidVector, "entry 1: ", db.ImportAll(entries(R"(,{"vector":[1,"2"]})")));
  THROWS(kInvalidVector, "1e300", db.ImportAll(entries(R"(,{"vector":[1,1e300]})")));
  THROWS(kInvalidVector, "expected an array", db.ImportAll(entries(R"(,{"vector":null})")));
  THROWS(kDimensionMismatch, "0 values", db.ImportAll(entries(R"(,{"id":"b"})")));
  THROWS(kInvalidOption, "id is empty", db.ImportAll(entries(R"(,{"id":"","vector":[1,2]})")));
  THROWS(kInvalidOption, "unknown key \"vec\"", db.ImportAll(entries(R"(,{"vec":[1,2]})")));
  THROWS(kInvalidOption, "metadata is", db.ImportAll(entries(R"(,{"vector":[1,2],"metadata":3})")));
  THROWS(kInvalidOption, "entry 1: metadata",
         db.ImportAll(entries(R"(,{"vector":[1,2],"metadata":{"a":}})")));
  THROWS(kInvalidOption, "export: expected \"{\"", db.ImportAll(entries(",3")));
  THROWS(kInvalidOption, "export: expected \"]\"", db.ImportAll(head + good + "}"));
  THROWS(kInvalidOption, "export: expected", db.ImportAll(head + good));
  THROWS(kInvalidOption, "the end of a string", db.ImportAll(head + R"({"id":"a\")"));
  THROWS(kInvalidOption, "expected the end", db.ImportAll(head + good + "]} x"));
  THROWS(kInvalidOption, "expected a value", db.ImportAll(R"({"format":})"));
  THROWS(kInvalidOption, "export: expected \"{\"", db.ImportAll("[]"));
  THROWS(kInvalidOption, "format is \"x\"", db.ImportAll(R"({"format":"x"})"));
  THROWS(kInvalidOption, "version is 2", db.ImportAll(R"({"version":2})"));
  THROWS(kInvalidOption, "format is missing", db.ImportAll(R"({"entries":[]})"));
  THROWS(kInvalidOption, "version is missing", db.ImportAll(R"({"format":"ruvector-export"})"));
  THROWS(kDimensionMismatch, "3 dimensions", db.ImportAll(R"({"options":{"dimensions":3}})"));
  THROWS(kInvalidOption, "metric \"dot\"", db.ImportAll(R"({"options":{"distanceMetric":"dot"}})"));
  CHECK(db.IsEmpty());
}

// --- Mistakes

TEST("wrong vectors, ids, metadata") {
  VectorDB db = VectorDB::Open({.dimensions = 2});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  THROWS(kDimensionMismatch, "vector has 3 values", db.Insert({.vector = {1, 2, 3}}));
  THROWS(kDimensionMismatch, "vector has 0 values", db.Insert({.id = "a"}));
  THROWS(kInvalidVector, "NaN at index 1", db.Insert({.vector = {1, nan}}));
  THROWS(kInvalidVector, "-Infinity at index 0", db.Insert({.vector = {-infinity, 1}}));
  THROWS(kInvalidVector, "at most 1e18", db.Insert({.vector = {3e38F, 0}}));
  THROWS(kZeroVector, "length 0", db.Insert({.vector = {0, 0}}));
  THROWS(kInvalidOption, "65536 bytes",
         db.Insert({.id = std::string(65536, 'x'), .vector = {1, 2}}));
  THROWS(kInvalidOption, "id: ", db.Insert({.id = "a\xff", .vector = {1, 2}}));
  THROWS(kInvalidOption, "metadata: ", db.Insert({.vector = {1, 2}, .metadata = "{"}));
  THROWS(kInvalidOption, "metadata is an array", db.Insert({.vector = {1, 2}, .metadata = "[]"}));
  THROWS(
      kInvalidOption, "metadata has",
      db.Insert({.vector = {1, 2}, .metadata = "{\"a\":\"" + std::string(1 << 20, 'x') + "\"}"}));
  THROWS(kInvalidOption, "metadata: ", db.UpdateMetadata("a", "nope"));
  THROWS(kZeroVector, "", db.Update("a", std::vector<float>{0, 0}));
  THROWS(kInvalidOption, "id is empty", db.Delete(""));
  THROWS(kInvalidOption, "ids[1]: id is empty", db.DeleteBatch({"a", ""}));
  CHECK(db.IsEmpty());
}

TEST("wrong queries") {
  VectorDB db = Pets();
  const std::vector<float> v = {1, 0, 0};
  THROWS(kInvalidK, "k is 0", db.Search(v, 0));
  THROWS(kInvalidK, "k is 65537", db.Search({.vector = v, .k = 65537}));
  THROWS(kInvalidOption, "efSearch is 0", db.Search({.vector = v, .ef_search = 0}));
  THROWS(kInvalidFilter, "$gr", db.Search({.vector = v, .filter = R"({"a":{"$gr":1}})"}));
  THROWS(kInvalidFilter, "filter: ", db.Search({.vector = v, .filter = "{"}));
  THROWS(kInvalidFilter, "", db.Count("3"));
  THROWS(kInvalidFilter, "", db.DeleteWhere("{\"a\":"));
  THROWS(kDimensionMismatch, "", db.Search(std::vector<float>{1}));
  THROWS(kZeroVector, "", db.Search(std::vector<float>{0, 0, 0}));
  THROWS(kDimensionMismatch, "vector has 0 values", db.Search({.k = 3}));
  THROWS(kNotFound, "\"nobody\"", db.Search({.like = "nobody"}));
  THROWS(kInvalidOption, "vector and like", db.Search({.vector = v, .like = "cat"}));
  THROWS(kInvalidK, "query 1: k is 0", db.SearchBatch({{.vector = v}, {.vector = v, .k = 0}}));
  THROWS(kInvalidOption, "limit is 0", db.Page({.limit = 0}));
  THROWS(kInvalidOption, "cursor is \"x\"", db.Page({.cursor = "x"}));
}

TEST("wrong options") {
  THROWS(kInvalidOption, "distanceMetric is 9",
         VectorDB::Open({.dimensions = 2, .distance_metric = static_cast<Metric>(9)}));
  THROWS(kInvalidOption, "index is 7",
         VectorDB::Open({.dimensions = 2, .index = static_cast<ruvector::Index>(7)}));
  THROWS(kInvalidOption, "durability is 9",
         VectorDB::Open({.dimensions = 2, .durability = static_cast<ruvector::Durability>(9)}));
  THROWS(kInvalidOption, "dimensions is missing", VectorDB::Open({}));
  THROWS(kInvalidOption, "dimensions is 0", VectorDB::Open({.dimensions = 0}));
  THROWS(kInvalidOption, "dimensions is 65537", VectorDB::Open({.dimensions = 65537}));
  THROWS(kInvalidOption, "hnswConfig.m is 1",
         VectorDB::Open({.dimensions = 1, .hnsw_config = {.m = 1}}));
  THROWS(kInvalidOption, "hnswConfig.efConstruction is 0",
         VectorDB::Open({.dimensions = 1, .hnsw_config = {.ef_construction = 0}}));
  THROWS(kInvalidOption, "hnswConfig.efSearch is 70000",
         VectorDB::Open({.dimensions = 1, .hnsw_config = {.ef_search = 70000}}));
  THROWS(kInvalidOption, "threads is 257", VectorDB::Open({.dimensions = 1, .threads = 257}));
  THROWS(kInvalidOption, "seed is", VectorDB::Open({.dimensions = 1, .seed = UINT64_MAX}));
  THROWS(kInvalidOption, "readOnly", VectorDB::Open({.dimensions = 1, .read_only = true}));
  THROWS(kInvalidOption, "without NUL",
         VectorDB::Open({.dimensions = 1, .storage_path = std::string("a\0b", 3)}));
  VectorDB db = VectorDB::Open({.dimensions = 1, .storage_path = ":memory:"});
  THROWS(kInvalidOption, "0 bytes", db.OpenCollection("", {.dimensions = 1}));
  THROWS(kInvalidOption, "256 bytes", db.OpenCollection(std::string(256, 'x'), {.dimensions = 1}));
  THROWS(kInvalidOption, "", db.OpenCollection("\xc3", {.dimensions = 1}));
  CHECK(std::string(ruvector::CodeName(ruvector::ErrorCode::kDimensionMismatch)) ==
        "DIMENSION_MISMATCH");
}

TEST("memory is limited where it is asked for") {
  VectorDB db = VectorDB::Open({.dimensions = 64, .memory_budget = 1 << 20});
  THROWS(kMemoryLimit, "memoryBudget", db.InsertBatch(RandomEntries(10000, 64)));
  size_t n = 0;
  THROWS(kMemoryLimit, "memoryBudget", db.ImportAll([&](Entry& entry) {
    entry.vector.assign(64, 1);
    return ++n < 100000;
  }));
  CHECK(n < 20000 && db.IsEmpty());
  db.Insert({.vector = std::vector<float>(64, 1)});
}

TEST("vectors stay on disk where it is asked for") {
  const Folder folder;
  ruvector::DbOptions options{
      .dimensions = 8, .storage_path = folder / "db", .vectors_in_memory = false};
  std::vector<Entry> entries = RandomEntries(2000, 8);
  {
    VectorDB db = VectorDB::Open(options);
    db.InsertBatch(entries);
    db.Compact();
    CHECK(!db.Stats().vectors_in_memory && db.Stats().quantization == Quantization::kScalar8);
    db.Close();
  }
  std::vector<std::string> found[2];
  for (const bool in_memory : {false, true}) {
    VectorDB db = VectorDB::Open(
        {.storage_path = folder / "db", .read_only = true, .vectors_in_memory = in_memory});
    for (size_t i = 0; i < 20; ++i) {
      const auto hits = db.Search({.vector = entries[i].vector, .include_vectors = true});
      CHECK(hits.size() == 10 && hits[0].id == entries[i].id);
      CHECK(hits[0].vector == entries[i].vector);
      for (const auto& hit : hits) found[in_memory].push_back(hit.id);
    }
  }
  CHECK(found[0] == found[1]);
  THROWS(kInvalidOption, "a database in memory",
         VectorDB::Open({.dimensions = 8, .vectors_in_memory = false}));
  THROWS(kInvalidOption, "a database in memory",
         VectorDB::FromBytes("", {.vectors_in_memory = false}));
  options.storage_path = folder / "flat";
  options.index = ruvector::Index::kFlat;
  THROWS(kInvalidOption, "index \"flat\"", VectorDB::Open(options));
  options.index.reset();
  options.quantization = Quantization::kNone;
  THROWS(kInvalidOption, "quantization \"none\"", VectorDB::Open(options));
}

// --- Threads

#if defined(__unix__)
TEST("a forked child reads, and may not write") {
  const Folder folder;
  VectorDB db = VectorDB::Open({.dimensions = 2, .storage_path = folder / "db"});
  db.Insert({"a", {1, 2}});
  const pid_t child = fork();
  if (child == 0) {
    int code = 1;
    try {
      db.Insert({"b", {1, 2}});
    } catch (const ruvector::Error& e) {
      code = e.code() == ruvector::ErrorCode::kReadOnly && db.Has("a") ? 0 : 2;
    }
    _exit(code);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  db.Insert({"c", {1, 2}});
  db.Close();
  CHECK(VectorDB::Open({.storage_path = folder / "db"}).Len() == 2);
}
#endif

TEST("any number of threads read and write one database") {
  VectorDB db = VectorDB::Open({.dimensions = 8, .index = ruvector::Index::kHnsw});
  Collection notes = db.OpenCollection("notes", {.dimensions = 1});
  std::atomic<bool> wrong = false;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 200; ++i) {
        const std::string id = std::to_string(t) + "-" + std::to_string(i);
        const std::vector<float> vector = RandomVector(random, 8);
        if (db.Insert({.id = id, .vector = vector}) != id) wrong = true;
        const std::vector<Hit> hits = db.Search({.vector = vector, .k = 1, .exact = true});
        if (hits.size() != 1 || hits[0].distance > 1e-5) wrong = true;
        if (i % 2 == 0 && !db.Delete(id)) wrong = true;
        if (i % 10 == 0) notes.Insert({.vector = {1}});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(!wrong && db.Len() == 400 && notes.Len() == 80);
}

TEST("closing waits for calls under way; later ones are refused") {
  const Folder folder;
  for (int round = 0; round < 20; ++round) {
    VectorDB db = VectorDB::Open({.dimensions = 4, .storage_path = folder / "db"});
    const Collection own = db;
    std::atomic<size_t> written = db.Len(), ready = 0;
    std::atomic<bool> wrong = false;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        Collection mine = own;
        try {
          for (++ready;;) {
            if (t == 0) {
              mine.Insert({.vector = {1, 2, 3, 4}});
              ++written;
            } else if (t == 1) {
              mine.Search(std::vector<float>{1, 2, 3, 4});
            } else {
              db.Verify();
            }
          }
        } catch (const ruvector::Error& e) {
          if (e.code() != ruvector::ErrorCode::kClosed) wrong = true;
        }
      });
    }
    while (ready < 3) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(round % 5));
    db.Close();
    for (std::thread& thread : threads) thread.join();
    CHECK(!wrong);
    CHECK(VectorDB::Open({.storage_path = folder / "db"}).Len() == written);
  }
}

int main() { return RunCases(); }
