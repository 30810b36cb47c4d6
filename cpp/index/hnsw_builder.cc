#include "index/hnsw_builder.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>

#include "core/parallel.h"
#include "core/prefetch.h"
#include "core/random.h"

namespace ruvector {
namespace {
// hnswlib warns on a stream; streams cost 35 KB in WebAssembly, so this one swallows.
struct SilentStream {
  template <typename T>
  SilentStream& operator<<(const T&) {
    return *this;
  }
  SilentStream& operator<<(std::ostream& (*)(std::ostream&)) { return *this; }
};
[[maybe_unused]] SilentStream silent_stream;
}  // namespace
}  // namespace ruvector

#define HNSWLIB_ERR_OVERRIDE ::ruvector::silent_stream
#include <hnswlib/hnswlib.h>

// hnswlib's own file format is never used; without these two its file streams would be linked in.
namespace hnswlib {
template <>
inline void HierarchicalNSW<float>::saveIndex(const std::string&) {
  throw std::logic_error("hnswlib files are not used");
}
template <>
inline void HierarchicalNSW<float>::loadIndex(const std::string&, SpaceInterface<float>*, size_t) {
  throw std::logic_error("hnswlib files are not used");
}
}  // namespace hnswlib

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

// Zeroed, and one link longer than it says: hnswlib prefetches past the last one.
char* AllocateLinks(size_t bytes) {
  void* links = std::calloc(1, bytes + sizeof(hnswlib::tableint));
  if (links == nullptr) throw std::bad_alloc();
  return static_cast<char*>(links);
}

constexpr size_t kFirstCapacity = 64;
// Rounding between the distance of a vector to itself and to a copy, relative.
constexpr float kTwinTolerance = 1e-5f;

// What linking one row needs.
struct LinkScratch {
  SearchScratch search;
  std::vector<Slot> links, others, passed_over;
  std::vector<Candidate> candidates;
};

}  // namespace

struct HnswBuilder::Graph {
  using Index = hnswlib::HierarchicalNSW<float>;

