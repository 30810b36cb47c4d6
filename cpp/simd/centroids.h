// Distances of a short vector to all centroids of a codebook at once, for the best instruction set
// of this CPU.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ruvector {

/// Centroids of a codebook are padded to a multiple of this many.
inline constexpr size_t kCentroidPadding = 16;

/// Each takes a vector x [width] and a codebook [width × count], value i of centroid c at i · count
/// + c, count a multiple of kCentroidPadding, at any alignment, and writes `count` distances.
struct CentroidKernels {
  void (*l2_squared)(const float* x, const float* codebook, size_t width, size_t count,
                     float* distances) noexcept;
  void (*dot)(const float* x, const float* codebook, size_t width, size_t count,
              float* products) noexcept;
  void (*l1)(const float* x, const float* codebook, size_t width, size_t count,
             float* distances) noexcept;
  /// The centroid with the least squared distance, the first of equals; count ≤ 65,536.
  size_t (*closest)(const float* x, const float* codebook, size_t width, size_t count,
                    float* distance) noexcept;
};

/// Of the best instruction set; plain function pointers. Threads: any.
const CentroidKernels& BestCentroidKernels() noexcept;

/// Of every set this build carries and this CPU runs, for tests; see AllKernels.
std::vector<std::pair<std::string, CentroidKernels>> AllCentroidKernels();

}  // namespace ruvector
