#include "core/error.h"

namespace ruvector {

const char* CodeName(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kDimensionMismatch:
      return "DIMENSION_MISMATCH";
    case ErrorCode::kInvalidVector:
      return "INVALID_VECTOR";
    case ErrorCode::kZeroVector:
      return "ZERO_VECTOR";
    case ErrorCode::kInvalidK:
      return "INVALID_K";
    case ErrorCode::kInvalidOption:
      return "INVALID_OPTION";
    case ErrorCode::kInvalidFilter:
      return "INVALID_FILTER";
    case ErrorCode::kNotFound:
      return "NOT_FOUND";
    case ErrorCode::kNotReady:
      return "NOT_READY";
    case ErrorCode::kClosed:
      return "CLOSED";
    case ErrorCode::kLocked:
      return "LOCKED";
    case ErrorCode::kReadOnly:
      return "READ_ONLY";
    case ErrorCode::kCorrupt:
      return "CORRUPT";
    case ErrorCode::kIo:
      return "IO";
    case ErrorCode::kEmbedderRequired:
      return "EMBEDDER_REQUIRED";
    case ErrorCode::kUnsupportedAlgorithm:
      return "UNSUPPORTED_ALGORITHM";
    case ErrorCode::kNoExperience:
      return "NO_EXPERIENCE";
    case ErrorCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case ErrorCode::kConflict:
      return "CONFLICT";
    case ErrorCode::kAborted:
      return "ABORTED";
    case ErrorCode::kTimeout:
      return "TIMEOUT";
    case ErrorCode::kMemoryLimit:
      return "MEMORY_LIMIT";
    case ErrorCode::kQuota:
      return "QUOTA";
    case ErrorCode::kUnsupported:
      return "UNSUPPORTED";
    case ErrorCode::kInternal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

}  // namespace ruvector
