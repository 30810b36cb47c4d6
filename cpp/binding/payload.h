// What calls carry besides options: vectors, filters, metadata.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "binding/arguments.h"
#include "binding/call.h"
#include "core/interrupt.h"
#include "core/json.h"
#include "query/filter.h"

namespace ruvector {

/// The matrix [rows × dimensions] in a buffer. Throws kDimensionMismatch.
const float* ReadMatrix(const BufferView& buffer, size_t rows, size_t dimensions);

/// nullptr or null: none. Throws kInvalidFilter.
std::optional<Filter> ReadFilter(const Json* filter);

/// `metadata` as stored: JSON text, empty for none.
void AppendMetadata(std::string& json, const std::string& metadata);

void AppendFloats(std::string& bytes, const std::vector<float>& values);

/// By the arguments timeoutMs, from now on, and token; neither: nothing ends the call.
Interrupt ReadInterrupt(Session& session, const Arguments& args);

}  // namespace ruvector
