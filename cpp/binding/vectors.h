// Vectors at the door: nothing that is not a finite vector of the right length gets in.
#pragma once

#include <string>

#include "binding/call.h"
#include "index/metric_space.h"

namespace ruvector {

/// The matrix [rows × dimensions] in a buffer. Throws kDimensionMismatch.
const float* ReadMatrix(const BufferView& buffer, size_t rows, size_t dimensions);

/// Throws kInvalidVector (NaN, infinite, too long), kZeroVector (cosine). `where` starts the
/// message: "entry 3: ".
void RequireValidVector(const MetricSpace& space, const float* vector, const std::string& where);

}  // namespace ruvector
