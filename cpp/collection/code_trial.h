// Whether codes of a segment's rows are enough to search by, found out with some of the rows as
// queries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

#include "index/candidate.h"
#include "index/metric_space.h"
#include "quant/quantization.h"

namespace ruvector {

/// Not for concurrent use.
class CodeTrial {
 public:
  /// Tries `codec` on `count` of the rows, spread over all of them. `codes`: [rows × row_bytes()]
  /// of all rows; nullptr: the rows are coded here. `seed` chooses the queries: rows, and every
  /// second one aside of a row, as users' queries may be. All must outlive it.
  CodeTrial(const TrainingRows& rows, size_t count, size_t queries, const MetricSpace& space,
            const Codec& codec, const uint8_t* codes, uint64_t seed);
  ~CodeTrial();

  /// Some milliseconds of the work, on up to `threads` threads; false when it is done, and then.
  bool Step(size_t threads);

  /// After that: of the kHits[i] rows closest to a query, the share that is among the
  /// LookedAt(kHits[i]) closest by codes.
  double kept(size_t i) const { return kept_[i]; }
  /// Is that at least kLeastKept for each of them?
  bool Keeps() const;
  /// Is it no less than what `other`, a trial of the same rows and queries, keeps, and at least
  /// kLeastCompared? Of what neither keeps chance decides.
  bool KeepsAsMuchAs(const CodeTrial& other) const;

  static constexpr size_t kHits[] = {1, 10, 100};
  /// Two thirds of what searches by spherical codes measure again: rows to come, and users'
  /// queries, may be harder.
  static size_t LookedAt(size_t hits) {
    return DefaultRerank(Quantization::kSpherical4, hits) * 2 / 3;
  }
  static constexpr double kLeastKept = 0.99, kLeastCompared = 0.9;

 private:
  struct Query;

  void Count();

  size_t RowAt(size_t i) const {
    return static_cast<size_t>(uint64_t{i} * rows_.rows() / count_);  // beyond 32 bits
  }

  const TrainingRows& rows_;
  size_t count_;
  const MetricSpace& space_;
  const Codec& codec_;
  const uint8_t* codes_;
  std::vector<std::unique_ptr<Query>> queries_;
  size_t next_ = 0;
  std::vector<uint8_t> own_codes_;  // of a slice
  std::vector<const uint8_t*> slice_;
  std::vector<float> lengths_;
  double kept_[std::size(kHits)] = {};
};

}  // namespace ruvector
