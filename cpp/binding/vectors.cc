#include "binding/vectors.h"

#include <cmath>

#include "core/error.h"

namespace ruvector {

const float* ReadMatrix(const BufferView& buffer, size_t rows, size_t dimensions) {
  if (buffer.bytes != rows * dimensions * sizeof(float)) {
    const size_t values = buffer.bytes / sizeof(float);
    throw Error(ErrorCode::kDimensionMismatch,
                rows == 1 ? "vector has " + std::to_string(values) + " values, expected " +
                                std::to_string(dimensions) + " (dimensions)"
                          : "vectors has " + std::to_string(values) + " values, expected " +
                                std::to_string(rows) + " rows × " + std::to_string(dimensions) +
                                " dimensions");
  }
  return static_cast<const float*>(buffer.data);
}

void RequireValidVector(const MetricSpace& space, const float* vector, const std::string& where) {
  const size_t n = space.dimensions();
  // x - x is 0 for finite x and NaN otherwise; this loop vectorizes.
  float poison = 0;
  for (size_t i = 0; i < n; ++i) poison += vector[i] - vector[i];
  if (poison != 0 || std::isnan(poison)) {
    for (size_t i = 0; i < n; ++i) {
      if (std::isfinite(vector[i])) continue;
      const char* what = std::isnan(vector[i]) ? "NaN" : (vector[i] > 0 ? "Infinity" : "-Infinity");
      throw Error(ErrorCode::kInvalidVector, where + "vector has " + what + " at index " +
                                                 std::to_string(i) + ", expected finite numbers");
    }
  }
  const float norm_sq = space.kernels().dot(vector, vector, n);
  if (norm_sq > 1e-30f && norm_sq < 1e30f) return;
  const double length = space.ExactNorm(vector);
  if (length > kMaxVectorLength) {
    throw Error(ErrorCode::kInvalidVector,
                where + "vector has length " + std::to_string(length) +
                    ", expected at most 1e18 (distances are 32-bit floats)");
  }
  if (space.metric() == Metric::kCosine && length < 1 / kMaxVectorLength) {
    throw Error(ErrorCode::kZeroVector,
                where + "vector has length " + (length == 0 ? "0" : "below 1e-18") +
                    ", which has no direction; the cosine metric needs one");
  }
}

}  // namespace ruvector
