// Searching rows that lie in lists: Segment::SearchLinked of a sealed segment with an inverted
// file.
//
// A View of it is Rows of ExactScorer (index/scorer.h) and offers besides
//   size_t lists() const; const float* Centroid(list) const
//   std::pair<uint32_t, uint32_t> List(list) const       positions begin … end - 1
//   Slot SlotAt(position) const                          the row there
//   const uint8_t* CodeAt(position) const                its code, FineCodeAt its finer one,
//                                                        LengthAt its length, if codes want it
// Codes lie by position, so that a list is read front to back; vectors lie by slot.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "collection/segment_search.h"
#include "index/list_builder.h"

namespace ruvector {

/// Hands the accepted rows of the closest lists, some at a time, to measure(positions, slots, n):
/// of plan.nprobe lists, and of more until plan.least accepted rows are seen.
template <typename View, typename Measure>
void ReadLists(const View& view, LinkedSearch& search, const Measure& measure) {
  const PreparedQuery& query = *search.query;
  ListOrder order(view, query.vector, query.scalar, query.space);
  uint32_t positions[kCodesTogether];
  Slot slots[kCodesTogether];
  for (size_t seen = 0; !order.empty() && (search.probed < search.nprobe || seen < search.least);
       ++search.probed) {
    if (query.interrupt != nullptr) query.interrupt->Check();
    const auto [begin, end] = view.List(order.Next());
    size_t n = 0;
    for (uint32_t at = begin; at < end; ++at) {
      if (query.interrupt != nullptr && at % kRowsBetweenLooks == 0) query.interrupt->Check();
      const Slot slot = view.SlotAt(at);
      if (!search.accept->Contains(slot)) continue;
      positions[n] = at;
      slots[n] = slot;
      ++seen;
      if (++n < kCodesTogether) continue;
      measure(positions, slots, n);
      n = 0;
    }
    if (n > 0) measure(positions, slots, n);
  }
}

template <typename View>
void SearchListedRows(const View& view, LinkedSearch& search) {
  const PreparedQuery& query = *search.query;
  SearchScratch& scratch = *search.scratch;
  scratch.Begin(0);
  scratch.MakeRoom(kCodesTogether);
  const Codec* const codec = view.codec();
  const Codec* const fine = view.fine_codec();
  const Reranking again(view.quantization(), search);
  const auto closer = [](const Candidate& a, const Candidate& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
  };
  TopK<Candidate, decltype(closer)> top(codec == nullptr ? search.limit
                                        : fine ? std::max(again.most, RowsToRefine(search.limit))
                                               : again.most,
                                        closer);
  const auto push = [&](const uint32_t* places, size_t n) {
    for (size_t i = 0; i < n; ++i) {
      const float d = scratch.distances[i];
      if (!top.full() || d < top.worst().distance) top.Push({d, places[i]});
    }
    scratch.scored += n;
  };
  if (codec == nullptr) {
    const ExactScorer<View> scorer(view, query);
    ReadLists(view, search, [&](const uint32_t*, const Slot* slots, size_t n) {
      for (size_t i = 0; i < n; ++i) scorer.Prefetch(slots[i]);
      scorer.Distances(slots, n, scratch.distances.data());
      push(slots, n);
    });
    search.found = top.Take();
    return;
  }
  // Candidates are positions until all that lies by position is read.
  const CodedQuery& coded = query.For(*codec);
  const bool lengths = codec->wants_lengths();
  ReadLists(view, search, [&](const uint32_t* positions, const Slot*, size_t n) {
    for (size_t i = 0; i < n; ++i) scratch.codes[i] = view.CodeAt(positions[i]);
    // Lengths lie where the distances will be, which are not needed before.
    float* const distances = scratch.distances.data();
    if (lengths) {
      for (size_t i = 0; i < n; ++i) distances[i] = view.LengthAt(positions[i]);
    }
    coded.Distances(scratch.codes.data(), lengths ? distances : nullptr, n, distances);
    push(positions, n);
  });
  search.found = top.Take();
  if (fine) {
    MeasureByFineCodes(
        *fine, [&](uint32_t position) { return view.FineCodeAt(position); }, again.most, search);
  }
  for (Candidate& c : search.found) c.slot = view.SlotAt(c.slot);
  MeasureByVectors(view, again, search);
}

}  // namespace ruvector