  /// Does what hnswlib's longer constructor does, but for labels and visited lists: nobody uses
  /// them, they are large, and they leak where memory runs out.
  Graph(const MetricSpace& space, const HnswParameters& p) : row_space(space), index(&row_space) {
    index.data_size_ = row_space.get_data_size();
    index.fstdistfunc_ = row_space.get_dist_func();
    index.dist_func_param_ = row_space.get_dist_func_param();
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

  /// Makes room for `capacity` rows, at least as many as there are. Throws std::bad_alloc: what has
  /// grown by then is larger than it says.
  void Grow(size_t capacity) {
    index.element_levels_.resize(capacity);
    std::vector<std::mutex>(capacity).swap(index.link_list_locks_);
    const auto grow = [](auto*& array, size_t bytes) {
      void* grown = std::realloc(array, bytes);
      if (grown == nullptr) throw std::bad_alloc();
      array = static_cast<std::remove_reference_t<decltype(array)>>(grown);
    };
    grow(index.data_level0_memory_, capacity * index.size_data_per_element_);
    grow(index.linkLists_, capacity * sizeof(char*));
    index.max_elements_ = capacity;
  }

  float* Data(Slot slot) { return reinterpret_cast<float*>(index.getDataByInternalId(slot)); }
  float DistanceTo(const float* data, Slot slot) {
    return index.fstdistfunc_(data, Data(slot), index.dist_func_param_);
  }

  /// Greedy walk on levels from_level … to_level + 1.
  Slot Descend(const float* data, Slot from, int from_level, int to_level) {
    if (from_level <= to_level) return from;
    float best = DistanceTo(data, from);
    for (int level = from_level; level > to_level; --level) {
      for (bool moved = true; moved;) {
        const std::lock_guard<std::mutex> lock(index.link_list_locks_[from]);
        auto* links = index.get_linklist(from, level);
        const size_t count = index.getListCount(links);
        Slot closest = from;
        for (size_t i = 1; i <= count; ++i) {
          const float d = DistanceTo(data, links[i]);
          if (d < best) {
            best = d;
            closest = links[i];
          }
        }
        moved = closest != from;
        from = closest;
      }
    }
    return from;
  }

  /// Best-first walk on one level: the efConstruction closest rows it finds, closest first, into
  /// scratch.pool. Source: Algorithm 2; the list as in graph_search.h.
  void SearchLevel(const float* data, Slot from, int level, SearchScratch& scratch) {
    auto& pool = scratch.pool;
    scratch.Begin(index.cur_element_count);
    scratch.Visit(from);
    pool.assign(1, {DistanceTo(data, from), from & 0x7fffffffu, false});
    for (size_t next = 0; next < pool.size();) {
      if (pool[next].expanded) {
        ++next;
        continue;
      }
      pool[next].expanded = true;
      GatherUnvisited(pool[next].slot, level, scratch);
      scratch.fresh.clear();
      for (const Slot slot : scratch.unvisited)
        AddSorted(scratch.fresh, DistanceTo(data, slot), slot, pool, index.ef_construction_);
      next = std::min(next + 1, MergeSorted(pool, scratch.fresh, index.ef_construction_));
    }
  }

  void GatherUnvisited(Slot from, int level, SearchScratch& scratch) {
    scratch.unvisited.clear();
    const std::lock_guard<std::mutex> lock(index.link_list_locks_[from]);
    auto* links = index.get_linklist_at_level(from, level);
    const size_t count = index.getListCount(links);
    for (size_t i = 1; i <= count; ++i) {
      if (!scratch.Visit(links[i])) continue;
      scratch.unvisited.push_back(links[i]);
      PrefetchBytes(Data(links[i]), index.data_size_);
    }
  }

  /// Of candidates, closest first, those worth a link: each closer to the row than to any link
  /// chosen before it, so that links lead in different directions; then the closest of the others,
  /// up to M. Without those a single row near the middle of all others would keep each of them from
  /// linking to anything else (hnswlib does so: recall 0.3 instead of 0.98 on 2,500 Gaussian rows).
  /// Source: Malkov & Yashunin 2018, Algorithm 4 with keepPrunedConnections.
  void SelectLinks(const std::vector<Candidate>& candidates, size_t most, std::vector<Slot>& chosen,
                   std::vector<Slot>& passed_over) {
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

  void WriteLinks(Slot slot, int level, const std::vector<Slot>& links) {
    auto* list = index.get_linklist_at_level(slot, level);
    index.setListCount(list, static_cast<uint16_t>(links.size()));
    std::copy(links.begin(), links.end(), list + 1);
  }

  /// Links the row to the best of those found, and those back to it. Holds the row's own lock.
  /// Returns the closest.
  Slot Connect(Slot slot, int level, LinkScratch& scratch) {
    std::vector<Candidate>& candidates = scratch.candidates;
    candidates.clear();
    for (const auto& e : scratch.search.pool) candidates.push_back({e.distance, e.slot});
    SelectLinks(candidates, index.M_, scratch.links, scratch.passed_over);
    WriteLinks(slot, level, scratch.links);

    const size_t most = level == 0 ? index.maxM0_ : index.maxM_;
    for (const Slot neighbor : scratch.links) {
      const std::lock_guard<std::mutex> lock(index.link_list_locks_[neighbor]);
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
      std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
        return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
      });
      SelectLinks(candidates, most, scratch.others, scratch.passed_over);
      WriteLinks(neighbor, level, scratch.others);
    }
    return scratch.links.front();
  }

  /// The row among those found whose vector has the very same bytes, or kNoSlot.
  Slot FindTwin(const float* data, const SearchScratch& found) {
    const float self = index.fstdistfunc_(data, data, index.dist_func_param_);
    const float bound = self + kTwinTolerance * (1.0f + std::abs(self));
    const size_t bytes = index.data_size_ - sizeof(float);
    for (const auto& e : found.pool) {
      if (e.distance > bound) break;
      if (std::memcmp(data + 1, Data(e.slot) + 1, bytes) == 0) return e.slot;
    }
    return kNoSlot;
  }

