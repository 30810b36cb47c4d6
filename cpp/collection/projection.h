// Rows as points of a plane, for drawing them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/interrupt.h"
#include "query/filter.h"
#include "query/principal_axes.h"

namespace ruvector {

inline constexpr size_t kMaxPoints = size_t{1} << 20;
inline constexpr size_t kDefaultPoints = 10000;

struct ProjectionRequest {
  size_t limit = kDefaultPoints;  ///< 1 … kMaxPoints; of more rows, every so many-th
  const Filter* filter = nullptr;
  Interrupt interrupt;
};

/// In order of insertion. Under cosine rows are taken with length 1. Row v is at <v, axis> -
/// origin.
struct ProjectedRows {
  std::vector<std::string> ids;
  std::vector<float> x, y;
  PrincipalAxes axes;
  size_t total = 0;  ///< rows that match
};

}  // namespace ruvector
