// Searching a segment's rows, whatever layout they are kept in: Segment::Scan and
// Segment::SearchLinked of the growing and the sealed segment.
#pragma once

#include <algorithm>
#include <bit>
#include <optional>
#include <span>
#include <vector>

#include "collection/segment.h"
#include "index/graph_search.h"
#include "index/scorer.h"

namespace ruvector {

/// Rows that all scans measure before they go on: few enough to stay in the cache meanwhile.
inline constexpr size_t kRowsTogether = 256;
inline constexpr size_t kRowsBetweenLooks = 16 * kRowsTogether;  // at the clock
inline constexpr size_t kRowsAhead = 4;

/// Walks that take turns: with more of them, what one asked memory for is gone before its turn.
inline constexpr size_t kWalksInTurns = 1;

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
