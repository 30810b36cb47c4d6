// Centroids of short vectors, in steps. Source: k-means++ seeding, Arthur & Vassilvitskii 2007,
// "k-means++: The Advantages of Careful Seeding"; rounds: Lloyd 1982.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/random.h"
#include "simd/centroids.h"

namespace ruvector {

/// A codebook as CentroidKernels take it, padded with copies of the first centroid, which are never
/// closer than that.
struct Codebook {
  size_t width = 0;
  size_t count = 0;           // padded
  std::vector<float> values;  // [width × count]

  size_t Closest(const float* x, float* distance) const noexcept {
    return BestCentroidKernels().closest(x, values.data(), width, count, distance);
  }
};

/// Not for concurrent use; several of them may be at work at once. The same points, seed and
/// instruction set give the same centroids.
class KMeans {
 public:
  /// points [n × width], n ≥ k ≥ 1.
  KMeans(std::vector<float> points, size_t width, size_t k, uint64_t seed);

  /// Some of the seeds, or a round; false when it is done.
  bool Step();
  Codebook& codebook() { return codebook_; }

 private:
  void Seed();
  bool Round();
  void Put(size_t centroid, const double* values);

  std::vector<float> points_;
  size_t n_, padded_, k_;
  std::vector<float> columns_;  // [width × padded_], for the seeds
  Rng rng_;
  Codebook codebook_;
  std::vector<float> distances_;  // [padded_]
  std::vector<float> nearest_;    // [n]: of each point to its centroid, squared
  size_t seeded_ = 0;
  int rounds_ = 0;
  bool done_ = false;
  double error_ = 0;  // of the round before
};

}  // namespace ruvector
