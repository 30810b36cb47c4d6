// Rows that are searched together: the growing segment in memory, or a sealed one on disk. A row
// keeps its slot; deleting only takes it out of `live`.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/bitset.h"
#include "core/types.h"
#include "index/candidate.h"
#include "index/graph_search.h"
#include "index/metric_space.h"
#include "index/scorer.h"
#include "quant/quantization.h"
#include "query/filter_rows.h"

namespace ruvector {

/// One search of the linked rows of a segment, and its answer.
struct LinkedSearch {
  const PreparedQuery* query;
  size_t ef;
  size_t limit;
  const Bitset* accept;  ///< rows that may be found
  bool filtered;  ///< they are a minor part, so the walk goes on until `ef` of them are found
  SearchScratch* scratch;        ///< its own
  size_t reranked = 0;           ///< rows measured again by their vectors
  std::vector<Candidate> found;  ///< at least min(limit, those the graph reaches), closest first
};

/// A scan of a segment's rows, and its answer.
struct RowScan {
  const PreparedQuery* query;
  size_t limit;
  const Bitset* accept;          ///< rows that may be found
  Slot from;                     ///< … from this one on
  std::vector<Candidate> found;  ///< the `limit` closest, ties by id, closest first
};

/// Rows that all scans measure before they go on: few enough to stay in the cache meanwhile.
inline constexpr size_t kRowsTogether = 256;
inline constexpr size_t kRowsBetweenLooks = 16 * kRowsTogether;  // at the clock
inline constexpr size_t kRowsAhead = 4;

/// Walks that take turns: with more of them, what one asked memory for is gone before its turn.
inline constexpr size_t kWalksInTurns = 1;

class Segment {
 public:
  virtual ~Segment() = default;

  virtual size_t rows() const = 0;
  /// Rows 0 … linked - 1 are in the graph.
  virtual size_t linked() const = 0;
  /// Codes that walks of the graph go by.
  virtual Quantization quantization() const = 0;
  virtual std::string_view Id(Slot slot) const = 0;
  /// JSON text, empty when the row has none.
  virtual std::string_view Metadata(Slot slot) const = 0;
  virtual const float* Vector(Slot slot) const = 0;
  /// The row's number in the collection: rows are numbered in order of insertion, also from one
  /// segment to the next, and keep their number when segments are merged.
  virtual uint64_t Number(Slot slot) const = 0;
  /// The last row that had this id, live or not; kNoSlot.
  virtual Slot Find(std::string_view id) const = 0;

  /// Answers searches of the linked rows, taking turns between up to kWalksInTurns of them.
  virtual void SearchLinked(std::span<LinkedSearch> searches) const = 0;

  /// Answers scans, reading each row once for all of them.
  virtual void Scan(std::span<RowScan> scans) const = 0;

  /// Without those of field indexes.
  virtual size_t heap_bytes() const = 0;

  size_t field_index_bytes() const { return field_indexes_.bytes(); }
  void DropFieldIndexes() noexcept { field_indexes_.Clear(); }
  const FieldIndexes& field_indexes() const { return field_indexes_; }

