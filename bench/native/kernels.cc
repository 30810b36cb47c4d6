// Times the kernels with Google Benchmark: benchmarks are named kernel/target/dimensions, an
// iteration goes through kRows · kTimes rows. bench/kernels.mjs makes ratios of them.
#include <benchmark/benchmark.h>

#include "kernel_cases.h"

int main(int argc, char** argv) {
  for (const auto& kernel_case : ruvector::bench::AllKernelCases()) {
    const std::string name = kernel_case.kernel + "/" + kernel_case.target + "/" +
                             std::to_string(kernel_case.dimensions);
    benchmark::RegisterBenchmark(name.c_str(), [run = kernel_case.run](benchmark::State& state) {
      for (auto _ : state) benchmark::DoNotOptimize(run());
    });
  }
  benchmark::AddCustomContext("unmeasured", std::to_string(ruvector::bench::kUnmeasured));
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
