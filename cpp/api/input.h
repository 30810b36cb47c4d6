// What callers bring, checked and in the words of the core.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/state.h"

namespace ruvector {
inline namespace v1 {
namespace internal {

/// Entries on their way in. Their vectors stay the caller's.
class Puts {
 public:
  Puts(core::Collection& collection, size_t rows);
  Puts(core::Collection& collection, std::span<const Entry> entries);
  Puts(core::Collection& collection, const VectorMatrix& matrix);

  /// Makes an id where there is none. At most `rows` times. Throws kInvalidOption, kInvalidVector,
  /// kZeroVector, kDimensionMismatch.
  void Add(std::string_view id, std::span<const float> vector, std::string_view metadata,
           const std::string& where);

  size_t size() const { return ids.size(); }
  /// Their views are of this object and of the vectors.
  std::vector<Operation> Operations() const;

  std::vector<std::string> ids;
  std::vector<std::string> metadata;  // as stored
  std::vector<const float*> vectors;

 private:
  core::Collection& collection_;
};

/// Throws kDimensionMismatch, kInvalidVector, kZeroVector.
void RequireVector(const core::Collection& collection, std::span<const float> vector,
                   const std::string& where);

/// The JSON text to store; empty for none. Throws kInvalidOption.
std::string ReadMetadata(std::string_view text, const std::string& where);

/// Empty text: none. Throws kInvalidFilter.
std::optional<Filter> ReadFilter(std::string_view text);

/// Throws kInvalidOption for what is no UTF-8; `what` starts the message.
void RequireUtf8(std::string_view text, const std::string& what);

/// Throws kInvalidOption, or another code.
void RequireRange(const std::string& what, uint64_t value, uint64_t lo, uint64_t hi,
                  ErrorCode code = ErrorCode::kInvalidOption);

/// Throw kInvalidOption.
CollectionRequest ReadOptions(const CollectionOptions& options);
DatabaseOptions ReadOptions(const DbOptions& options);

/// From now on.
Interrupt ReadInterrupt(const std::atomic<bool>* cancelled,
                        const std::optional<std::chrono::nanoseconds>& timeout);

}  // namespace internal
}  // namespace v1
}  // namespace ruvector
