// Recall against speed, ours beside hnswlib's, on the same rows and queries in one process: rounds
// of the two take turns, on one thread, and medians of rounds are told.
//   search_curve <rows.f32> <queries.f32> <dimensions> <cosine | euclidean> <folder>
//                [rounds] [auto | none | scalar8 | spherical4 | …]
// The folder keeps what is built, and the exact answers, for the next run. Prints a line of JSON
// for each list length, and the speed at fixed recalls.
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "collection/compaction.h"
#include "collection/database.h"
#include "simd/distance.h"

namespace {

constexpr size_t kHits = 10;
constexpr size_t kM = 16, kEfConstruction = 200;
constexpr size_t kLists[] = {10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128, 192, 256, 400};
constexpr double kRecalls[] = {0.90, 0.95, 0.99};

struct Matrix {
  std::vector<float> values;
  size_t rows = 0, dimensions = 0;
  const float* operator[](size_t row) const { return values.data() + row * dimensions; }
};

Matrix Read(const std::string& path, size_t dimensions) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw std::runtime_error("cannot read " + path);
  const size_t bytes = static_cast<size_t>(file.tellg());
  Matrix m{std::vector<float>(bytes / 4), bytes / 4 / dimensions, dimensions};
  file.seekg(0);
  file.read(reinterpret_cast<char*>(m.values.data()), static_cast<std::streamsize>(bytes));
  return m;
}

double Seconds(const std::function<void()>& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The distance of the kHits-th closest row of each query: a hit is right when it is not farther.
std::vector<float> ExactBounds(const Matrix& rows, const Matrix& queries, const std::string& path) {
  std::vector<float> bounds(queries.rows);
  if (std::ifstream file(path, std::ios::binary); file) {
    file.read(reinterpret_cast<char*>(bounds.data()),
              static_cast<std::streamsize>(bounds.size() * 4));
    if (file) return bounds;
  }
  const auto& kernels = ruvector::BestKernels();
  const unsigned threads = std::thread::hardware_concurrency();
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      std::vector<float> all(rows.rows);
      for (size_t q = t; q < queries.rows; q += threads) {
        for (size_t r = 0; r < rows.rows; ++r)
          all[r] = kernels.l2_squared(queries[q], rows[r], rows.dimensions);
        std::nth_element(all.begin(), all.begin() + kHits - 1, all.end());
        bounds[q] = all[kHits - 1];
      }
    });
  }
  for (auto& worker : workers) worker.join();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bounds.data()),
             static_cast<std::streamsize>(bounds.size() * 4));
  return bounds;
}

using Search = std::function<void(const float* query, size_t ef, std::vector<size_t>& hits)>;

struct Point {
  double recall = 0, seconds = 0;
};

