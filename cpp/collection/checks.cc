#include "collection/checks.h"

#include <cmath>

#include "core/error.h"

namespace ruvector {

void RequireId(std::string_view id, const std::string& where) {
  if (id.empty())
    throw Error(ErrorCode::kInvalidOption, where + "id is empty, expected at least one character");
  if (id.size() > kMaxIdBytes) {
    throw Error(ErrorCode::kInvalidOption, where + "id has " + std::to_string(id.size()) +
                                               " bytes, expected at most " +
                                               std::to_string(kMaxIdBytes));
  }
}

void RequireLength(size_t values, size_t dimensions, const std::string& where) {
  if (values == dimensions) return;
  throw Error(ErrorCode::kDimensionMismatch, where + "vector has " + std::to_string(values) +
                                                 " values, expected " + std::to_string(dimensions) +
                                                 " (dimensions)");
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

std::string MetadataText(const Json& metadata, const std::string& where) {
  std::string text = WriteJson(metadata);
  if (text.size() > kMaxMetadataBytes) {
    throw Error(ErrorCode::kInvalidOption, where + "metadata has " + std::to_string(text.size()) +
                                               " bytes as JSON, expected at most " +
                                               std::to_string(kMaxMetadataBytes));
  }
  return text;
}

void RequireFitting(const SearchRequest& request, const Collection& collection,
                    const std::string& where) {
  const bool ivf = collection.options().index == IndexKind::kIvf;
  if (ivf ? request.ef_search.has_value() : request.nprobe.has_value()) {
    throw Error(ErrorCode::kInvalidOption, where + (ivf ? "efSearch" : "nprobe") +
                                               " is given, but the index is \"" +
                                               collection.entry().index + "\", expected " +
                                               (ivf ? "nprobe" : "efSearch") + " or none");
  }
  if (!request.recall) return;
  if (!(*request.recall > 0 && *request.recall <= 1)) {
    std::string got = "no number";
    if (std::isfinite(*request.recall)) {
      got.clear();
      AppendJsonNumber(got, *request.recall);
    }
    throw Error(ErrorCode::kInvalidOption,
                where + "recall is " + got + ", expected a number above 0, at most 1");
  }
  if (request.ef_search || request.nprobe || request.exact) {
    throw Error(ErrorCode::kInvalidOption, where + "recall and " +
                                               (request.exact    ? "exact"
                                                : request.nprobe ? "nprobe"
                                                                 : "efSearch") +
                                               " are both given, expected one of them");
  }
}

std::vector<float> RequireVectorLike(const Collection& collection, std::string_view id,
                                     const std::string& where) {
  std::optional<Row> row = collection.Get(id, true);
  if (!row) {
    throw Error(ErrorCode::kNotFound,
                where + "there is no entry " + QuoteForMessage(id) + " to be like");
  }
  return std::move(row->vector);
}

}  // namespace ruvector
