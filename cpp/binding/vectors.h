// Vectors as a call brings them.
#pragma once

#include "binding/call.h"

namespace ruvector {

/// The matrix [rows × dimensions] in a buffer. Throws kDimensionMismatch.
const float* ReadMatrix(const BufferView& buffer, size_t rows, size_t dimensions);

}  // namespace ruvector