  /// Live rows that match; nullptr: all. `index`: may indexes be made of fields that have none?
  Bitset Matches(const Filter* filter, bool index, const Interrupt* interrupt,
                 FilterWork* work = nullptr) const {
    Bitset rows = live_;
    if (filter != nullptr) {
      const auto text = [this](Slot slot) { return Metadata(slot); };
      KeepMatching(*filter, text, index ? &field_indexes_ : nullptr, interrupt, rows, work);
    }
    return rows;
  }

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
  mutable FieldIndexes field_indexes_;
};

/// Segment::Scan for anything with Vector, Scalar, Prefetch and Id.
template <typename Rows>
void ScanRows(const Rows& rows, std::span<RowScan> scans, size_t end) {
  const auto closer = [&](const Candidate& a, const Candidate& b) {
    return a.distance < b.distance ||
           (a.distance == b.distance && rows.Id(a.slot) < rows.Id(b.slot));
  };
  std::vector<TopK<Candidate, decltype(closer)>> tops;
  for (const RowScan& scan : scans) tops.emplace_back(scan.limit, closer);
  const auto measure = [&](size_t i, Slot slot) {
    const float d = scans[i].query->Distance(rows.Vector(slot), rows.Scalar(slot));
    if (!tops[i].full() || d <= tops[i].worst().distance) tops[i].Push({d, slot});
  };
  // Few rows may match, far apart: each is asked for some rows ahead.
  Slot ahead[kRowsAhead];
  for (size_t begin = 0; begin < end; begin += kRowsTogether) {
    for (size_t i = 0; i < scans.size(); ++i) {
      const RowScan& scan = scans[i];
      if (scan.query->interrupt != nullptr && begin % kRowsBetweenLooks == 0)
        scan.query->interrupt->Check();
      const auto& words = scan.accept->words();
      const size_t last = std::min((std::min(begin + kRowsTogether, end) + 63) / 64, words.size());
      size_t asked = 0;
      for (size_t w = std::max<size_t>(begin, scan.from) / 64; w < last; ++w) {
        for (uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
          const Slot slot = static_cast<Slot>(w * 64 + static_cast<size_t>(std::countr_zero(bits)));
          if (slot < scan.from) continue;
          if (slot >= end) break;
          rows.Prefetch(slot);
          Slot& place = ahead[asked % kRowsAhead];
          if (asked++ >= kRowsAhead) measure(i, place);
          place = slot;
        }
      }
      for (size_t n = asked > kRowsAhead ? asked - kRowsAhead : 0; n < asked; ++n)
        measure(i, ahead[n % kRowsAhead]);
    }
  }
  for (size_t i = 0; i < scans.size(); ++i) scans[i].found = tops[i].Take();
}

/// How many of the rows that a walk by codes found closest are measured again, for `limit` hits.
inline size_t RowsToRerank(size_t limit) { return 2 * limit + 10; }

/// Measures what a walk by codes found by the vectors, and keeps the `limit` closest.
template <typename View>
void Rerank(const View& view, LinkedSearch& search) {
  std::vector<Candidate>& found = search.found;
  search.reranked = found.size();
  for (const Candidate& c : found) view.Prefetch(c.slot);
  for (Candidate& c : found)
    c.distance = search.query->Distance(view.Vector(c.slot), view.Scalar(c.slot));
  std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
  });
  if (found.size() > search.limit) found.resize(search.limit);
}

/// Segment::SearchLinked for any View that is also Rows of the scorers; make_scorer(search) gives
/// the scorer of one, `most` is how many rows a walk hands over.
template <typename View, typename MakeScorer, typename Most>
void SearchLinkedBy(const View& view, std::span<LinkedSearch> searches,
                    const MakeScorer& make_scorer, const Most& most) {
  using Walk = GraphWalk<View, decltype(make_scorer(searches[0]))>;
  std::optional<Walk> walks[kWalksInTurns];
  for (size_t begin = 0; begin < searches.size(); begin += kWalksInTurns) {
    const size_t n = std::min(kWalksInTurns, searches.size() - begin);
    size_t walking = 0;
    for (size_t i = 0; i < n; ++i) {
      LinkedSearch& s = searches[begin + i];
      if (s.filtered) {
        s.found = SearchGraphFiltered(view, make_scorer(s), s.ef, *s.accept, *s.scratch);
        if (s.found.size() > most(s)) s.found.resize(most(s));
      } else {
        walks[i].emplace(view, make_scorer(s), s.ef, *s.scratch);
        ++walking;
      }
    }
    while (walking > 0) {
      for (size_t i = 0; i < n; ++i) {
        if (!walks[i]) continue;
        if (walks[i]->Gather()) continue;
        LinkedSearch& s = searches[begin + i];
        walks[i]->ForEachFound(*s.accept, [&](float distance, Slot slot) {
          s.found.push_back({distance, slot});
          return s.found.size() < most(s);
        });
        walks[i].reset();
        --walking;
      }
      for (size_t i = 0; i < n; ++i) {
        if (walks[i]) walks[i]->Score();
      }
    }
  }
}

/// The same, by codes where there are any: then the closest rows are measured again.
template <typename View>
void SearchLinkedRows(const View& view, std::span<LinkedSearch> searches) {
  if (view.codec() == nullptr) {
    return SearchLinkedBy(
        view, searches, [&](const LinkedSearch& s) { return ExactScorer(view, *s.query); },
        [](const LinkedSearch& s) { return s.limit; });
  }
  SearchLinkedBy(
      view, searches,
      [&](const LinkedSearch& s) {
        return CodeScorer(view, s.query->For(*view.codec()), *s.scratch);
      },
      [](const LinkedSearch& s) { return RowsToRerank(s.limit); });
  for (LinkedSearch& s : searches) Rerank(view, s);
}

}  // namespace ruvector
