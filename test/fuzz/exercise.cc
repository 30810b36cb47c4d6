#include "exercise.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"

namespace ruvector::fuzz {
namespace {

constexpr size_t kMostRows = 2000;

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "WRONG: %s\n", what);
  std::abort();
}

using Content = std::map<std::string, std::pair<std::vector<float>, std::string>>;

// `consistent`: no id comes twice, and each is found by itself. A hostile file need not be so.
Content ReadAll(const Collection& collection, bool* consistent = nullptr) {
  Content content;
  std::optional<uint64_t> cursor = 0;
  for (size_t pages = 0; cursor && pages < kMostRows / 100; ++pages) {
    const ScanPage page = collection.Scan(*cursor, 100, nullptr, true);
    for (const Row& row : page.rows) {
      if (consistent != nullptr && (content.count(row.id) > 0 || !collection.Has(row.id)))
        *consistent = false;
      content[row.id] = {row.vector, row.metadata};
    }
    Require(!page.cursor || *page.cursor > *cursor, "a cursor goes on");
    cursor = page.cursor;
  }
  return content;
}

void Search(const Collection& collection, const std::vector<float>& query, bool exact,
            const Filter* filter) {
  SearchRequest request;
  request.vector = query.data();
  request.k = 5;
  request.exact = exact;
  request.filter = filter;
  request.include_vectors = true;
  const std::vector<Hit> hits = collection.Search(request);
  Require(hits.size() <= 5, "at most k hits");
  std::set<std::string> ids;
  for (size_t i = 0; i < hits.size(); ++i) {
    Require(i == 0 || hits[i - 1].distance <= hits[i].distance, "hits come closest first");
    Require(hits[i].distance == hits[i].distance, "a distance is a number");
    ids.insert(hits[i].id);
  }
}

struct Counter {
  uint64_t runs = 0, accepted = 0;
  ~Counter() {
    std::fprintf(stderr, "accepted %llu of %llu\n", static_cast<unsigned long long>(accepted),
                 static_cast<unsigned long long>(runs));
  }
};
Counter counter;

}  // namespace

bool Survives(const std::function<void()>& f) {
  try {
    f();
    return true;
  } catch (const Error& e) {
    Require(e.code() != ErrorCode::kInternal, e.what());
  } catch (const std::bad_alloc&) {
  }
  return false;
}

void Read(Database& db) {
  for (const std::string& name : db.CollectionNames()) {
    const std::shared_ptr<Collection> collection = db.OpenCollection(name, {});
    const Content content = ReadAll(*collection);
    size_t looked_at = 0;
    for (const auto& [id, row] : content) {
      if (++looked_at > 20) break;
      collection->Get(id, true);
    }
    std::vector<float> query(collection->options().dimensions, 0.5f);
    const Filter filter = Filter::Parse(ParseJson("{\"n\":{\"$gte\":1}}", "filter"));
    Search(*collection, query, true, nullptr);
    Search(*collection, query, false, nullptr);
    Search(*collection, query, false, &filter);
    collection->Count(&filter);
    collection->Stats();
  }
}

void Exercise(std::unique_ptr<Database> db,
              const std::function<std::unique_ptr<Database>()>& reopen) {
  Read(*db);
  Collection& collection = db->collection();
  const std::vector<float> vector(collection.options().dimensions, 1.0f);
  bool consistent = true;
  Content before = ReadAll(collection, &consistent);
  if (before.size() >= kMostRows) return;
  std::string gone = before.empty() ? "nobody" : before.begin()->first;
  db->Write([&] {
    return std::vector<Operation>{{Operation::Kind::kPut, "new", "{\"n\":2}", vector.data()},
                                  {Operation::Kind::kDelete, gone, {}, nullptr}};
  });
  before["new"] = {vector, "{\"n\":2}"};
  before.erase(gone);
  const Content after = ReadAll(collection);
  Require(!consistent || after == before, "a write takes effect");
  db->Checkpoint();
  db->Close();
  db.reset();
  std::unique_ptr<Database> again = reopen();
  if (!again) return;
  const Content found = ReadAll(again->collection());
  Require(!consistent || found == after, "what was written is found again");
}

void Accepted(bool accepted) {
  ++counter.runs;
  counter.accepted += accepted;
}

}  // namespace ruvector::fuzz