  /// Scratches for so many threads, with room for all that linking a row needs: LinkOne allocates
  /// nothing. Throws std::bad_alloc.
  void ReserveScratches(size_t threads) {
    free_scratches.reserve(threads);
    while (free_scratches.size() < threads)
      free_scratches.push_back(std::make_unique<LinkScratch>());
    const size_t found = index.ef_construction_ + index.maxM0_ + 1;
    scratch_bytes = 0;
    for (const auto& scratch : free_scratches) {
      scratch->search.Begin(index.cur_element_count);
      scratch->search.pool.reserve(found);
      scratch->search.fresh.reserve(index.maxM0_);
      scratch->search.unvisited.reserve(index.maxM0_);
      scratch->links.reserve(index.M_);
      scratch->others.reserve(index.maxM0_);
      scratch->candidates.reserve(found);
      scratch->passed_over.reserve(found);
      scratch_bytes += scratch->search.bytes();
    }
  }
  std::unique_ptr<LinkScratch> TakeScratch() {
    const std::lock_guard<std::mutex> lock(scratch_mutex);
    std::unique_ptr<LinkScratch> scratch = std::move(free_scratches.back());
    free_scratches.pop_back();
    return scratch;
  }
  void GiveScratch(std::unique_ptr<LinkScratch> scratch) {
    const std::lock_guard<std::mutex> lock(scratch_mutex);
    free_scratches.push_back(std::move(scratch));
  }

  RowSpace row_space;
  Index index;
  std::mutex twin_mutex, scratch_mutex;
  std::vector<std::unique_ptr<LinkScratch>> free_scratches;
  size_t upper_bytes = 0, scratch_bytes = 0;
};

HnswBuilder::HnswBuilder(const MetricSpace& space, const HnswParameters& parameters)
    : space_(space),
      parameters_(parameters),
      graph_(std::make_unique<Graph>(space_, parameters)),
      rows_data_(graph_->index.data_level0_memory_),
      row_bytes_(graph_->index.size_data_per_element_),
      data_offset_(graph_->index.offsetData_),
      vector_bytes_(space.dimensions() * sizeof(float)) {
  codec_ = NewCodec(parameters.quantization, space.metric(), space.dimensions());
  if (codec_) code_bytes_ = codec_->row_bytes();
}

HnswBuilder::~HnswBuilder() = default;

void HnswBuilder::Reserve(size_t rows) {
  auto& index = graph_->index;
  const size_t capacity = GrownCapacity(rows);
  if (!twins_.empty()) twins_.reserve(capacity);
  if (rows <= index.max_elements_) return;
  if (capacity > 0x7fffffffu || capacity > SIZE_MAX / index.size_data_per_element_)
    throw std::bad_alloc();
  try {
    graph_->Grow(capacity);
  } catch (const std::bad_alloc&) {
    rows_data_ = index.data_level0_memory_;
    throw;
  }
  rows_data_ = index.data_level0_memory_;
}

Slot HnswBuilder::Append(const float* vector) {
  Reserve(rows_ + 1);
  const Slot slot = static_cast<Slot>(rows_);
  auto& index = graph_->index;
  std::memset(index.get_linklist0(slot), 0, index.size_links_level0_);
  float* data = graph_->Data(slot);
  data[0] = space_.ScalarOf(vector);
  std::memcpy(data + 1, vector, space_.dimensions() * sizeof(float));
  index.element_levels_[slot] = 0;
  index.linkLists_[slot] = nullptr;
  if (!twins_.empty()) twins_.push_back(kNoSlot);
  index.cur_element_count = ++rows_;
  return slot;
}

