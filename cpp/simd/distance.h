// Distances between two f32 vectors, for the best instruction set of this CPU.
// Native builds carry every set Highway knows for the architecture and choose at run time; a WASM
// build has one.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ruvector {

/// Each takes two vectors [n] at any alignment, n ≥ 0, and sums in f32 over several lanes: relative
/// error about 1e-6 · √n. Squares beyond 3.4e38 give infinity.
struct DistanceKernels {
  float (*l2_squared)(const float* a, const float* b, size_t n) noexcept;  ///< Σ(a - b)²
  float (*dot)(const float* a, const float* b, size_t n) noexcept;         ///< Σ a·b
  float (*l1)(const float* a, const float* b, size_t n) noexcept;          ///< Σ|a - b|
};

/// The kernels of the best instruction set; plain function pointers, so a call costs no second
/// dispatch. Threads: any.
const DistanceKernels& BestKernels() noexcept;

/// Its name: "AVX3_ZEN4", "AVX2", "NEON", "WASM", "SCALAR" …
const char* KernelTarget() noexcept;

/// Every set this build carries and this CPU runs, for tests: narrows Highway's choice meanwhile,
/// so no other thread may be choosing kernels.
std::vector<std::pair<std::string, DistanceKernels>> AllKernels();

}  // namespace ruvector
