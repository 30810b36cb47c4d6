// Best-first search of an HNSW graph, for every layout that a graph is kept in.
// Source: Malkov & Yashunin 2018, Algorithms 2 and 5, arXiv:1603.09320; the sorted candidate list,
// the visited tags and the prefetching of all unvisited neighbours follow what flat graph searchers
// (glass, SVS) do.
//
// A View of a graph offers, for slots 0 … linked() - 1:
//   size_t linked() const                         rows in the graph
//   Slot entry() const; int max_level() const     where a search starts
//   NeighborList Links(Slot, int level) const     its neighbours
//   Slot Twin(Slot) const                         next row with the same vector, or kNoSlot
//   const float* Vector(Slot) const; float Scalar(Slot) const
//   void Prefetch(Slot) const
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "core/bitset.h"
#include "index/candidate.h"
#include "index/metric_space.h"

namespace ruvector {

struct NeighborList {
  const uint32_t* begin;
  uint32_t count;
};

/// What one search needs besides the graph; reused, so that a search allocates nothing.
class SearchScratch {
 public:
  /// Nothing is visited; slots 0 … rows - 1 may be.
  void Begin(size_t rows) {
    if (tags_.size() < rows) tags_.resize(rows + rows / 2, 0);
    if (++tag_ == 0) {
      std::fill(tags_.begin(), tags_.end(), uint16_t{0});
      tag_ = 1;
    }
  }
  /// True the first time a slot is seen.
  bool Visit(Slot slot) {
    if (tags_[slot] == tag_) return false;
    tags_[slot] = tag_;
    return true;
  }

  struct Entry {
    float distance;
    Slot slot : 31;
    Slot expanded : 1;
  };
  std::vector<Entry> pool;          // sorted, closest first
  std::vector<Entry> fresh;         // sorted: what the last expansion adds to the pool
  std::vector<Slot> unvisited;      // neighbours of the row being expanded
  std::vector<Candidate> frontier;  // min-heap of rows to expand, filtered search
  size_t bytes() const { return tags_.capacity() * sizeof(uint16_t); }

 private:
  std::vector<uint16_t> tags_;
  uint16_t tag_ = 0;
};

/// Hands out scratches to concurrent searches.
class ScratchPool {
 public:
  ScratchPool() { free_.reserve(kKept); }
  std::unique_ptr<SearchScratch> Take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (free_.empty()) return std::make_unique<SearchScratch>();
    std::unique_ptr<SearchScratch> scratch = std::move(free_.back());
    free_.pop_back();
    return scratch;
  }
  void Give(std::unique_ptr<SearchScratch> scratch) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (free_.size() < kKept) free_.push_back(std::move(scratch));
  }

 private:
  static constexpr size_t kKept = 8;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SearchScratch>> free_;
};

/// Greedy walk from the entry to the row closest to the query on level 1.
template <typename View>
Candidate DescendToBase(const View& view, const PreparedQuery& query) {
  Candidate best{0, view.entry()};
  best.distance = query.Distance(view.Vector(best.slot), view.Scalar(best.slot));
  for (int level = view.max_level(); level > 0; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      const NeighborList links = view.Links(best.slot, level);
      for (uint32_t i = 0; i < links.count; ++i) view.Prefetch(links.begin[i]);
      for (uint32_t i = 0; i < links.count; ++i) {
        const Slot slot = links.begin[i];
        const float d = query.Distance(view.Vector(slot), view.Scalar(slot));
        if (d < best.distance) {
          best = {d, slot};
          moved = true;
        }
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

/// Collects into scratch.unvisited, and prefetches, the neighbours of `slot` not seen before.
template <typename View>
void GatherUnvisited(const View& view, Slot slot, SearchScratch& scratch) {
  const NeighborList links = view.Links(slot, 0);
  scratch.unvisited.clear();
  for (uint32_t i = 0; i < links.count; ++i) {
    if (!scratch.Visit(links.begin[i])) continue;
    scratch.unvisited.push_back(links.begin[i]);
    view.Prefetch(links.begin[i]);
  }
}

/// Adds a row to the sorted `fresh`, unless `limit` rows in `pool` are closer already.
inline void AddSorted(std::vector<SearchScratch::Entry>& fresh, float distance, Slot slot,
                      const std::vector<SearchScratch::Entry>& pool, size_t limit) {
  if (pool.size() == limit && distance >= pool.back().distance) return;
  size_t at = fresh.size();
  fresh.push_back({});
  for (; at > 0 && fresh[at - 1].distance > distance; --at) fresh[at] = fresh[at - 1];
  fresh[at] = {distance, slot & 0x7fffffffu, false};
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
template <typename View, typename Emit>
void SearchGraph(const View& view, const PreparedQuery& query, size_t ef, const Bitset& accept,
                 SearchScratch& scratch, Emit&& emit) {
  using Entry = SearchScratch::Entry;
  if (view.linked() == 0) return;
  scratch.Begin(view.linked());
  std::vector<Entry>& pool = scratch.pool;
  pool.clear();
  pool.reserve(ef + 1);
  const Candidate start = DescendToBase(view, query);
  scratch.Visit(start.slot);
  pool.push_back({start.distance, start.slot & 0x7fffffffu, false});

  std::vector<Entry>& fresh = scratch.fresh;
  for (size_t next = 0; next < pool.size();) {
    if (pool[next].expanded) {
      ++next;
      continue;
    }
    pool[next].expanded = true;
    GatherUnvisited(view, pool[next].slot, scratch);
    fresh.clear();
    for (const Slot slot : scratch.unvisited)
      AddSorted(fresh, query.Distance(view.Vector(slot), view.Scalar(slot)), slot, pool, ef);
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
template <typename View>
std::vector<Candidate> SearchGraphFiltered(const View& view, const PreparedQuery& query, size_t ef,
                                           const Bitset& accept, SearchScratch& scratch) {
  const auto closer = [](const Candidate& a, const Candidate& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
  };
  const auto farther = [&](const Candidate& a, const Candidate& b) { return closer(b, a); };
  TopK<Candidate, decltype(closer)> found(ef, closer);
  if (view.linked() == 0) return {};
  scratch.Begin(view.linked());
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
  const Candidate start = DescendToBase(view, query);
  scratch.Visit(start.slot);
  offer(start.distance, start.slot);
  while (!frontier.empty()) {
    if (found.full() && frontier.front().distance > found.worst().distance) break;
    const Slot slot = frontier.front().slot;
    std::pop_heap(frontier.begin(), frontier.end(), farther);
    frontier.pop_back();
    GatherUnvisited(view, slot, scratch);
    for (const Slot neighbor : scratch.unvisited) {
      const float d = query.Distance(view.Vector(neighbor), view.Scalar(neighbor));
      if (!found.full() || d < found.worst().distance) offer(d, neighbor);
    }
  }
  return found.Take();
}

}  // namespace ruvector
