// The yardstick: plain hnswlib 0.8.0, addPoint on `threads` threads, compiled for this very
// machine. Usage: hnswlib_build <rows.f32> <rows> <dimensions> <m> <efConstruction> <threads>
// prints seconds
#include <hnswlib/hnswlib.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const size_t rows = std::strtoul(argv[2], nullptr, 10),
               dimensions = std::strtoul(argv[3], nullptr, 10);
  const size_t m = std::strtoul(argv[4], nullptr, 10), ef = std::strtoul(argv[5], nullptr, 10);
  const size_t threads = std::strtoul(argv[6], nullptr, 10);
  std::vector<float> data(rows * dimensions);
  std::FILE* file = std::fopen(argv[1], "rb");
  if (file == nullptr || std::fread(data.data(), sizeof(float), data.size(), file) != data.size())
    return 1;
  std::fclose(file);

  const auto start = std::chrono::steady_clock::now();
  hnswlib::L2Space space(dimensions);
  hnswlib::HierarchicalNSW<float> index(&space, rows, m, ef);
  index.addPoint(data.data(), 0);
  std::atomic<size_t> next{1};
  std::vector<std::thread> workers;
  for (size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&] {
      for (size_t i = next++; i < rows; i = next++) index.addPoint(data.data() + i * dimensions, i);
    });
  }
  for (std::thread& worker : workers) worker.join();
  std::printf("%.4f\n",
              std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return 0;
}
