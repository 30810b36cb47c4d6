#include "binding/payload.h"

#include <chrono>

#include "collection/checks.h"
#include "core/error.h"

namespace ruvector {

const float* ReadMatrix(const BufferView& buffer, size_t rows, size_t dimensions) {
  const size_t row_bytes = dimensions * sizeof(float);  // divided by: a product may not fit
  if (buffer.bytes % row_bytes != 0 || buffer.bytes / row_bytes != rows) {
    const size_t values = buffer.bytes / sizeof(float);
    if (rows == 1) RequireLength(values, dimensions, "");
    throw Error(ErrorCode::kDimensionMismatch,
                "vectors has " + std::to_string(values) + " values, expected " +
                    std::to_string(rows) + " rows × " + std::to_string(dimensions) + " dimensions");
  }
  return static_cast<const float*>(buffer.data);
}

std::optional<Filter> ReadFilter(const Json* filter) {
  if (filter == nullptr || filter->IsNull()) return std::nullopt;
  return Filter::Parse(*filter);
}

void AppendMetadata(std::string& json, const std::string& metadata) {
  json += metadata.empty() ? "null" : metadata;
}

void AppendFloats(std::string& bytes, const std::vector<float>& values) {
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

Interrupt ReadInterrupt(Session& session, const Arguments& args) {
  Interrupt interrupt;
  if (const Json* ms = args.Find("timeoutMs")) {
    const double wait = ms->IsNumber() ? ms->GetDouble() : -1;
    if (!(wait > 0 && wait <= 1e9)) args.Refuse("timeoutMs", "a number above 0", *ms);
    interrupt.deadline = std::chrono::steady_clock::now() +
                         std::chrono::microseconds(static_cast<int64_t>(wait * 1000));
  }
  if (const auto token = args.Whole("token", 0, 0xffffffff))
    interrupt.cancelled = session.CancelFlag(static_cast<uint32_t>(*token));
  return interrupt;
}

}  // namespace ruvector
