#include "exercise.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>
#include <set>

#include "core/json.h"

namespace ruvector::fuzz {
namespace {

Rows ReadRows(const Collection& collection, bool& consistent) {
  Rows rows;
  std::optional<uint64_t> cursor = 0;
  while (cursor) {
    const ScanPage page = collection.Scan(*cursor, 100, nullptr, true);
    for (const Row& row : page.rows) {
      if (!rows.emplace(row.id, Stored{row.vector, row.metadata}).second) consistent = false;
    }
    Require(!page.cursor || *page.cursor > *cursor, "a cursor goes on");
    cursor = page.cursor;
  }
  for (const auto& [id, row] : rows) {
    const std::optional<Row> found = collection.Get(id, true);
    Require(found.has_value() == collection.Has(id), "who is there can be read");
    if (!found || Stored{found->vector, found->metadata} != row) consistent = false;
  }
  return rows;
}

void Search(const Collection& collection, const std::vector<float>& query, size_t k, bool exact,
            const Filter* filter, bool consistent) {
  SearchRequest request;
  request.vector = query.data();
  request.k = k;
  request.ef_search = k;  // short, so that small graphs are walked and not scanned
  request.exact = exact;
  request.filter = filter;
  request.include_vectors = true;
  const size_t matches = collection.Count(filter);
  const std::vector<Hit> hits = collection.Search(request);
  Require(hits.size() == std::min(k, matches), "as many hits as there are, up to k");
  std::set<std::string> ids;
  for (size_t i = 0; i < hits.size(); ++i) {
    Require(i == 0 || hits[i - 1].distance <= hits[i].distance, "hits come closest first");
    Require(hits[i].distance == hits[i].distance, "a distance is a number");
    ids.insert(hits[i].id);
  }
  Require(!consistent || ids.size() == hits.size(), "no row comes twice");
}

struct Counter {
  std::map<std::string, uint64_t> stages;
  ~Counter() {
    std::fprintf(stderr, "reached:");
    for (const auto& [stage, n] : stages)
      std::fprintf(stderr, " %s %llu", stage.c_str(), static_cast<unsigned long long>(n));
    std::fprintf(stderr, "\n");
  }
};
Counter counter;

}  // namespace

bool Stored::operator==(const Stored& other) const {
  return metadata == other.metadata && vector.size() == other.vector.size() &&
         std::memcmp(vector.data(), other.vector.data(), vector.size() * sizeof(float)) == 0;
}

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "WRONG: %s\n", what);
  std::abort();
}

bool Survives(const std::function<void()>& f, std::initializer_list<ErrorCode> codes) {
  try {
    f();
    return true;
  } catch (const Error& e) {
    for (const ErrorCode code : codes) {
      if (e.code() == code) return false;
    }
    std::fprintf(stderr, "%s: ", CodeName(e.code()));
    Require(false, e.what());
  } catch (const std::bad_alloc&) {
  }
  return false;
}

Content ReadAll(Database& db) {
  Content content;
  for (const std::string& name : db.CollectionNames())
    content.collections[name] = ReadRows(*db.OpenCollection(name, {}), content.consistent);
  return content;
}

Content Read(Database& db) {
  static const Filter filters[] = {
      Filter::Parse(ParseJson("{\"n\":{\"$gte\":1}}", "filter")),
      Filter::Parse(ParseJson("{\"t\":\"a\",\"x\":{\"$exists\":false}}", "filter"))};
  Content content = ReadAll(db);
  for (const auto& [name, rows] : content.collections) {
    const std::shared_ptr<Collection> collection = db.OpenCollection(name, {});
    Require(!content.consistent || collection->Count(nullptr) == rows.size(), "rows are counted");
    std::vector<float> query(collection->options().dimensions, 0.5f);
    query[0] = 1;
    for (const size_t k : {size_t{1}, size_t{5}}) {
      Search(*collection, query, k, true, nullptr, content.consistent);
      Search(*collection, query, k, false, nullptr, content.consistent);
      // A log may hold metadata that is no JSON: a filter is refused then, and nothing else.
      Survives([&] {
        for (const Filter& f : filters) {
          Require(collection->MatchingIds(f).size() == collection->Count(&f),
                  "matches are counted");
          Search(*collection, query, k, false, &f, content.consistent);
        }
      });
    }
    collection->Stats();
  }
  return content;
}

void Exercise(std::unique_ptr<Database> db,
              const std::function<std::unique_ptr<Database>()>& reopen) {
  Content before = Read(*db);
  std::map<std::string, std::vector<float>> vectors;
  std::map<std::string, std::string> gone;
  const auto write = [&] {
    std::vector<Operation> operations;
    for (auto& [name, rows] : before.collections) {
      Collection& collection = *db->OpenCollection(name, {});
      std::vector<float>& vector = vectors[name];
      vector.assign(collection.options().dimensions, 1.0f);
      gone[name] = rows.empty() ? "nobody" : rows.begin()->first;
      operations.push_back({Operation::Kind::kDelete, gone[name], {}, nullptr, &collection});
      operations.push_back({Operation::Kind::kPut, "new", "{\"n\":2}", vector.data(), &collection});
      operations.push_back(
          {Operation::Kind::kSetMetadata, "new", "{\"n\":3}", nullptr, &collection});
    }
    return operations;
  };
  // What may be refused for damage that reading did not see: it must change nothing then.
  if (!Survives([&] { db->Write(write); })) {
    const Content after = ReadAll(*db);
    Require(!before.consistent || after.collections == before.collections,
            "a write that is refused changes nothing");
    return;
  }
  for (auto& [name, rows] : before.collections) {
    rows.erase(gone[name]);
    rows["new"] = {vectors[name], "{\"n\":3}"};
  }
  const auto as_expected = [&](Database& now, const char* what) {
    if (!before.consistent) {
      ReadAll(now);
      return;
    }
    Content found;
    Require(Survives([&] { found = ReadAll(now); }), "what was written can be read");
    Require(found.consistent && found.collections == before.collections, what);
  };
  as_expected(*db, "a write takes effect");
  Survives([&] { db->Checkpoint(); });
  as_expected(*db, "a checkpoint changes nothing");
  db->Close();
  db.reset();
  std::unique_ptr<Database> again;
  const bool opened = Survives([&] { again = reopen(); });
  Require(opened || !before.consistent, "what was closed opens again");
  if (again) as_expected(*again, "what was written is found again");
}

void Reached(const char* stage) { ++counter.stages[stage]; }

DatabaseOptions Options() {
  DatabaseOptions options;
  options.background = false;
  options.threads = 1;
  return options;
}

}  // namespace ruvector::fuzz
