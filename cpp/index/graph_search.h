// Best-first search of an HNSW graph, for every layout that a graph is kept in.
// Source: Malkov & Yashunin 2018, Algorithms 2 and 5, arXiv:1603.09320; the sorted candidate list,
// the visited tags and the prefetching of all unvisited neighbours follow what flat graph searchers
// (glass, SVS) do.
//
// A View of a graph offers, for slots 0 … linked() - 1:
//   size_t linked() const                         rows in the graph
//   Slot entry() const; int max_level() const     where a search starts
//   NeighborList Links(Slot, int level) const     its neighbours
//   void PrefetchPlace(Slot) const                what tells where those of level 0 are
//   void PrefetchLinks(Slot) const                of level 0, waiting for that
//   Slot Twin(Slot) const                         next row with the same vector, or kNoSlot
// and a Scorer (scorer.h) tells how far rows are from the query:
//   void Distances(const Slot*, size_t n, float* distances)
//   void Prefetch(Slot) const
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/bitset.h"
#include "index/candidate.h"
#include "index/search_scratch.h"

namespace ruvector {

struct NeighborList {
  const uint32_t* begin;
  uint32_t count;
};

/// Greedy walk from the entry to the row closest to the query on level 1.
template <typename View, typename Scorer>
Candidate DescendToBase(const View& view, const Scorer& scorer, SearchScratch& scratch) {
  Candidate best{0, view.entry()};
  scratch.MakeRoom(1);
  scorer.Distances(&best.slot, 1, &best.distance);
  for (int level = view.max_level(); level > 0; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      const NeighborList links = view.Links(best.slot, level);
      for (uint32_t i = 0; i < links.count; ++i) scorer.Prefetch(links.begin[i]);
      scratch.MakeRoom(links.count);
      scorer.Distances(links.begin, links.count, scratch.distances.data());
      for (uint32_t i = 0; i < links.count; ++i) {
        if (!(scratch.distances[i] < best.distance)) continue;  // also what is no number
        best = {scratch.distances[i], links.begin[i]};
        moved = true;
      }
    }
  }
  return best;
}

/// Calls f(slot) for the row and its twins until f returns false; returns whether it never did.
/// Twins come in descending order of slot, which ends every chain, also that of a damaged file.
template <typename View, typename F>
bool ForEachTwin(const View& view, Slot first, F&& f) {
  if (!f(first)) return false;
  Slot bound = kNoSlot;
  for (Slot slot = view.Twin(first); slot < bound; slot = view.Twin(slot)) {
    if (!f(slot)) return false;
    bound = slot;
  }
  return true;
}

/// Collects into scratch.unvisited the neighbours of `slot` not seen before and asks for what tells
/// how far they are; returns how many.
template <typename View, typename Scorer>
size_t GatherUnvisited(const View& view, const Scorer& scorer, Slot slot, SearchScratch& scratch) {
  const NeighborList links = view.Links(slot, 0);
  scratch.MakeRoom(links.count);
  Slot* const unvisited = scratch.unvisited.data();
  size_t n = 0;
  for (uint32_t i = 0; i < links.count; ++i) {
    unvisited[n] = links.begin[i];
    n += scratch.Visit(links.begin[i]);
  }
  for (size_t i = 0; i < n; ++i) scorer.Prefetch(unvisited[i]);
  constexpr size_t kBetweenLooks = 4096;  // at the clock
  if (scratch.interrupt != nullptr && scratch.scored % kBetweenLooks + n >= kBetweenLooks)
    scratch.interrupt->Check();
  scratch.scored += n;
  return n;
}

/// Of the first n of scratch.unvisited those that belong among the `limit` closest of scratch.pool,
/// into scratch.fresh, closest first.
inline void SortFresh(SearchScratch& scratch, size_t n, size_t limit) {
  using Entry = SearchScratch::Entry;
  const bool full = scratch.pool.size() == limit;
  const float bound = full ? scratch.pool.back().distance : 0;
  std::vector<Entry>& fresh = scratch.fresh;
  fresh.resize(n);
  // Without a branch for each: which rows are close enough, no processor foresees.
  size_t kept = 0;
  for (size_t i = 0; i < n; ++i) {
    const float distance = scratch.distances[i];
    fresh[kept] = {distance, scratch.unvisited[i] & 0x7fffffffu, false};
    kept += !full | !(distance >= bound);
  }
  fresh.resize(kept);
  for (size_t i = 1; i < kept; ++i) {
    const Entry entry = fresh[i];
    size_t at = i;
    for (; at > 0 && fresh[at - 1].distance > entry.distance; --at) fresh[at] = fresh[at - 1];
    fresh[at] = entry;
  }
}

