// One fixed piece of work, for callgrind to count (bench/check/run.mjs): only what Measured() does
// is counted. Usage: instructions <link | search | filter | open | target>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "collection/database.h"
#include "core/json.h"
#include "dataset.h"
#include "query/filter.h"
#include "simd/distance.h"

namespace {

constexpr size_t kRows = 1000, kQueries = 100, kDimensions = 128;

std::vector<float> Rows(uint64_t stream, size_t count) {
  const auto generator = ruvector::bench::NewGenerator("sift-hard", kDimensions);
  std::vector<float> rows(count * kDimensions);
  for (size_t r = 0; r < count; ++r) generator->Row(stream, r, &rows[r * kDimensions]);
  return rows;
}

}  // namespace

size_t g_measured = 0;

extern "C" [[gnu::noinline]] void Measured(const std::function<void()>& work) {
  work();
  g_measured = 1;  // so that the call above is no jump, which would end the counting
}

int main(int argc, char** argv) {
  const std::string part = argc > 1 ? argv[1] : "";
  if (part == "target") {
    std::printf("%s\n", ruvector::KernelTarget());
    return 0;
  }
  const auto rows = Rows(0, kRows), queries = Rows(1, kQueries);
  ruvector::DatabaseOptions options;
  options.dimensions = kDimensions;
  options.metric = ruvector::Metric::kEuclidean;
  options.index = ruvector::IndexKind::kHnsw;
  options.threads = 1;
  if (argc > 2) options.path = argv[2];
  const auto open = [&] { return ruvector::Database::Open(options); };
  auto db = open();
  std::vector<std::string> ids, metadata;  // an Operation only points at its texts
  for (size_t r = 0; r < kRows; ++r) {
    ids.push_back("row" + std::to_string(r));
    metadata.push_back(R"({"bucket":)" + std::to_string(r % 100) + "}");
  }
  const auto insert = [&] {
    db->Write([&] {
      std::vector<ruvector::Operation> operations;
      for (size_t r = 0; r < kRows; ++r)
        operations.push_back(
            {ruvector::Operation::Kind::kPut, ids[r], metadata[r], &rows[r * kDimensions]});
      return operations;
    });
    while (db->LinkSome(db->collection(), kRows) > 0) {
    }
  };
  size_t found = 0;
  const auto search = [&](const ruvector::Filter* filter) {
    for (size_t q = 0; q < kQueries; ++q) {
      ruvector::SearchRequest request;
      request.vector = &queries[q * kDimensions];
      request.filter = filter;
      request.ef_search = 40;  // so short that a graph of so few rows is walked, not scanned
      found += db->collection().Search(request).size();
    }
  };
  if (part == "link") {
    Measured(insert);
    return db->collection().Stats().count == kRows ? 0 : 1;
  }
  insert();
  if (part == "search") {
    Measured([&] { search(nullptr); });
  } else if (part == "filter") {
    const auto filter = ruvector::Filter::Parse(ruvector::ParseJson(
        R"({"bucket":{"$lt":90}})", "filter", ruvector::ErrorCode::kInvalidFilter));
    Measured([&] { search(&filter); });
  } else if (part == "open") {
    db->Checkpoint();
    db->Close();
    Measured([&] {
      db = open();
      search(nullptr);
    });
  } else {
    return 2;
  }
  return found == kQueries * 10 ? 0 : 1;
}
