#include "index/hnsw_builder.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/large_pages.h"
#include "core/parallel.h"
#include "core/random.h"
#include "index/hnsw_graph.h"

namespace ruvector {
namespace {

// Zeroed, and one link longer than it says: hnswlib prefetches past the last one.
char* AllocateLinks(size_t bytes) {
  void* links = std::calloc(1, bytes + sizeof(hnswlib::tableint));
  if (links == nullptr) throw std::bad_alloc();
  return static_cast<char*>(links);
}

}  // namespace

HnswBuilder::HnswBuilder(const MetricSpace& space, const HnswParameters& parameters)
    : space_(space),
      parameters_(parameters),
      graph_(std::make_unique<HnswGraph>(space_, parameters)),
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
  if (const size_t bytes = Capacity() * code_bytes_; codes_.capacity() < bytes) {
    codes_.reserve(bytes);
    WantLargePages(codes_.data(), bytes);
  }
  if (codec_->wants_lengths()) {
    lengths_.reserve(Capacity());
    lengths_.resize(end);
  }
  codes_.resize(end * code_bytes_);
  ParallelFor(threads, begin, end, [this](size_t slot) {
    const auto row = static_cast<Slot>(slot);
    if (codec_->wants_lengths()) lengths_[slot] = codec_->Length(Vector(row), Scalar(row));
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
  graph_->ReserveScratches(std::max<size_t>(1, std::min(threads, end - begin)), codec_.get());
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

void HnswBuilder::LinkOne(Slot slot) noexcept {
  std::unique_ptr<HnswGraph::LinkScratch> scratch = graph_->TakeScratch();
  const RowCodes codes{codec_.get(), codes_.data(), code_bytes_,
                       lengths_.empty() ? nullptr : lengths_.data()};
  const Slot twin = graph_->Link(slot, codes, *scratch);
  graph_->GiveScratch(std::move(scratch));
  if (twin == kNoSlot) return;
  const std::lock_guard<std::mutex> lock(graph_->twin_mutex);
  Slot before = twin;  // the chain after its first row descends; a damaged one ends where not
  for (Slot bound = kNoSlot; twins_[before] < bound && twins_[before] > slot; before = bound)
    bound = twins_[before];
  twins_[slot] = twins_[before];
  twins_[before] = slot;
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
      index.size_data_per_element_ + sizeof(void*) + sizeof(int) + sizeof(ByteLock);
  const size_t code_bytes = code_bytes_ + (codec_ && codec_->wants_lengths() ? sizeof(float) : 0);
  return capacity * (per_row + (coded ? code_bytes : 0)) + twins_.capacity() * sizeof(Slot) +
         graph_->upper_bytes + graph_->scratch_bytes;
}

}  // namespace ruvector
