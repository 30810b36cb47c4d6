// What codes keep of the order of distances: all rows ranked by their codes alone, against the
// exact order, and how many of the closest by codes have to be measured again.
//   code_recall <rows.f32> <queries.f32> <dimensions> <cosine | euclidean | dot | manhattan>
//               <scalar8 | rotated4 | …> [queries]
// Prints a line of JSON: bytes a row, seconds of learning and coding, recall@10 of codes alone and
// after measuring the closest n again, and nanoseconds an estimate.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "index/metric_space.h"
#include "quant/quantization.h"
#include "storage/manifest.h"

namespace {

constexpr size_t kHits = 10;
constexpr size_t kReranks[] = {0, 20, 30, 50, 100, 200, 400, 800};

struct Matrix : ruvector::TrainingRows {
  std::vector<float> values, scalars;
  size_t count = 0, dimensions = 0;
  size_t rows() const override { return count; }
  const float* Vector(size_t row) const override { return values.data() + row * dimensions; }
  float Scalar(size_t row) const override { return scalars[row]; }
};

Matrix Read(const std::string& path, const ruvector::MetricSpace& space) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw std::runtime_error("cannot read " + path);
  Matrix m;
  const size_t bytes = static_cast<size_t>(file.tellg());
  m.dimensions = space.dimensions();
  m.count = bytes / 4 / m.dimensions;
  m.values.resize(m.count * m.dimensions);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(m.values.data()),
            static_cast<std::streamsize>(m.values.size() * 4));
  for (size_t r = 0; r < m.count; ++r) m.scalars.push_back(space.ScalarOf(m.Vector(r)));
  return m;
}

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  const auto metric = ruvector::ParseMetric(argv[4]);
  const auto quantization = ruvector::ParseQuantization(argv[5]);
  if (!metric || !quantization) return 2;
  const size_t dimensions = std::stoul(argv[3]);
  const ruvector::MetricSpace space(*metric, dimensions);
  const Matrix rows = Read(argv[1], space), queries = Read(argv[2], space);
  const size_t asked = argc > 6 ? std::min<size_t>(std::stoul(argv[6]), queries.count) : 200;
  const size_t threads = ruvector::DefaultThreads();

  const double begin = Now();
  std::unique_ptr<ruvector::Codec> codec;
  if (Learns(*quantization)) {
    const auto learner = NewLearner(*quantization, *metric, dimensions, 42, rows);
    while (learner->Step(threads)) {
    }
    codec = learner->Take();
  } else {
    codec = NewCodec(*quantization, *metric, dimensions);
  }
  if (!codec) return 2;
  const double learned = Now();
  const size_t row_bytes = codec->row_bytes();
  std::vector<uint8_t> codes(rows.count * row_bytes);
  ruvector::ParallelFor(threads, 0, rows.count, [&](size_t r) {
    codec->Encode(rows.Vector(r), rows.Scalar(r), codes.data() + r * row_bytes);
  });
  const double coded = Now();

  std::vector<float> lengths;
  if (codec->wants_lengths()) {
    for (size_t r = 0; r < rows.count; ++r)
      lengths.push_back(static_cast<float>(space.ExactNorm(rows.Vector(r))));
  }
  std::vector<const uint8_t*> all;
  for (size_t r = 0; r < rows.count; ++r) all.push_back(codes.data() + r * row_bytes);
  std::vector<float> exact(rows.count), estimates(rows.count);
  std::vector<size_t> order(rows.count);
  std::vector<double> right(std::size(kReranks), 0.0);
  double seconds = 0;
  for (size_t q = 0; q < asked; ++q) {
    const ruvector::PreparedQuery query(space, queries.Vector(q));
    for (size_t r = 0; r < rows.count; ++r)
      exact[r] = query.Distance(rows.Vector(r), rows.Scalar(r));
    const ruvector::CodedQuery& coded_query = query.For(*codec);
    const double start = Now();
    coded_query.Distances(all.data(), lengths.empty() ? nullptr : lengths.data(), rows.count,
                          estimates.data());
    seconds += Now() - start;
    std::vector<float> sorted = exact;
    std::nth_element(sorted.begin(), sorted.begin() + kHits - 1, sorted.end());
    const float bound = sorted[kHits - 1];
    for (size_t r = 0; r < rows.count; ++r) order[r] = r;
    const size_t most = std::min(rows.count, kReranks[std::size(kReranks) - 1]);
    std::partial_sort(order.begin(), order.begin() + static_cast<long>(most), order.end(),
                      [&](size_t a, size_t b) { return estimates[a] < estimates[b]; });
    for (size_t i = 0; i < std::size(kReranks); ++i) {
      const size_t looked_at = std::min(most, std::max(kReranks[i], kHits));
      const auto is_hit = [&](size_t r) { return exact[r] <= bound; };
      const auto hits =
          std::count_if(order.begin(), order.begin() + static_cast<long>(looked_at), is_hit);
      right[i] += static_cast<double>(std::min<long>(hits, kHits));
    }
  }
  std::printf("{\"codes\":\"%s\",\"bytes\":%zu,\"learning\":%.2f,\"coding\":%.2f,\"ns\":%.1f",
              argv[5], row_bytes, learned - begin, coded - learned,
              seconds * 1e9 / static_cast<double>(asked * rows.count));
  for (size_t i = 0; i < std::size(kReranks); ++i)
    std::printf(",\"%zu\":%.4f", kReranks[i], right[i] / static_cast<double>(asked * kHits));
  std::printf("}\n");
  return 0;
}
