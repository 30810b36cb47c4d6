// What searches by codes find, and how fast, against a walk by the vectors over the very same
// graph.
//   code_search <rows.f32> <queries.f32> <dimensions> <cosine | euclidean | dot> <folder>
//               <k> <efSearch> <codes[:rerank]>…
// The folder keeps the rows and their graph for the next run. Rounds of all codes take turns.
// Prints a line of JSON for each: recall@k, its share of the recall by vectors, median time of a
// search, and the time's share.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "collection/compaction.h"
#include "core/parallel.h"

namespace {

constexpr size_t kRounds = 5;

std::vector<float> Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<float> values(static_cast<size_t>(file.tellg()) / 4);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(values.size() * 4));
  return values;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

ruvector::SearchRequest RequestOf(const float* query, size_t k, size_t ef) {
  ruvector::SearchRequest request;
  request.vector = query;
  request.k = k;
  request.ef_search = ef;
  request.include_metadata = false;
  return request;
}

struct Side {
  std::string name;
  std::shared_ptr<ruvector::Database> db;
  std::vector<double> times;
  double recall = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 8) return 2;
  const size_t dimensions = std::stoul(argv[3]), k = std::stoul(argv[6]), ef = std::stoul(argv[7]);
  const std::vector<float> rows = Read(argv[1]), queries = Read(argv[2]);
  const size_t asked = queries.size() / dimensions;
  const std::string folder = argv[5];
  std::filesystem::create_directories(folder);

  ruvector::DatabaseOptions options;
  options.dimensions = dimensions;
  options.metric = ruvector::ParseMetric(argv[4]);
  options.index = ruvector::IndexKind::kHnsw;
  options.quantization = ruvector::Quantization::kNone;
  options.path = folder + "/none";
  if (!std::filesystem::exists(options.path)) {
    const auto db = ruvector::Database::Open(options);
    std::vector<std::string> ids;
    for (size_t r = 0; r < rows.size() / dimensions; ++r) ids.push_back(std::to_string(r));
    db->Write([&] {
      std::vector<ruvector::Operation> operations;
      for (size_t r = 0; r < ids.size(); ++r) {
        operations.push_back(
            {ruvector::Operation::Kind::kPut, ids[r], "", rows.data() + r * dimensions});
      }
      return operations;
    });
    while (db->LinkSome(db->collection(), 10000) > 0) {
    }
    db->Close();
  }

  std::vector<Side> sides{{"none", nullptr, {}, 0}};
  for (int i = 8; i < argc; ++i) sides.push_back({argv[i], nullptr, {}, 0});
  for (Side& side : sides) {
    const size_t colon = side.name.find(':');
    const std::string codes = side.name.substr(0, colon);
    options.quantization = ruvector::ParseQuantization(codes);
    if (!options.quantization) return 2;
    options.rerank.reset();
    if (colon != std::string::npos) options.rerank = std::stoul(side.name.substr(colon + 1));
    options.path = folder + "/" + codes;
    if (!std::filesystem::exists(options.path)) {
      std::filesystem::copy(folder + "/none", options.path);
      const std::shared_ptr<ruvector::Database> db = ruvector::Database::Open(options);
      ruvector::Compaction compaction(db);
      while (compaction.Step()) {
      }
      db->Close();
    }
    {
      // The stored rerank of the last run is not this one's.
      const auto db = ruvector::Database::Open(options);
      db->Close();
    }
    ruvector::DatabaseOptions reading = options;
    reading.read_only = true;
    side.db = ruvector::Database::Open(reading);
  }

  std::vector<std::vector<std::string>> truth(asked);
  ruvector::ParallelFor(ruvector::DefaultThreads(), 0, asked, [&](size_t q) {
    ruvector::SearchRequest request = RequestOf(queries.data() + q * dimensions, k, ef);
    request.exact = true;
    for (const ruvector::Hit& hit : sides[0].db->collection().Search(request))
      truth[q].push_back(hit.id);
  });
  for (size_t round = 0; round <= kRounds; ++round) {
    for (Side& side : sides) {
      std::vector<std::vector<ruvector::Hit>> hits(asked);
      const auto start = std::chrono::steady_clock::now();
      for (size_t q = 0; q < asked; ++q)
        hits[q] = side.db->collection().Search(RequestOf(queries.data() + q * dimensions, k, ef));
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      if (round > 0) {
        side.times.push_back(seconds.count() / static_cast<double>(asked));
        continue;
      }
      size_t right = 0;  // the first round warms up
      for (size_t q = 0; q < asked; ++q) {
        for (const ruvector::Hit& hit : hits[q])
          right += static_cast<size_t>(std::count(truth[q].begin(), truth[q].end(), hit.id));
      }
      side.recall = static_cast<double>(right) / static_cast<double>(asked * k);
    }
  }
  for (const Side& side : sides) {
    std::printf("{\"codes\":\"%s\",\"recall\":%.4f,\"share\":%.4f,\"us\":%.1f,\"time\":%.2f}\n",
                side.name.c_str(), side.recall, side.recall / sides[0].recall,
                Median(side.times) * 1e6, Median(side.times) / Median(sides[0].times));
  }
  return 0;
}