int HnswBuilder::RandomLevel(Slot slot) const {
  const uint64_t bits = SplitMix64(parameters_.seed + uint64_t{slot} * 0x9e3779b97f4a7c15u);
  const double uniform = (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
  const double level = -std::log(uniform) / std::log(static_cast<double>(parameters_.m));
  return level >= kMaxGraphLevel ? kMaxGraphLevel : static_cast<int>(level);
}

void HnswBuilder::LinkRange(size_t end, size_t threads) {
  end = std::min(end, rows_);
  if (linked_ >= end) return;
  Encode(end, threads);
  if (linked_ == 0) {
    auto& index = graph_->index;
    index.enterpoint_node_ = 0;
    index.maxlevel_ = 0;  // the first row needs no upper lists
    linked_ = 1;
    if (end == 1) return;
  }
  PrepareLinking(linked_, end, threads, [](size_t slot) { return static_cast<Slot>(slot); });
  ParallelFor(threads, linked_, end, [this](size_t slot) { LinkOne(static_cast<Slot>(slot)); });
  linked_ = end;
}

void HnswBuilder::Encode(size_t end, size_t threads) {
  const size_t begin = coded_;
  if (!codec_ || begin >= end) return;
  codes_.reserve(Capacity() * code_bytes_);
  codes_.resize(end * code_bytes_);
  ParallelFor(threads, begin, end, [this](size_t slot) {
    const auto row = static_cast<Slot>(slot);
    codec_->Encode(Vector(row), Scalar(row), codes_.data() + slot * code_bytes_);
  });
  coded_ = end;
}

// Everything that linking needs, so that it cannot fail half way: a row that is linked in part, or
// linked twice, would not be found, or found for ever.
template <typename F>
void HnswBuilder::PrepareLinking(size_t begin, size_t end, size_t threads, const F& slot_of) {
  auto& index = graph_->index;
  if (twins_.empty()) {
    twins_.reserve(Capacity());
    twins_.assign(rows_, kNoSlot);
  }
  graph_->ReserveScratches(std::max<size_t>(1, std::min(threads, end - begin)));
  for (size_t i = begin; i < end; ++i) {
    const Slot slot = slot_of(i);
    const int level = RandomLevel(slot);
    if (level == 0 || index.linkLists_[slot] != nullptr) continue;
    const size_t bytes = index.size_links_per_element_ * static_cast<size_t>(level);
    index.linkLists_[slot] = AllocateLinks(bytes);
    index.element_levels_[slot] = level;
    graph_->upper_bytes += bytes;
  }
}

// hnswlib's addPoint, for a row that is in place already. Level 0 is searched first, so that a twin
// is recognized before anything is linked.
void HnswBuilder::LinkOne(Slot slot) noexcept {
  auto& index = graph_->index;
  const float* data = graph_->Data(slot);
  const int level = index.element_levels_[slot];
  std::unique_ptr<LinkScratch> scratch = graph_->TakeScratch();
  SearchScratch& found = scratch->search;

  const std::lock_guard<std::mutex> row_lock(index.link_list_locks_[slot]);
  std::unique_lock<std::mutex> top_lock(index.global);
  const int top = index.maxlevel_;
  const Slot entry = index.enterpoint_node_;
  if (level <= top) top_lock.unlock();

  const Slot above = graph_->Descend(data, entry, top, level);
  const Slot base = graph_->Descend(data, above, std::min(level, top), 0);
  graph_->SearchLevel(data, base, 0, found);
  if (const Slot twin = graph_->FindTwin(data, found); twin != kNoSlot) {
    const std::lock_guard<std::mutex> lock(graph_->twin_mutex);
    Slot before = twin;  // the chain after its first row descends; a damaged one ends where not
    for (Slot bound = kNoSlot; twins_[before] < bound && twins_[before] > slot; before = bound)
      bound = twins_[before];
    twins_[slot] = twins_[before];
    twins_[before] = slot;
  } else {
    graph_->Connect(slot, 0, *scratch);
    Slot current = above;
    for (int l = std::min(level, top); l > 0; --l) {
      graph_->SearchLevel(data, current, l, found);
      current = graph_->Connect(slot, l, *scratch);
    }
    if (level > top) {
      index.enterpoint_node_ = slot;
      index.maxlevel_ = level;
    }
  }
  graph_->GiveScratch(std::move(scratch));
}

Slot HnswBuilder::entry() const { return graph_->index.enterpoint_node_; }
int HnswBuilder::max_level() const { return graph_->index.maxlevel_; }
int HnswBuilder::LevelOf(Slot slot) const { return graph_->index.element_levels_[slot]; }

NeighborList HnswBuilder::UpperLinks(Slot slot, int level) const {
  const auto& index = graph_->index;
  auto* links = index.get_linklist(slot, level);
  return {links + 1, index.getListCount(links)};
}

void HnswBuilder::BeginRestore(size_t rows) {
  Reserve(rows);
  twins_.reserve(rows);
}

void HnswBuilder::RestoreRow(const float* vector, const std::vector<NeighborList>& levels,
                             Slot twin) {
  for (; restored_end_ < rows_; ++restored_end_) {
    missing_.push_back(static_cast<Slot>(restored_end_));
  }
  const Slot slot = Append(vector);
  restored_end_ = rows_;
  twins_.resize(rows_, kNoSlot);
  twins_[slot] = twin;
  auto& index = graph_->index;
  for (size_t level = 0; level < levels.size(); ++level) {
    if (level == 1) {
      const size_t bytes = index.size_links_per_element_ * (levels.size() - 1);
      index.linkLists_[slot] = AllocateLinks(bytes);
      graph_->upper_bytes += bytes;
      index.element_levels_[slot] = static_cast<int>(levels.size() - 1);
    }
    auto* links = index.get_linklist_at_level(slot, static_cast<int>(level));
    index.setListCount(links, static_cast<uint16_t>(levels[level].count));
    std::copy_n(levels[level].begin, levels[level].count, links + 1);  // null when there are none
  }
  Encode(rows_, 1);
}

void HnswBuilder::EndRestore(Slot entry, int max_level, bool repaired) {
  graph_->index.enterpoint_node_ = entry;
  graph_->index.maxlevel_ = max_level;
  if (repaired) UnlinkUnreached();
  if (missing_.empty()) linked_ = restored_end_;
}

// A row whose neighbours are all gone would never be found again: what no walk from the entry can
// reach on any level loses its links, and is linked again like a new row.
void HnswBuilder::UnlinkUnreached() {
  auto& index = graph_->index;
  Bitset reached(rows_);
  std::vector<Slot> open;
  const auto reach = [&](Slot slot) {
    if (reached.Test(slot)) return;
    reached.Set(slot);
    open.push_back(slot);
  };
  reach(index.enterpoint_node_);
  while (!open.empty()) {
    const Slot slot = open.back();
    open.pop_back();
    for (int level = 0; level <= LevelOf(slot); ++level) {
      const NeighborList links = Links(slot, level);
      for (uint32_t i = 0; i < links.count; ++i) reach(links.begin[i]);
    }
  }
  for (const Slot slot : missing_) reached.Set(slot);
  for (Slot slot = 0; slot < restored_end_; ++slot) {
    if (reached.Test(slot)) {
      ForEachTwin(*this, slot, [&](Slot twin) {
        reached.Set(twin);
        return true;
      });
    }
  }
  for (Slot slot = 0; slot < restored_end_; ++slot) {
    if (reached.Test(slot)) continue;
    missing_.push_back(slot);
    twins_[slot] = kNoSlot;
    std::memset(index.get_linklist0(slot), 0, index.size_links_level0_);
    if (LevelOf(slot) == 0) continue;
    graph_->upper_bytes -= index.size_links_per_element_ * static_cast<size_t>(LevelOf(slot));
    std::free(index.linkLists_[slot]);
    index.linkLists_[slot] = nullptr;
    index.element_levels_[slot] = 0;
  }
}

size_t HnswBuilder::LinkMissing(size_t rows, size_t threads) {
  if (missing_.empty()) return 0;
  const size_t n = std::min(rows, missing_.size());
  const size_t begin = missing_.size() - n;
  PrepareLinking(begin, missing_.size(), threads, [this](size_t i) { return missing_[i]; });
  ParallelFor(threads, begin, missing_.size(), [this](size_t i) { LinkOne(missing_[i]); });
  missing_.resize(begin);
  if (missing_.empty()) linked_ = restored_end_;
  return missing_.size();
}

size_t HnswBuilder::Capacity() const { return graph_->index.max_elements_; }

size_t HnswBuilder::GrownCapacity(size_t rows) const {
  const size_t capacity = Capacity();
  return rows <= capacity ? capacity : std::max(rows, capacity + capacity / 2);
}

size_t HnswBuilder::BytesOf(size_t capacity, bool coded) const {
  const auto& index = graph_->index;
  const size_t per_row =
      index.size_data_per_element_ + sizeof(void*) + sizeof(int) + sizeof(std::mutex);
  return capacity * (per_row + (coded ? code_bytes_ : 0)) + twins_.capacity() * sizeof(Slot) +
         graph_->upper_bytes + graph_->scratch_bytes;
}

}  // namespace ruvector
