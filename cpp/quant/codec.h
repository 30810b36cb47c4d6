// Vectors made small: a row of codes from which distances to a query are estimated. What searches
// walk by; the few closest are measured again with the vectors themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/types.h"

namespace ruvector {

/// A query made ready for rows of one codec. Not for concurrent use while Set is called.
class CodedQuery {
 public:
  virtual ~CodedQuery() = default;

  /// query [dimensions], and for cosine 1 / |query|. Allocates nothing.
  virtual void Set(const float* query, float scalar) noexcept = 0;
  /// Estimates the distance (as MetricSpace::Distance has it) to `count` coded rows, of these
  /// lengths where the codec wants them (they may lie where the distances go), else nullptr. Rows
  /// that no codec made give some number, or none.
  virtual void Distances(const uint8_t* const* rows, const float* lengths, size_t count,
                         float* distances) const noexcept = 0;
};

/// Threads: all methods may run concurrently. What is not noexcept may throw std::bad_alloc.
class Codec {
 public:
  virtual ~Codec() = default;

  /// Bytes of a coded row.
  virtual size_t row_bytes() const = 0;
  /// Does an estimate need the length of the row's vector, which is kept beside the codes?
  virtual bool wants_lengths() const { return false; }
  /// That length, of a vector as Encode takes it: |vector|, or of what a mean leaves of it.
  virtual float Length(const float* /*vector*/, float /*scalar*/) const { return 0; }
  /// vector [dimensions], and for cosine 1 / |vector|, to row [row_bytes()].
  virtual void Encode(const float* vector, float scalar, uint8_t* row) const = 0;
  /// The vector that a row stands for, [dimensions]; for cosine, and where lengths are kept apart,
  /// of length 1 or nearly so.
  virtual void Decode(const uint8_t* row, float* vector) const = 0;
  virtual std::unique_ptr<CodedQuery> NewQuery() const = 0;
  /// Whether the row was made of this vector, as far as the row can tell. Rows of any content.
  virtual bool IsCodeOf(const uint8_t* row, const float* vector, float scalar) const = 0;
  /// What the codec has learned, to make it anew (ReadCodec). Bytes: storage/FORMAT.md.
  virtual std::string Parameters() const { return {}; }
};

/// Rows to learn from, which must not change meanwhile.
class TrainingRows {
 public:
  virtual ~TrainingRows() = default;
  virtual size_t rows() const = 0;
  virtual const float* Vector(size_t row) const = 0;  ///< [dimensions]
  virtual float Scalar(size_t row) const = 0;         ///< for cosine 1 / |vector|
};

/// Learns a codec in steps. Not for concurrent use.
class CodecLearner {
 public:
  virtual ~CodecLearner() = default;
  /// Some milliseconds of the work, on up to `threads` threads; false when it is done.
  virtual bool Step(size_t threads) = 0;
  /// Once, after that.
  virtual std::unique_ptr<Codec> Take() = 0;
};

}  // namespace ruvector
