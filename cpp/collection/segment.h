// Rows that are searched together: the growing segment in memory, or a sealed one on disk. A row
// keeps its slot; deleting only takes it out of `live`.
#pragma once

#include <string_view>
#include <vector>

#include "core/bitset.h"
#include "core/types.h"
#include "index/candidate.h"
#include "index/graph_search.h"
#include "index/metric_space.h"
#include "index/scorer.h"
#include "quant/quantization.h"

namespace ruvector {

class Segment {
 public:
  virtual ~Segment() = default;

  virtual size_t rows() const = 0;
  /// Rows 0 … linked - 1 are in the graph.
  virtual size_t linked() const = 0;
  virtual std::string_view Id(Slot slot) const = 0;
  /// JSON text, empty when the row has none.
  virtual std::string_view Metadata(Slot slot) const = 0;
  virtual const float* Vector(Slot slot) const = 0;
  /// The row's number in the collection: rows are numbered in order of insertion, also from one
  /// segment to the next, and keep their number when segments are merged.
  virtual uint64_t Number(Slot slot) const = 0;
  /// The codes that its linked rows have.
  virtual const Quantization& quantization() const = 0;
  /// The last row that had this id, live or not; kNoSlot.
  virtual Slot Find(std::string_view id) const = 0;

  /// Appends accepted linked rows close to the query, at least min(limit, those the graph reaches),
  /// closest first.
  ///   filtered  accept holds a minor part of the rows, so the walk goes on until `ef` of them are
  ///   found
  virtual void SearchLinked(const PreparedQuery& query, size_t ef, size_t limit,
                            const Bitset& accept, bool filtered, SearchScratch& scratch,
                            std::vector<Candidate>& out) const = 0;

  /// Appends the `limit` closest accepted rows of slots from … rows - 1, ties by id, closest first.
  virtual void Scan(const PreparedQuery& query, size_t limit, const Bitset& accept, Slot from,
                    std::vector<Candidate>& out) const = 0;

  virtual size_t heap_bytes() const = 0;

  /// The first slot whose row has this number or a higher one; rows() when there is none.
  size_t FirstSlot(uint64_t number) const {
    size_t low = 0, high = rows();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (Number(static_cast<Slot>(middle)) < number) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  const Bitset& live() const { return live_; }
  size_t live_count() const { return live_count_; }
  /// The row leaves; false when it was not live.
  bool Retire(Slot slot) noexcept {
    if (!live_.Contains(slot)) return false;
    live_.Reset(slot);
    --live_count_;
    tombstones_changed_ = true;
    return true;
  }
  /// Rows retired since the last checkpoint?
  bool tombstones_changed() const { return tombstones_changed_; }
  void set_tombstones_changed(bool changed) { tombstones_changed_ = changed; }

 protected:
  Bitset live_;
  size_t live_count_ = 0;
  bool tombstones_changed_ = false;
};

/// Segment::Scan for anything with Vector, Scalar and Id.
template <typename Rows>
void ScanRows(const Rows& rows, const PreparedQuery& query, size_t limit, const Bitset& accept,
              Slot from, size_t end, std::vector<Candidate>& out) {
  const auto closer = [&](const Candidate& a, const Candidate& b) {
    return a.distance < b.distance ||
           (a.distance == b.distance && rows.Id(a.slot) < rows.Id(b.slot));
  };
  TopK<Candidate, decltype(closer)> top(limit, closer);
  const auto& words = accept.words();
  for (size_t w = from / 64; w < words.size() && w * 64 < end; ++w) {
    if (w % 64 == 0 && query.interrupt != nullptr) query.interrupt->Check();
    for (uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
      const Slot slot = static_cast<Slot>(w * 64 + static_cast<size_t>(std::countr_zero(bits)));
      if (slot < from) continue;
      if (slot >= end) break;
      const float d = query.Distance(rows.Vector(slot), rows.Scalar(slot));
      if (!top.full() || d <= top.worst().distance) top.Push({d, slot});
    }
  }
  const std::vector<Candidate> found = top.Take();
  out.insert(out.end(), found.begin(), found.end());
}

/// Closest first, ties by slot, those from `begin` on; the first `most` of them stay.
inline void SortFound(std::vector<Candidate>& out, size_t begin, size_t most) {
  std::sort(out.begin() + static_cast<long>(begin), out.end(),
            [](const Candidate& a, const Candidate& b) {
              return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
            });
  if (out.size() - begin > most) out.resize(begin + most);
}

/// Segment::SearchLinked for any View that is also Rows of the scorers. A walk by codes ends with
/// measuring the closest rows again, by finer codes where there are any, then by their vectors:
/// query.rerank of them, of which 0 leaves the estimates.
template <typename View>
void SearchLinkedRows(const View& view, const PreparedQuery& query, size_t ef, size_t limit,
                      const Bitset& accept, bool filtered, SearchScratch& scratch,
                      std::vector<Candidate>& out) {
  const size_t begin = out.size();
  const auto search = [&](const auto& scorer, size_t most) {
    if (filtered) {
      const std::vector<Candidate> found = SearchGraphFiltered(view, scorer, ef, accept, scratch);
      out.insert(out.end(), found.begin(),
                 found.begin() + static_cast<long>(std::min(most, found.size())));
      return;
    }
    SearchGraph(view, scorer, ef, accept, scratch, [&](float distance, Slot slot) {
      out.push_back({distance, slot});
      return out.size() - begin < most;
    });
  };
  if (view.codec() == nullptr) return search(ExactScorer(view, query), limit);
  const size_t rerank = query.rerank.value_or(DefaultRerank(view.quantization(), limit));
  const size_t most = std::max(rerank, limit);
  const Codec* const fine = view.fine_codec();
  ef = std::max({ef, most, fine ? RowsToRefine(limit) : 0});
  search(CodeScorer(view, query.For(*view.codec()), scratch), fine ? ef : most);
  if (fine) {
    const size_t n = out.size() - begin;
    scratch.MakeRoom(n);
    for (size_t i = 0; i < n; ++i) view.PrefetchFineCode(out[begin + i].slot);
    for (size_t i = 0; i < n; ++i) scratch.codes[i] = view.FineCode(out[begin + i].slot);
    query.For(*fine).Distances(scratch.codes.data(), n, scratch.distances.data());
    for (size_t i = 0; i < n; ++i) out[begin + i].distance = scratch.distances[i];
    SortFound(out, begin, most);
  }
  if (rerank == 0) {
    for (size_t i = begin; i < out.size(); ++i)
      out[i].distance = query.space.WithinRange(out[i].distance);
    return;
  }
  for (size_t i = begin; i < out.size(); ++i) view.Prefetch(out[i].slot);
  for (size_t i = begin; i < out.size(); ++i)
    out[i].distance = query.Distance(view.Vector(out[i].slot), view.Scalar(out[i].slot));
  SortFound(out, begin, limit);
}

}  // namespace ruvector
