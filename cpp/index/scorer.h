// How far rows of a graph are from a query: by their vectors, or by codes of them.
#pragma once

#include <vector>

#include "index/metric_space.h"
#include "index/search_scratch.h"
#include "quant/codec.h"

namespace ruvector {

/// By the vectors themselves. `Rows` offers Vector(Slot), Scalar(Slot) and Prefetch(Slot).
template <typename Rows>
class ExactScorer {
 public:
  ExactScorer(const Rows& rows, const PreparedQuery& query) : rows_(rows), query_(query) {}
  void Distances(const Slot* slots, size_t n, float* distances) const {
    for (size_t i = 0; i < n; ++i)
      distances[i] = query_.Distance(rows_.Vector(slots[i]), rows_.Scalar(slots[i]));
  }
  void Prefetch(Slot slot) const { rows_.Prefetch(slot); }

 private:
  const Rows& rows_;
  const PreparedQuery& query_;
};

/// Of a coded row: what follows comes by itself. More would only keep the first lines of other rows
/// waiting (384 dimensions, ef 96: 76 µs a search with all lines, 70 with these).
inline constexpr size_t kPrefetchedCodeBytes = 256;

/// By coded rows. `Rows` offers codec(), Code(Slot), PrefetchCode(Slot) and, for codecs that want
/// lengths, Length(Slot) and PrefetchLength(Slot).
template <typename Rows>
class CodeScorer {
 public:
  CodeScorer(const Rows& rows, const CodedQuery& query, SearchScratch& scratch)
      : rows_(rows),
        query_(query),
        codes_(scratch.codes),
        lengths_(rows.codec()->wants_lengths()) {}
  void Distances(const Slot* slots, size_t n, float* distances) const {
    for (size_t i = 0; i < n; ++i) codes_[i] = rows_.Code(slots[i]);
    // Where the distances will be: they are not needed before.
    if (lengths_) {
      for (size_t i = 0; i < n; ++i) distances[i] = rows_.Length(slots[i]);
    }
    query_.Distances(codes_.data(), lengths_ ? distances : nullptr, n, distances);
  }
  void Prefetch(Slot slot) const {
    rows_.PrefetchCode(slot);
    if (lengths_) rows_.PrefetchLength(slot);
  }

 private:
  const Rows& rows_;
  const CodedQuery& query_;
  std::vector<const uint8_t*>& codes_;
  const bool lengths_;
};

}  // namespace ruvector
