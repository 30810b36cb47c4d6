#include "index/hnsw_graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "core/large_pages.h"
#include "core/prefetch.h"
#include "index/graph_search.h"
#include "index/scorer.h"

namespace ruvector {
namespace {

// A row's data in hnswlib's memory: [scalar][vector].
class RowSpace : public hnswlib::SpaceInterface<float> {
 public:
  explicit RowSpace(const MetricSpace& space) : space_(space) {}
  size_t get_data_size() override { return (1 + space_.dimensions()) * sizeof(float); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return &Distance; }
  void* get_dist_func_param() override { return const_cast<MetricSpace*>(&space_); }

 private:
  static float Distance(const void* a, const void* b, const void* param) {
    const auto* x = static_cast<const float*>(a);
    const auto* y = static_cast<const float*>(b);
    return static_cast<const MetricSpace*>(param)->Distance(x + 1, x[0], y + 1, y[0]);
  }
  const MetricSpace& space_;
};

constexpr size_t kFirstCapacity = 64;
// Rounding between the distance of a vector to itself and to a copy, relative.
constexpr float kTwinTolerance = 1e-5f;

constexpr size_t kPrefetchedVectorBytes = 256;

bool IsCloser(const Candidate& a, const Candidate& b) {
  return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
}

// How far rows are from the one being linked: by the vectors …
struct ExactDistances {
  static constexpr bool kExact = true;
  HnswGraph& graph;
  const float* data;
  void operator()(const Slot* slots, size_t n, SearchScratch& scratch) const {
    for (size_t i = 0; i < n; ++i) scratch.distances[i] = graph.DistanceTo(data, slots[i]);
  }
  void Prefetch(Slot slot) const { PrefetchBytes(graph.Data(slot), graph.index.data_size_); }
};

// … or by codes.
struct CodedDistances {
  static constexpr bool kExact = false;
  const CodedQuery& query;
  const RowCodes& codes;
  void operator()(const Slot* slots, size_t n, SearchScratch& scratch) const {
    for (size_t i = 0; i < n; ++i) scratch.codes[i] = codes.rows + slots[i] * codes.bytes;
    float* const distances = scratch.distances.data();
    if (codes.lengths != nullptr) {
      for (size_t i = 0; i < n; ++i) distances[i] = codes.lengths[slots[i]];
    }
    query.Distances(scratch.codes.data(), distances, n, distances);
  }
  void Prefetch(Slot slot) const {
    PrefetchBytes(codes.rows + slot * codes.bytes, std::min(codes.bytes, kPrefetchedCodeBytes));
    if (codes.lengths != nullptr) PrefetchBytes(codes.lengths + slot, 1);
  }
};

}  // namespace

// Does what hnswlib's longer constructor does, but for labels and visited lists: nobody uses them,
// they are large, and they leak where memory runs out.
HnswGraph::HnswGraph(const MetricSpace& space, const HnswParameters& p)
    : row_space(std::make_unique<RowSpace>(space)), index(row_space.get()) {
  index.data_size_ = row_space->get_data_size();
  index.fstdistfunc_ = row_space->get_dist_func();
  index.dist_func_param_ = row_space->get_dist_func_param();
  index.M_ = index.maxM_ = p.m;
  index.maxM0_ = 2 * p.m;
  index.ef_construction_ = std::max(p.ef_construction, p.m);
  index.size_links_level0_ = (1 + index.maxM0_) * sizeof(hnswlib::tableint);
  index.size_links_per_element_ = (1 + index.maxM_) * sizeof(hnswlib::tableint);
  index.offsetData_ = index.size_links_level0_;
  index.size_data_per_element_ = index.offsetData_ + index.data_size_;
  index.maxlevel_ = -1;
  Grow(kFirstCapacity);
}

void HnswGraph::Grow(size_t capacity) {
  index.element_levels_.resize(capacity);
  std::vector<ByteLock>(capacity).swap(row_locks);
  const auto grow = [](auto*& array, size_t bytes) {
    void* grown = std::realloc(array, bytes);
    if (grown == nullptr) throw std::bad_alloc();
    array = static_cast<std::remove_reference_t<decltype(array)>>(grown);
  };
  grow(index.data_level0_memory_, capacity * index.size_data_per_element_);
  WantLargePages(index.data_level0_memory_, capacity * index.size_data_per_element_);
  grow(index.linkLists_, capacity * sizeof(char*));
  index.max_elements_ = capacity;
}

/// Greedy walk on levels from_level … to_level + 1.
template <typename Distances>
Slot HnswGraph::Descend(const Distances& distances, Slot from, int from_level, int to_level,
                        SearchScratch& scratch) {
  if (from_level <= to_level) return from;
  distances(&from, 1, scratch);
  float best = scratch.distances[0];
  for (int level = from_level; level > to_level; --level) {
    for (bool moved = true; moved;) {
      const std::lock_guard<ByteLock> lock(row_locks[from]);
      auto* links = index.get_linklist(from, level);
      const size_t count = index.getListCount(links);
      for (size_t i = 1; i <= count; ++i) distances.Prefetch(links[i]);
      distances(links + 1, count, scratch);
      Slot closest = from;
      for (size_t i = 0; i < count; ++i) {
        if (!(scratch.distances[i] < best)) continue;
        best = scratch.distances[i];
        closest = links[i + 1];
      }
      moved = closest != from;
      from = closest;
    }
  }
  return from;
}

/// Best-first walk on one level: the efConstruction closest rows it finds, closest first, into
/// scratch.pool. Source: Algorithm 2; the list as in graph_search.h.
template <typename Distances>
void HnswGraph::SearchLevel(const Distances& distances, Slot from, int level,
                            SearchScratch& scratch) {
  auto& pool = scratch.pool;
  scratch.Begin(index.cur_element_count);
  scratch.Visit(from);
  distances(&from, 1, scratch);
  pool.assign(1, {scratch.distances[0], from & 0x7fffffffu, false});
  for (size_t next = 0; next < pool.size();) {
    if (pool[next].expanded) {
      ++next;
      continue;
    }
    pool[next].expanded = true;
    size_t n = 0;
    {
      const Slot row = pool[next].slot;
      const std::lock_guard<ByteLock> lock(row_locks[row]);
      auto* links = index.get_linklist_at_level(row, level);
      const size_t count = index.getListCount(links);
      for (size_t i = 1; i <= count; ++i) {
        if (!scratch.Visit(links[i])) continue;
        scratch.unvisited[n++] = links[i];
        distances.Prefetch(links[i]);
      }
    }
    distances(scratch.unvisited.data(), n, scratch);
    SortFresh(scratch, n, index.ef_construction_);
    next = std::min(next + 1, MergeSorted(pool, scratch.fresh, index.ef_construction_));
  }
}

/// Of candidates, closest first, those worth a link: each closer to the row than to any link chosen
/// before it, so that links lead in different directions; then the closest of the others, up to M.
/// Without those a single row near the middle of all others would keep each of them from linking to
/// anything else (hnswlib does so: recall 0.3 instead of 0.98 on 2,500 Gaussian rows). Source:
/// Malkov & Yashunin 2018, Algorithm 4 with keepPrunedConnections.
void HnswGraph::SelectLinks(const std::vector<Candidate>& candidates, size_t most,
                            std::vector<Slot>& chosen, std::vector<Slot>& passed_over) {
  chosen.clear();
  if (candidates.size() <= index.M_) {
    for (const Candidate& c : candidates) chosen.push_back(c.slot);
    return;
  }
  passed_over.clear();
  for (const Candidate& c : candidates) {
    if (chosen.size() == most) return;
    const bool new_direction = std::none_of(chosen.begin(), chosen.end(), [&](Slot link) {
      return DistanceTo(Data(c.slot), link) < c.distance;
    });
    (new_direction ? chosen : passed_over).push_back(c.slot);
  }
  for (size_t i = 0; i < passed_over.size() && chosen.size() < index.M_; ++i)
    chosen.push_back(passed_over[i]);
}

void HnswGraph::WriteLinks(Slot slot, int level, const std::vector<Slot>& links) {
  auto* list = index.get_linklist_at_level(slot, level);
  index.setListCount(list, static_cast<uint16_t>(links.size()));
  std::copy(links.begin(), links.end(), list + 1);
}

/// Links the row to the best of those found, and those back to it.
/// Returns the closest.
Slot HnswGraph::Connect(Slot slot, int level, LinkScratch& scratch) {
  std::vector<Candidate>& candidates = scratch.candidates;
  candidates.clear();
  for (const auto& e : scratch.search.pool) candidates.push_back({e.distance, e.slot});
  SelectLinks(candidates, index.M_, scratch.links, scratch.passed_over);
  const size_t most = level == 0 ? index.maxM0_ : index.maxM_;
  {
    const std::lock_guard<ByteLock> lock(row_locks[slot]);
    // Another thread may have come to the row by a level above and linked itself to it: that stays
    // as far as there is room.
    auto* list = index.get_linklist_at_level(slot, level);
    for (size_t i = 1; i <= index.getListCount(list) && scratch.links.size() < most; ++i) {
      if (std::find(scratch.links.begin(), scratch.links.end(), list[i]) == scratch.links.end())
        scratch.links.push_back(list[i]);
    }
    WriteLinks(slot, level, scratch.links);
  }
  for (const Slot neighbor : scratch.links) {
    const std::lock_guard<ByteLock> lock(row_locks[neighbor]);
    auto* list = index.get_linklist_at_level(neighbor, level);
    const size_t count = index.getListCount(list);
    if (count < most) {
      list[1 + count] = slot;
      index.setListCount(list, static_cast<uint16_t>(count + 1));
      continue;
    }
    candidates.assign(1, {DistanceTo(Data(neighbor), slot), slot});
    for (size_t i = 1; i <= count; ++i)
      candidates.push_back({DistanceTo(Data(neighbor), list[i]), list[i]});
    std::sort(candidates.begin(), candidates.end(), IsCloser);
    SelectLinks(candidates, most, scratch.others, scratch.passed_over);
    WriteLinks(neighbor, level, scratch.others);
  }
  return scratch.links.front();
}

/// The row among those found whose vector has the very same bytes, or kNoSlot.
Slot HnswGraph::FindTwin(const float* data, const SearchScratch& found) {
  const float self = index.fstdistfunc_(data, data, index.dist_func_param_);
  const float bound = self + kTwinTolerance * (1.0f + std::abs(self));
  const size_t bytes = index.data_size_ - sizeof(float);
  for (const auto& e : found.pool) {
    if (e.distance > bound) break;
    if (std::memcmp(data + 1, Data(e.slot) + 1, bytes) == 0) return e.slot;
  }
  return kNoSlot;
}

// hnswlib's addPoint, for a row that is in place already. Level 0 is searched first, so that a twin
// is recognized before anything is linked.
template <typename Distances>
Slot HnswGraph::LinkBy(const Distances& distances, Slot slot, LinkScratch& scratch) {
  const float* data = Data(slot);
  const int level = index.element_levels_[slot];
  SearchScratch& found = scratch.search;
  // Links are chosen among rows by how far they really are.
  const auto search = [&](Slot from, int on_level) {
    SearchLevel(distances, from, on_level, found);
    if constexpr (!Distances::kExact) {
      for (const auto& e : found.pool) PrefetchBytes(Data(e.slot), kPrefetchedVectorBytes);
      for (auto& e : found.pool) e.distance = DistanceTo(data, e.slot);
      std::sort(found.pool.begin(), found.pool.end(), [](const auto& a, const auto& b) {
        return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
      });
    }
  };

  std::unique_lock<std::mutex> top_lock(index.global);
  const int top = index.maxlevel_;
  const Slot entry = index.enterpoint_node_;
  if (level <= top) top_lock.unlock();

  const Slot above = Descend(distances, entry, top, level, found);
  const Slot base = Descend(distances, above, std::min(level, top), 0, found);
  search(base, 0);
  if (const Slot twin = FindTwin(data, found); twin != kNoSlot) return twin;
  Connect(slot, 0, scratch);
  // From below, so that who comes to the row on one level can go on from it on those below.
  for (int l = 1; l <= std::min(level, top); ++l) {
    search(Descend(distances, above, std::min(level, top), l, found), l);
    Connect(slot, l, scratch);
  }
  if (level > top) {
    index.enterpoint_node_ = slot;
    index.maxlevel_ = level;
  }
  return kNoSlot;
}

Slot HnswGraph::Link(Slot slot, const RowCodes& codes, LinkScratch& scratch) noexcept {
  const float* data = Data(slot);
  if (codes.codec == nullptr) return LinkBy(ExactDistances{*this, data}, slot, scratch);
  scratch.coded->Set(data + 1, data[0]);
  return LinkBy(CodedDistances{*scratch.coded, codes}, slot, scratch);
}

void HnswGraph::ReserveScratches(size_t threads, const Codec* codec) {
  free_scratches.reserve(threads);
  while (free_scratches.size() < threads) free_scratches.push_back(std::make_unique<LinkScratch>());
  const size_t found = index.ef_construction_ + index.maxM0_ + 1;
  scratch_bytes = 0;
  for (const auto& scratch : free_scratches) {
    scratch->search.Begin(index.cur_element_count);
    scratch->search.MakeRoom(index.maxM0_);
    scratch->search.pool.reserve(found);
    scratch->search.fresh.reserve(index.maxM0_);
    scratch->links.reserve(index.maxM0_);
    scratch->others.reserve(index.maxM0_);
    scratch->candidates.reserve(found);
    scratch->passed_over.reserve(found);
    if (codec != nullptr && !scratch->coded) scratch->coded = codec->NewQuery();
    scratch_bytes += scratch->search.bytes();
  }
}

std::unique_ptr<HnswGraph::LinkScratch> HnswGraph::TakeScratch() {
  const std::lock_guard<std::mutex> lock(scratch_mutex);
  std::unique_ptr<LinkScratch> scratch = std::move(free_scratches.back());
  free_scratches.pop_back();
  return scratch;
}

void HnswGraph::GiveScratch(std::unique_ptr<LinkScratch> scratch) {
  const std::lock_guard<std::mutex> lock(scratch_mutex);
  free_scratches.push_back(std::move(scratch));
}

}  // namespace ruvector
