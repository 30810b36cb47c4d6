// The graph in hnswlib's memory and how one row is linked into it; for hnsw_*.cc only, the only
// files that see hnswlib.
#pragma once

#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <ostream>
#include <stdexcept>
#include <vector>

#include "core/byte_lock.h"
#include "index/candidate.h"
#include "index/hnsw_builder.h"
#include "index/metric_space.h"
#include "index/search_scratch.h"
#include "quant/codec.h"

namespace ruvector::hnsw_internal {
// hnswlib warns on a stream; streams cost 35 KB in WebAssembly, so this one swallows.
struct SilentStream {
  template <typename T>
  SilentStream& operator<<(const T&) {
    return *this;
  }
  SilentStream& operator<<(std::ostream& (*)(std::ostream&)) { return *this; }
};
[[maybe_unused]] inline SilentStream silent_stream;
}  // namespace ruvector::hnsw_internal

#define HNSWLIB_ERR_OVERRIDE ::ruvector::hnsw_internal::silent_stream
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

/// Codes of the rows being linked; none: walks go by the vectors.
struct RowCodes {
  const Codec* codec = nullptr;
  const uint8_t* rows = nullptr;  // [rows × bytes]
  size_t bytes = 0;
  const float* lengths = nullptr;  // [rows], where the codec wants them
};

struct HnswGraph {
  using Index = hnswlib::HierarchicalNSW<float>;

  /// What linking one row needs.
  struct LinkScratch {
    SearchScratch search;
    std::vector<Slot> links, others, passed_over;
    std::vector<Candidate> candidates;
    std::unique_ptr<CodedQuery> coded;
  };

  HnswGraph(const MetricSpace& space, const HnswParameters& p);
  /// Makes room for `capacity` rows, at least as many as there are. Throws std::bad_alloc: what has
  /// grown by then is larger than it says.
  void Grow(size_t capacity);
  /// Scratches for so many threads, with room for all that linking a row needs: LinkOne allocates
  /// nothing. Throws std::bad_alloc.
  void ReserveScratches(size_t threads, const Codec* codec);
  std::unique_ptr<LinkScratch> TakeScratch();
  void GiveScratch(std::unique_ptr<LinkScratch> scratch);

  /// Links a row that is in place, of a level that has its lists. A row that has the very same
  /// vector as another is not linked: that one is returned, else kNoSlot. Any thread.
  Slot Link(Slot slot, const RowCodes& codes, LinkScratch& scratch) noexcept;

  float* Data(Slot slot) { return reinterpret_cast<float*>(index.getDataByInternalId(slot)); }
  float DistanceTo(const float* data, Slot slot) {
    return index.fstdistfunc_(data, Data(slot), index.dist_func_param_);
  }

  std::unique_ptr<hnswlib::SpaceInterface<float>> row_space;
  Index index;
  std::vector<ByteLock> row_locks;  // of a row's links, on all levels; one at a time is held
  std::mutex twin_mutex, scratch_mutex;
  std::vector<std::unique_ptr<LinkScratch>> free_scratches;
  size_t upper_bytes = 0, scratch_bytes = 0;

 private:
  template <typename Distances>
  Slot Descend(const Distances& distances, Slot from, int from_level, int to_level,
               SearchScratch& scratch);
  template <typename Distances>
  void SearchLevel(const Distances& distances, Slot from, int level, SearchScratch& scratch);
  template <typename Distances>
  Slot LinkBy(const Distances& distances, Slot slot, LinkScratch& scratch);
  void SelectLinks(const std::vector<Candidate>& candidates, size_t most, std::vector<Slot>& chosen,
                   std::vector<Slot>& passed_over);
  void WriteLinks(Slot slot, int level, const std::vector<Slot>& links);
  Slot Connect(Slot slot, int level, LinkScratch& scratch);
  Slot FindTwin(const float* data, const SearchScratch& found);
};

}  // namespace ruvector
