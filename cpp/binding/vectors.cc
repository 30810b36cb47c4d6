#include "binding/vectors.h"

#include "collection/checks.h"
#include "core/error.h"

namespace ruvector {

const float* ReadMatrix(const BufferView& buffer, size_t rows, size_t dimensions) {
  if (buffer.bytes != rows * dimensions * sizeof(float)) {
    const size_t values = buffer.bytes / sizeof(float);
    if (rows == 1) RequireLength(values, dimensions, "");
    throw Error(ErrorCode::kDimensionMismatch,
                "vectors has " + std::to_string(values) + " values, expected " +
                    std::to_string(rows) + " rows × " + std::to_string(dimensions) + " dimensions");
  }
  return static_cast<const float*>(buffer.data);
}

}  // namespace ruvector
