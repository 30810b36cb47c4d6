// Searching a segment's rows, whatever layout they are kept in: Segment::Scan and
// Segment::SearchLinked of the growing and the sealed segment.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include "collection/reranking.h"
#include "collection/segment.h"
#include "index/graph_search.h"
#include "index/scorer.h"

namespace ruvector {

/// Rows that all scans measure before they go on: few enough to stay in the cache meanwhile.
inline constexpr size_t kRowsTogether = 256;
inline constexpr size_t kRowsBetweenLooks = 16 * kRowsTogether;  // at the clock
inline constexpr size_t kRowsAhead = 4;
inline constexpr size_t kCodesTogether = 32;

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
    ++scans[i].measured;
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

/// Measures every accepted linked row by a scorer.
template <typename View, typename Scorer>
void ScanBy(const View& view, const Scorer& scorer, size_t most, LinkedSearch& search) {
  const auto closer = [](const Candidate& a, const Candidate& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
  };
  TopK<Candidate, decltype(closer)> top(most, closer);
  SearchScratch& scratch = *search.scratch;
  scratch.Begin(0);
  scratch.MakeRoom(kCodesTogether);
  Slot* const slots = scratch.unvisited.data();
  size_t n = 0;
  const auto measure = [&] {
    scorer.Distances(slots, n, scratch.distances.data());
    for (size_t i = 0; i < n; ++i) {
      const float d = scratch.distances[i];
      if (!top.full() || d < top.worst().distance) top.Push({d, slots[i]});
    }
    scratch.scored += n;
    n = 0;
    if (search.query->interrupt != nullptr && scratch.scored % kRowsBetweenLooks == 0)
      search.query->interrupt->Check();
  };
  search.accept->ForEach([&](Slot slot) {
    if (slot >= view.linked()) return;
    scorer.Prefetch(slot);
    slots[n] = slot;
    if (++n == kCodesTogether) measure();
  });
  measure();
  search.found = top.Take();
}

/// Runs one search by a scorer; `most`: rows that it hands over, closest first.
template <typename View, typename Scorer>
void SearchLinkedBy(const View& view, const Scorer& scorer, size_t ef, size_t most,
                    LinkedSearch& search) {
  if (search.strategy == Strategy::kCodeScan) return ScanBy(view, scorer, most, search);
  if (search.strategy == Strategy::kFilteredWalk) {
    search.found = SearchGraphFiltered(view, scorer, ef, *search.accept, *search.scratch);
    if (search.found.size() > most) search.found.resize(most);
    return;
  }
  SearchGraph(view, scorer, ef, *search.accept, *search.scratch, [&](float distance, Slot slot) {
    search.found.push_back({distance, slot});
    return search.found.size() < most;
  });
}

/// Segment::SearchLinked for any View of a graph that is also Rows of the scorers.
template <typename View>
void SearchLinkedRows(const View& view, LinkedSearch& search) {
  const PreparedQuery& query = *search.query;
  search.scratch->interrupt = query.interrupt;
  if (view.codec() == nullptr)
    return SearchLinkedBy(view, ExactScorer(view, query), search.ef, search.limit, search);
  const Reranking again(view.quantization(), search);
  const Codec* const fine = view.fine_codec();
  SearchLinkedBy(view, CodeScorer(view, query.For(*view.codec()), *search.scratch), search.ef,
                 fine ? std::max(again.most, RowsToRefine(search.limit)) : again.most, search);
  if (fine) {
    for (const Candidate& c : search.found) view.PrefetchFineCode(c.slot);
    MeasureByFineCodes(
        *fine, [&](Slot slot) { return view.FineCode(slot); }, again.most, search);
  }
  MeasureByVectors(view, again, search);
}

}  // namespace ruvector
