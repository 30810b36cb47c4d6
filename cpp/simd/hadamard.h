// The fast Hadamard transform, for the best instruction set of this CPU.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ruvector {

/// In place, x [n], n a power of two, at any alignment, not scaled: every value becomes a sum of
/// all, each with a sign. The same bits on every target.
using HadamardKernel = void (*)(float* x, size_t n) noexcept;

/// Of the best instruction set; a plain function pointer. Threads: any.
HadamardKernel BestHadamardKernel() noexcept;

/// Of every set this build carries and this CPU runs, for tests; see AllKernels.
std::vector<std::pair<std::string, HadamardKernel>> AllHadamardKernels();

}  // namespace ruvector
