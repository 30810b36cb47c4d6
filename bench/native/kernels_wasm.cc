// Times the kernels under WebAssembly, where there is no Google Benchmark: rounds of all of them in
// turn. Prints a line kernel/target/dimensions and its median, in nanoseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "kernel_cases.h"

int main() {
  using Clock = std::chrono::steady_clock;
  constexpr size_t kRounds = 15;
  constexpr std::chrono::microseconds kSlice{1000};
  const auto cases = ruvector::bench::AllKernelCases();
  std::vector<std::vector<double>> times(cases.size());
  double sink = 0;
  for (size_t round = 0; round <= kRounds; ++round) {
    for (size_t c = 0; c < cases.size(); ++c) {
      size_t runs = 0;
      const auto start = Clock::now();
      auto now = start;
      for (; now - start < kSlice; ++runs, now = Clock::now()) sink += cases[c].run();
      const std::chrono::duration<double, std::nano> spent = now - start;
      if (round > 0) times[c].push_back(spent.count() / static_cast<double>(runs));  // warm by then
    }
  }
  for (size_t c = 0; c < cases.size(); ++c) {
    std::sort(times[c].begin(), times[c].end());
    std::printf("%s/%s/%zu %.1f\n", cases[c].kernel.c_str(), cases[c].target.c_str(),
                cases[c].dimensions, times[c][kRounds / 2]);
  }
  std::printf("unmeasured %zu\n", ruvector::bench::kUnmeasured);
  return sink == 0.5 ? 1 : 0;
}
