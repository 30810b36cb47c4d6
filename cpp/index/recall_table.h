// How much walks of each length find, or, of an inverted file, probes of so many lists: measured
// once, then asked for the length that gives a wanted recall.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace ruvector {

class RecallTable {
 public:
  struct Point {
    size_t ef;             ///< or lists
    double at_10, at_100;  ///< recall@10 and, where a walk is long enough, recall@100: 0 … 1
  };

  RecallTable() = default;
  /// `points` by ascending ef; `linked`: indexed rows when it was measured.
  RecallTable(std::vector<Point> points, size_t linked);
  /// What ToJson wrote. Throws kCorrupt.
  static RecallTable FromJson(const Json& json);
  std::string ToJson() const;

  /// The shortest walk with at least this recall@k (0 … 1), maybe of less than k; none: no walk
  /// that was measured.
  std::optional<size_t> EfFor(double recall, size_t k) const;
  const std::vector<Point>& points() const { return points_; }
  /// Does it still speak of a graph of so many rows?
  bool Covers(size_t linked) const { return linked <= linked_ + linked_ / 2; }

 private:
  std::vector<Point> points_;
  size_t linked_ = 0;
};

}  // namespace ruvector