// Queries a second at a recall, between the two nearest points of the curve, on a log scale.
double At(double recall, const std::vector<Point>& curve) {
  for (size_t i = 0; i < curve.size(); ++i) {
    if (curve[i].recall < recall) continue;
    if (i == 0) return 1 / curve[0].seconds;
    const Point &a = curve[i - 1], &b = curve[i];
    const double share = (recall - a.recall) / (b.recall - a.recall);
    return 1 / std::exp(std::log(a.seconds) * (1 - share) + std::log(b.seconds) * share);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  const size_t dimensions = std::stoul(argv[3]);
  const bool cosine = std::string(argv[4]) == "cosine";
  const std::string folder = argv[5];
  const size_t rounds = argc > 6 ? std::stoul(argv[6]) : 5;
  const Matrix rows = Read(argv[1], dimensions), queries = Read(argv[2], dimensions);
  std::filesystem::create_directories(folder);
  const size_t threads = std::thread::hardware_concurrency();

  hnswlib::L2Space space(dimensions);
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> peer;
  if (const std::string path = folder + "/hnswlib"; std::filesystem::exists(path)) {
    peer = std::make_unique<hnswlib::HierarchicalNSW<float>>(&space, path);
  } else {
    peer =
        std::make_unique<hnswlib::HierarchicalNSW<float>>(&space, rows.rows, kM, kEfConstruction);
    const double seconds = Seconds([&] {
      std::atomic<size_t> next{0};
      std::vector<std::thread> workers;
      for (size_t t = 0; t < threads; ++t) {
        workers.emplace_back([&] {
          for (size_t r = next++; r < rows.rows; r = next++) peer->addPoint(rows[r], r);
        });
      }
      for (auto& worker : workers) worker.join();
    });
    std::printf("{\"build\":\"hnswlib\",\"seconds\":%.2f}\n", seconds);
    peer->saveIndex(path);
  }

  ruvector::DatabaseOptions options;
  const std::string quantization = argc > 7 ? argv[7] : "auto";
  options.path = folder + "/ours-" + quantization;
  options.quantization = ruvector::ParseQuantization(quantization);
  options.dimensions = dimensions;
  options.metric = cosine ? ruvector::Metric::kCosine : ruvector::Metric::kEuclidean;
  options.index = ruvector::IndexKind::kHnsw;
  if (!std::filesystem::exists(options.path)) {
    const std::shared_ptr<ruvector::Database> db = ruvector::Database::Open(options);
    const double seconds = Seconds([&] {
      std::vector<std::string> ids;
      for (size_t r = 0; r < rows.rows; ++r) ids.push_back(std::to_string(r));
      constexpr size_t kBatch = 50000;
      for (size_t begin = 0; begin < rows.rows; begin += kBatch) {
        db->Write([&] {
          std::vector<ruvector::Operation> operations;
          for (size_t r = begin; r < std::min(begin + kBatch, rows.rows); ++r)
            operations.push_back({ruvector::Operation::Kind::kPut, ids[r], "", rows[r]});
          return operations;
        });
        while (db->LinkSome(db->collection(), 10000) > 0) {
        }
      }
    });
    std::printf("{\"build\":\"ruvector\",\"seconds\":%.2f}\n", seconds);
    // Where rows get the codes that are learned, or chosen, by a look at all of them.
    const double compacted = Seconds([&] {
      ruvector::Compaction compaction(db);
      while (compaction.Step()) {
      }
    });
    std::printf("{\"build\":\"compacted\",\"seconds\":%.2f}\n", compacted);
    db->Close();
  }
  options.read_only = true;
  const auto db = ruvector::Database::Open(options);
  for (const auto& [codes, n] : db->collection().Stats().coded)
    std::printf("{\"codes\":\"%s\",\"rows\":%zu}\n", ruvector::QuantizationName(codes).c_str(), n);
  const std::vector<float> bounds = ExactBounds(rows, queries, folder + "/bounds");

  std::vector<std::pair<std::string, Search>> searchers;
  searchers.emplace_back("hnswlib", [&](const float* query, size_t ef, std::vector<size_t>& hits) {
    peer->setEf(ef);
    auto found = peer->searchKnn(query, kHits);
    for (; !found.empty(); found.pop()) hits.push_back(found.top().second);
  });
  searchers.emplace_back("ruvector", [&](const float* query, size_t ef, std::vector<size_t>& hits) {
    ruvector::SearchRequest request;
    request.vector = query;
    request.k = kHits;
    request.ef_search = ef;
    request.include_metadata = false;
    for (const ruvector::Hit& hit : db->collection().Search(request))
      hits.push_back(std::stoul(hit.id));
  });

  const auto& kernels = ruvector::BestKernels();
  std::vector<std::vector<Point>> curves(searchers.size());
  for (const size_t ef : kLists) {
    std::vector<std::vector<double>> times(searchers.size());
    std::vector<double> recalls(searchers.size());
    for (size_t round = 0; round <= rounds; ++round) {
      for (size_t s = 0; s < searchers.size(); ++s) {
        std::vector<std::vector<size_t>> hits(queries.rows);
        const double seconds = Seconds([&] {
          for (size_t q = 0; q < queries.rows; ++q) searchers[s].second(queries[q], ef, hits[q]);
        });
        if (round > 0) {
          times[s].push_back(seconds / static_cast<double>(queries.rows));
          continue;
        }
        size_t right = 0;  // the first round warms up
        for (size_t q = 0; q < queries.rows; ++q) {
          for (const size_t hit : hits[q])
            right += kernels.l2_squared(queries[q], rows[hit], dimensions) <= bounds[q] * 1.000001f;
        }
        recalls[s] = static_cast<double>(right) / static_cast<double>(kHits * queries.rows);
      }
    }
    for (size_t s = 0; s < searchers.size(); ++s) {
      curves[s].push_back({recalls[s], Median(times[s])});
      std::printf("{\"searcher\":\"%s\",\"ef\":%zu,\"recall\":%.4f,\"us\":%.1f}\n",
                  searchers[s].first.c_str(), ef, recalls[s], Median(times[s]) * 1e6);
    }
    std::fflush(stdout);
  }
  for (const double recall : kRecalls) {
    const double theirs = At(recall, curves[0]), ours = At(recall, curves[1]);
    std::printf("{\"recall\":%.2f,\"hnswlib\":%.0f,\"ruvector\":%.0f,\"ratio\":%.2f}\n", recall,
                theirs, ours, ours / theirs);
  }
  return 0;
}
