// An inverted file: rows grouped into lists, each around a centroid, so that a search reads only
// the lists closest to its query. Sources: Sivic & Zisserman 2003, "Video Google"; Jégou, Douze &
// Schmid 2011, "Product Quantization for Nearest Neighbor Search", section IV; rounds: Lloyd 1982.
//
// Which list a row joins, and which lists are closest to a query:
//   cosine     by |v / |v| - c|², both
//   euclidean  by |v - c|², both
//   manhattan  by Σ|v - c|, both
//   dot        rows by |v - c|², queries by -<q, c>: <q, v> differs from <q, c> by at most
//              |q| · |v - c|, so that lists which are tight keep what their centroid promises
// quant/k_means.h makes codebooks of short vectors, by columns; these are few and long, by rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "core/types.h"
#include "index/candidate.h"
#include "index/metric_space.h"
#include "quant/codec.h"

namespace ruvector {

/// 2 √rows, rows ≥ 1: at a recall of 0.95 of 100,000 text-like rows that takes 30 % fewer distances
/// than √rows. Making more lists takes longer: rows · lists.
size_t DefaultLists(size_t rows);
/// Of `lists`, how many a search reads that does not say: 1.75 √lists, for a recall@10 of 0.95
/// or little less (bench/README.md).
size_t DefaultProbes(size_t lists);

struct InvertedLists {
  std::vector<float> centroids;   ///< [lists × dimensions]
  std::vector<uint32_t> offsets;  ///< [lists + 1] into rows
  std::vector<Slot> rows;         ///< [rows], list after list, ascending in each
  size_t count() const { return offsets.size() - 1; }
};

/// Makes lists in steps. Not for concurrent use. The same rows, seed and instruction set give the
/// same lists, on any number of threads.
class ListBuilder {
 public:
  /// rows.rows() ≥ lists ≥ 1; `rows` must outlive it and not change.
  ListBuilder(const MetricSpace& space, const TrainingRows& rows, size_t lists, uint64_t seed);

  /// Some milliseconds of the work, on up to `threads` threads; false when it is done. Throws
  /// std::bad_alloc.
  bool Step(size_t threads);
  /// Once, after that.
  InvertedLists Take() { return std::move(made_); }

 private:
  size_t Slice(size_t threads) const;
  void Sample();
  bool EndRound();
  /// The closest centroid and how far it is, squared but for manhattan.
  uint32_t Closest(size_t row, float* distance) const;
  void MeasureCentroids();
  void MakeLists();

  MetricSpace space_;
  const TrainingRows& rows_;
  size_t lists_;
  uint64_t seed_;
  std::vector<Slot> sample_;       // rows that centroids are learned from
  std::vector<float> half_norms_;  // cosine: |c|² / 2
  std::vector<uint32_t> closest_;  // [sample], then [rows]
  std::vector<float> distances_;   // [sample]
  size_t at_ = 0;
  int rounds_ = 0;
  bool learned_ = false;
  double error_ = 0;  // of the round before
  InvertedLists made_;
};

/// Lists by how close their centroids are to a query, the closest first.
class ListOrder {
 public:
  /// Centroid(list) gives [dimensions].
  template <typename View>
  ListOrder(const View& view, const float* query, float scalar, const MetricSpace& space)
      : heap_(view.lists()) {
    const size_t n = space.dimensions();
    const DistanceKernels& kernels = space.kernels();
    std::vector<float> unit;
    if (space.metric() == Metric::kCosine) {
      unit.assign(query, query + n);
      for (float& x : unit) x *= scalar;
      query = unit.data();
    }
    for (size_t i = 0; i < heap_.size(); ++i) {
      const float* c = view.Centroid(i);
      const float d = space.metric() == Metric::kDot         ? -kernels.dot(query, c, n)
                      : space.metric() == Metric::kManhattan ? kernels.l1(query, c, n)
                                                             : kernels.l2_squared(query, c, n);
      // Of a hostile file it may be no number.
      heap_[i] = {d == d ? d : kLast, static_cast<uint32_t>(i)};
    }
    std::make_heap(heap_.begin(), heap_.end(), Farther);
  }
  bool empty() const { return heap_.empty(); }
  uint32_t Next() {
    std::pop_heap(heap_.begin(), heap_.end(), Farther);
    const uint32_t list = heap_.back().slot;
    heap_.pop_back();
    return list;
  }

 private:
  static constexpr float kLast = std::numeric_limits<float>::infinity();
  static bool Farther(const Candidate& a, const Candidate& b) {
    return a.distance > b.distance || (a.distance == b.distance && a.slot > b.slot);
  }
  std::vector<Candidate> heap_;
};

}  // namespace ruvector
