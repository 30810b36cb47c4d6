// How far apart two rows are. A row is a vector and one scalar kept beside it, so that no distance
// needs a square root:
//   cosine     scalar 1 / |v|             distance 1 - <a, b> · sa · sb
//   euclidean  scalar 0                   distance |a - b|² inside the index, its root outside
//   dot        scalar √(max² - |v|²)      distance -<a, b>; building adds - sa · sb (see below)
//   manhattan  scalar 0                   distance Σ|a - b|
#pragma once

#include <cmath>
#include <cstddef>

#include "core/types.h"
#include "simd/distance.h"

namespace ruvector {

/// The distances of one collection. Copyable, immutable but for max_norm.
class MetricSpace {
 public:
  MetricSpace(Metric metric, size_t dimensions)
      : metric_(metric), dimensions_(dimensions), kernels_(BestKernels()) {}

  Metric metric() const { return metric_; }
  size_t dimensions() const { return dimensions_; }

  /// The scalar of a row to be stored. Dot: the coordinate that lifts every vector to the same
  /// length, so that the graph is built under a true metric (Bachrach et al. 2014, "Speeding Up the
  /// Xbox Recommender System Using a Euclidean Transformation for Inner-Product Spaces"); a vector
  /// longer than `max_norm` gets 0.
  float RowScalar(const float* v, float max_norm) const {
    if (metric_ == Metric::kCosine) {
      const float norm_sq = kernels_.dot(v, v, dimensions_);
      if (norm_sq > kSmallestSafe && norm_sq < kLargestSafe) return 1.0f / std::sqrt(norm_sq);
      return static_cast<float>(1.0 / ExactNorm(v));
    }
    if (metric_ == Metric::kDot) {
      const double n = ExactNorm(v), m = max_norm;
      return m > n ? static_cast<float>(std::sqrt(m * m - n * n)) : 0.0f;
    }
    return 0.0f;
  }

  /// The scalar of a query: a dot query's lifted coordinate is 0, so distances are exact.
  float QueryScalar(const float* q) const {
    return metric_ == Metric::kCosine ? RowScalar(q, 0) : 0.0f;
  }

  /// Between a query (or a row, when building) and a row; smaller is closer. [dimensions] each.
  float Distance(const float* a, float a_scalar, const float* b, float b_scalar) const {
    switch (metric_) {
      case Metric::kCosine:
        return 1.0f - kernels_.dot(a, b, dimensions_) * a_scalar * b_scalar;
      case Metric::kEuclidean:
        return kernels_.l2_squared(a, b, dimensions_);
      case Metric::kDot:
        return -(kernels_.dot(a, b, dimensions_) + a_scalar * b_scalar);
      case Metric::kManhattan:
        return kernels_.l1(a, b, dimensions_);
    }
    return 0.0f;
  }

  /// What users see for an inner distance.
  float PublicDistance(float d) const {
    if (metric_ == Metric::kEuclidean) return std::sqrt(d);
    if (metric_ == Metric::kCosine) return d < 0.0f ? 0.0f : (d > 2.0f ? 2.0f : d);
    return d;
  }

  /// |v|, in double: no overflow for any finite floats.
  double ExactNorm(const float* v) const {
    double sum = 0;
    for (size_t i = 0; i < dimensions_; ++i) sum += static_cast<double>(v[i]) * v[i];
    return std::sqrt(sum);
  }

  const DistanceKernels& kernels() const { return kernels_; }

 private:
  // Outside these a float sum of squares has lost bits to underflow or is infinite.
  static constexpr float kSmallestSafe = 1e-30f;
  static constexpr float kLargestSafe = 1e37f;

  Metric metric_;
  size_t dimensions_;
  DistanceKernels kernels_;
};

/// A query made ready once: the vector must outlive it.
struct PreparedQuery {
  PreparedQuery(const MetricSpace& s, const float* v)
      : space(s), vector(v), scalar(s.QueryScalar(v)) {}
  float Distance(const float* row, float row_scalar) const {
    return space.Distance(vector, scalar, row, row_scalar);
  }
  const MetricSpace& space;
  const float* vector;
  float scalar;
};

}  // namespace ruvector
