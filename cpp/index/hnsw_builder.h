// A growing HNSW graph and the rows in it: rows are appended first and linked later, so that a row
// is durable and searchable (by scanning) before its links exist. The graph is hnswlib's: links,
// scalar and vector of a row side by side in its memory. Source: Malkov & Yashunin 2018, Algorithm
// 1, arXiv:1603.09320.
//
// Differences to hnswlib's own addPoint: linking a row allocates nothing, so that it cannot stop
// half way; slots are given by the caller's order also when several threads link; levels come from
// a seeded hash of the slot, so that the same input gives the same graph; rows with the very same
// vector share one node of the graph (a chain of twins), since thousands of them would otherwise
// link only to each other and cut the graph.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "core/bitset.h"
#include "core/line_allocator.h"
#include "core/prefetch.h"
#include "core/types.h"
#include "index/graph_search.h"
#include "index/metric_space.h"
#include "index/scorer.h"
#include "quant/quantization.h"

namespace ruvector {

struct HnswParameters {
  size_t m = 16;  ///< links of a row above level 0, 2 … 512; level 0 has twice as many
  size_t ef_construction = 200;                     ///< candidates looked at per row, 1 … 65,536
  uint64_t seed = 42;                               ///< of the levels
  Quantization quantization = Quantization::kNone;  ///< of rows; resolved, learns nothing
};

inline constexpr int kMaxGraphLevel = 32;

struct HnswGraph;  // hnsw_graph.h

/// Threads: Append, Reserve, Restore* and Link need exclusive access (LinkRange brings its own
/// threads); everything const may run concurrently.
class HnswBuilder {
 public:
  HnswBuilder(const MetricSpace& space, const HnswParameters& parameters);
  ~HnswBuilder();

  size_t rows() const { return rows_; }
  size_t linked() const { return linked_; }
  size_t m() const { return parameters_.m; }
  const Quantization& quantization() const { return parameters_.quantization; }

  /// Makes room for `rows` in all. Throws std::bad_alloc and changes nothing.
  void Reserve(size_t rows);
  /// Copies a row in, [dimensions] finite floats; not linked yet. Returns its slot.
  Slot Append(const float* vector);
  /// Links rows linked() … end - 1 on up to `threads` threads (one thread: the same graph every
  /// time). Throws std::bad_alloc and links none.
  void LinkRange(size_t end, size_t threads);

  const float* Vector(Slot slot) const { return Data(slot) + 1; }
  float Scalar(Slot slot) const { return Data(slot)[0]; }

  // A View of the linked rows, for graph_search.h.
  Slot entry() const;
  int max_level() const;
  NeighborList Links(Slot slot, int level) const {
    if (level > 0) return UpperLinks(slot, level);
    const auto* list = reinterpret_cast<const uint32_t*>(rows_data_ + slot * row_bytes_);
    return {list + 1, list[0] & 0xffff};  // hnswlib keeps flags above the count
  }
  Slot Twin(Slot slot) const { return twins_.empty() ? kNoSlot : twins_[slot]; }
  int LevelOf(Slot slot) const;
  void Prefetch(Slot slot) const { PrefetchBytes(Data(slot), vector_bytes_); }
  const float* FetchVector(Slot slot, std::vector<float>&) const { return Vector(slot); }
  void WillFetch(Slot slot) const { Prefetch(slot); }
  void PrefetchPlace(Slot) const {}
  void PrefetchLinks(Slot slot) const {
    PrefetchBytes(rows_data_ + slot * row_bytes_, data_offset_);
  }

  // The rows coded, those that are linked; nullptr: they are not.
  const Codec* codec() const { return codec_.get(); }
  const uint8_t* Code(Slot slot) const { return codes_.data() + slot * code_bytes_; }
  float Length(Slot slot) const { return lengths_[slot]; }
  void PrefetchLength(Slot slot) const { PrefetchBytes(lengths_.data() + slot, 1); }
  void PrefetchCode(Slot slot) const {
    PrefetchBytes(Code(slot), std::min(code_bytes_, kPrefetchedCodeBytes));
  }

  // Finer ones besides: only sealed rows have them.
  const Codec* fine_codec() const { return nullptr; }
  const uint8_t* FineCode(Slot) const { return nullptr; }
  void PrefetchFineCode(Slot) const {}

  // Taking over a finished graph, in an empty builder: BeginRestore, then for every slot in order
  // RestoreRow (links of levels 0 …; none for a later twin) or, for a row that the graph does not
  // hold yet, Append; then EndRestore, if any row was restored, and LinkMissing until it returns 0.
  // Neighbours must be checked by the caller.
  void BeginRestore(size_t rows);
  void RestoreRow(const float* vector, const std::vector<NeighborList>& levels, Slot twin);
  /// `repaired`: links were taken away, so rows that can no longer be reached are linked anew.
  void EndRestore(Slot entry, int max_level, bool repaired);
  /// Links up to `rows` of the rows appended before the last restored one and of those that cannot
  /// be reached; linked() is 0 until none is left. Returns how many are.
  size_t LinkMissing(size_t rows, size_t threads);

  /// Heap bytes in use, and after Reserve(rows) and linking them.
  size_t bytes() const { return BytesOf(Capacity(), coded_ > 0); }
  size_t BytesAfterReserve(size_t rows) const { return BytesOf(GrownCapacity(rows), true); }

 private:
  // A row in hnswlib's memory: [links of level 0][scalar][vector].
  const float* Data(Slot slot) const {
    return reinterpret_cast<const float*>(rows_data_ + slot * row_bytes_ + data_offset_);
  }
  NeighborList UpperLinks(Slot slot, int level) const;
  size_t Capacity() const;
  size_t GrownCapacity(size_t rows) const;
  size_t BytesOf(size_t capacity, bool coded) const;
  int RandomLevel(Slot slot) const;
  void Encode(size_t end, size_t threads);
  template <typename F>
  void PrepareLinking(size_t begin, size_t end, size_t threads, const F& slot_of);
  void LinkOne(Slot slot) noexcept;
  void UnlinkUnreached();

  MetricSpace space_;
  HnswParameters parameters_;
  std::unique_ptr<HnswGraph> graph_;
  std::vector<Slot> twins_;  // [rows] once there is a first one
  std::unique_ptr<Codec> codec_;
  std::vector<uint8_t, LineAllocator<uint8_t>> codes_;  // [coded_ × code_bytes_]
  std::vector<float> lengths_;                          // [coded_], where the codec wants them
  size_t code_bytes_ = 0;
  size_t coded_ = 0;                 // rows, at least those linked
  const char* rows_data_ = nullptr;  // hnswlib's, which moves when it grows
  size_t row_bytes_ = 0;
  size_t data_offset_ = 0;
  size_t vector_bytes_ = 0;
  size_t rows_ = 0;
  size_t linked_ = 0;
  size_t restored_end_ = 0;    // after the last restored row
  std::vector<Slot> missing_;  // rows of a restored graph without links
};

}  // namespace ruvector
