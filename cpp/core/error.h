// The one exception type of the core, and the codes users see.
// Thrown when a call cannot give its answer; a merely negative answer (not found) is returned.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace ruvector {

/// The list in types/api.d.ts; a contract test holds the two equal.
enum class ErrorCode {
  kDimensionMismatch,
  kInvalidVector,
  kZeroVector,
  kInvalidK,
  kInvalidOption,
  kInvalidFilter,
  kNotFound,
  kNotReady,
  kClosed,
  kLocked,
  kReadOnly,
  kCorrupt,
  kIo,
  kEmbedderRequired,
  kUnsupportedAlgorithm,
  kNoExperience,
  kAlreadyExists,
  kConflict,
  kAborted,
  kTimeout,
  kMemoryLimit,
  kQuota,
  kUnsupported,
  kInternal,
};

/// The public name of a code: "DIMENSION_MISMATCH" and so on.
const char* CodeName(ErrorCode code) noexcept;

/// The number of codes; `static_cast<ErrorCode>(0 … kErrorCodeCount - 1)` are all of them.
inline constexpr int kErrorCodeCount = static_cast<int>(ErrorCode::kInternal) + 1;

/// What was expected, what came, where: "vector has 3 values, expected 384 (dimensions)".
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace ruvector
