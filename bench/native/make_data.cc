// Makes a set of rows and queries and what a search of it has to find.
//   make_data <text | sift-easy | sift-hard> <rows> <queries> <dimensions> <folder>
//   make_data truth <folder> <dimensions>   only the truth, of rows and queries that are there
// Writes rows.f32, queries.f32 and bounds.f32: for each query the squared distance of its 1st,
// 10th and 100th row, and of its 10th among the rows whose number modulo 100 is below 50, 10 and 1.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "dataset.h"
#include "simd/distance.h"

namespace {

constexpr size_t kBounds = 6, kQueriesAtOnce = 16;

void Write(const std::string& path, const std::vector<float>& values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * 4));
  if (!file) throw std::runtime_error("cannot write " + path);
}

std::vector<float> Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<float> values(static_cast<size_t>(file.tellg()) / 4);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(values.size() * 4));
  return values;
}

void OnThreads(size_t count, size_t step, const std::function<void(size_t, size_t)>& f) {
  const size_t threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> workers;
  for (size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      for (size_t i = t * step; i < count; i += threads * step) f(i, std::min(i + step, count));
    });
  }
  for (auto& worker : workers) worker.join();
}

std::vector<float> Generate(const ruvector::bench::Generator& generator, uint64_t stream,
                            size_t rows, size_t dimensions) {
  std::vector<float> out(rows * dimensions);
  OnThreads(rows, 1000, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) generator.Row(stream, r, &out[r * dimensions]);
  });
  return out;
}

float Nth(std::vector<float>& values, size_t n) {
  if (values.size() < n) return -1;  // fewer rows than that
  std::nth_element(values.begin(), values.begin() + static_cast<long>(n) - 1, values.end());
  return values[n - 1];
}

std::vector<float> Bounds(const std::vector<float>& rows, const std::vector<float>& queries,
                          size_t dimensions) {
  const auto& kernels = ruvector::BestKernels();
  const size_t count = rows.size() / dimensions;
  std::vector<float> bounds(queries.size() / dimensions * kBounds);
  OnThreads(queries.size() / dimensions, kQueriesAtOnce, [&](size_t begin, size_t end) {
    std::vector<std::vector<float>> all(end - begin, std::vector<float>(count));
    for (size_t r = 0; r < count; ++r) {
      for (size_t q = begin; q < end; ++q)
        all[q - begin][r] =
            kernels.l2_squared(&queries[q * dimensions], &rows[r * dimensions], dimensions);
    }
    for (size_t q = begin; q < end; ++q) {
      float* out = &bounds[q * kBounds + 3];
      for (const size_t percent : {50, 10, 1}) {
        std::vector<float> some;
        for (size_t r = 0; r < count; ++r) {
          if (r % 100 < percent) some.push_back(all[q - begin][r]);
        }
        *out++ = Nth(some, 10);
      }
      out = &bounds[q * kBounds];
      for (const size_t n : {1, 10, 100}) *out++ = Nth(all[q - begin], n);
    }
  });
  return bounds;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc == 4 && std::string(argv[1]) == "truth") {
    const std::string folder = argv[2];
    Write(folder + "/bounds.f32",
          Bounds(Read(folder + "/rows.f32"), Read(folder + "/queries.f32"), std::stoul(argv[3])));
    return 0;
  }
  if (argc != 6) return 2;
  const size_t dimensions = std::stoul(argv[4]);
  const std::string folder = argv[5];
  const auto generator = ruvector::bench::NewGenerator(argv[1], dimensions);
  const auto rows = Generate(*generator, 0, std::stoul(argv[2]), dimensions);
  const auto queries = Generate(*generator, 1, std::stoul(argv[3]), dimensions);
  Write(folder + "/rows.f32", rows);
  Write(folder + "/queries.f32", queries);
  Write(folder + "/bounds.f32", Bounds(rows, queries, dimensions));
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