/// Merges two sorted lists into the first, keeping the `limit` closest; `fresh` comes out shorter.
/// Returns the lowest position that changed: one pass for all neighbours of a row, where inserting
/// each would move the list's tail again and again.
inline size_t MergeSorted(std::vector<SearchScratch::Entry>& pool,
                          std::vector<SearchScratch::Entry>& fresh, size_t limit) {
  size_t kept = pool.size();
  while (kept + fresh.size() > limit && !fresh.empty()) {
    if (kept > 0 && pool[kept - 1].distance > fresh.back().distance) {
      --kept;
    } else {
      fresh.pop_back();
    }
  }
  size_t from_pool = kept, from_fresh = fresh.size(), to = from_pool + from_fresh;
  size_t lowest = pool.size();
  pool.resize(to);
  while (from_fresh > 0) {
    --to;
    if (from_pool > 0 && pool[from_pool - 1].distance > fresh[from_fresh - 1].distance) {
      pool[to] = pool[--from_pool];
    } else {
      pool[to] = fresh[--from_fresh];
      lowest = to;
    }
  }
  return lowest;
}

/// The `ef` closest rows found, all of them or nearly so live: for searches without a filter.
/// Calls emit(distance, slot) for every accepted one (and its twins), closest first, until emit
/// returns false.
///
///   accept    members may become hits; the others are only walked through
///   ef        1 … kMaxEf, the length of the candidate list
template <typename View, typename Scorer, typename Emit>
void SearchGraph(const View& view, const Scorer& scorer, size_t ef, const Bitset& accept,
                 SearchScratch& scratch, Emit&& emit) {
  using Entry = SearchScratch::Entry;
  scratch.Begin(view.linked());
  if (view.linked() == 0) return;
  std::vector<Entry>& pool = scratch.pool;
  pool.clear();
  pool.reserve(ef + 1);
  const Candidate start = DescendToBase(view, scorer, scratch);
  scratch.Visit(start.slot);
  pool.push_back({start.distance, start.slot & 0x7fffffffu, false});

  std::vector<Entry>& fresh = scratch.fresh;
  for (size_t next = 0; next < pool.size();) {
    if (pool[next].expanded) {
      ++next;
      continue;
    }
    pool[next].expanded = true;
    size_t after = next + 1;
    while (after < pool.size() && pool[after].expanded) ++after;
    const bool more = after < pool.size();
    const size_t n = GatherUnvisited(view, scorer, pool[next].slot, scratch);
    if (more) view.PrefetchLinks(pool[after].slot);
    scorer.Distances(scratch.unvisited.data(), n, scratch.distances.data());
    SortFresh(scratch, n, ef);
    for (const Entry& e : fresh) view.PrefetchPlace(e.slot);
    if (!fresh.empty() && (!more || fresh[0].distance < pool[after].distance))
      view.PrefetchLinks(fresh[0].slot);
    next = std::min(next + 1, MergeSorted(pool, fresh, ef));
  }

  for (const Entry& e : pool) {
    const bool go_on = ForEachTwin(
        view, e.slot, [&](Slot slot) { return !accept.Contains(slot) || emit(e.distance, slot); });
    if (!go_on) return;
  }
}

/// The `ef` closest accepted rows found: walks on through the others until enough are accepted, so
/// it suits filters that keep a fair share of the rows. Returns them closest first.
template <typename View, typename Scorer>
std::vector<Candidate> SearchGraphFiltered(const View& view, const Scorer& scorer, size_t ef,
                                           const Bitset& accept, SearchScratch& scratch) {
  const auto closer = [](const Candidate& a, const Candidate& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
  };
  const auto farther = [&](const Candidate& a, const Candidate& b) { return closer(b, a); };
  TopK<Candidate, decltype(closer)> found(ef, closer);
  scratch.Begin(view.linked());
  if (view.linked() == 0) return {};
  std::vector<Candidate>& frontier = scratch.frontier;
  frontier.clear();
  const auto offer = [&](float d, Slot slot) {
    frontier.push_back({d, slot});
    std::push_heap(frontier.begin(), frontier.end(), farther);
    ForEachTwin(view, slot, [&](Slot twin) {
      if (accept.Contains(twin)) found.Push({d, twin});
      return true;
    });
  };
  const Candidate start = DescendToBase(view, scorer, scratch);
  scratch.Visit(start.slot);
  offer(start.distance, start.slot);
  while (!frontier.empty()) {
    if (found.full() && frontier.front().distance > found.worst().distance) break;
    const Slot slot = frontier.front().slot;
    std::pop_heap(frontier.begin(), frontier.end(), farther);
    frontier.pop_back();
    const size_t n = GatherUnvisited(view, scorer, slot, scratch);
    scorer.Distances(scratch.unvisited.data(), n, scratch.distances.data());
    for (size_t i = 0; i < n; ++i) {
      const float d = scratch.distances[i];
      if (!found.full() || d < found.worst().distance) offer(d, scratch.unvisited[i]);
    }
  }
  return found.Take();
}

}  // namespace ruvector
