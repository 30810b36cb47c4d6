// Vectors made small: a row of codes from which distances to a query are estimated. What searches
// walk by; the few closest are measured again with the vectors themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/types.h"

namespace ruvector {

/// A query made ready for rows of one codec. Not for concurrent use while Set is called.
class CodedQuery {
 public:
  virtual ~CodedQuery() = default;

  /// query [dimensions], and for cosine 1 / |query|. Allocates nothing.
  virtual void Set(const float* query, float scalar) noexcept = 0;
  /// Estimates the distance (as MetricSpace::Distance has it) to `count` coded rows. Rows that no
  /// codec made give some number, or none.
  virtual void Distances(const uint8_t* const* rows, size_t count,
                         float* distances) const noexcept = 0;
};

/// Threads: all methods may run concurrently.
class Codec {
 public:
  virtual ~Codec() = default;

  /// Bytes of a coded row.
  virtual size_t row_bytes() const = 0;
  /// vector [dimensions], and for cosine 1 / |vector|, to row [row_bytes()].
  virtual void Encode(const float* vector, float scalar, uint8_t* row) const noexcept = 0;
  /// The vector that a row stands for, [dimensions]; for cosine of length 1 or nearly so.
  virtual void Decode(const uint8_t* row, float* vector) const noexcept = 0;
  virtual std::unique_ptr<CodedQuery> NewQuery() const = 0;
};

}  // namespace ruvector
