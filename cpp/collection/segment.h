// Rows that are searched together: the growing segment in memory, or a sealed one on disk. A row
// keeps its slot; deleting only takes it out of `live`.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "collection/options.h"
#include "core/bitset.h"
#include "core/types.h"
#include "index/candidate.h"
#include "index/metric_space.h"
#include "index/recall_table.h"
#include "index/search_scratch.h"
#include "quant/quantization.h"
#include "query/filter_rows.h"

namespace ruvector {

/// One search of the linked or listed rows of a segment, and its answer.
struct LinkedSearch {
  const PreparedQuery* query;
  size_t ef;  ///< at least LeastList
  size_t limit;
  const Bitset* accept;          ///< rows that may be found
  Strategy strategy;             ///< kWalk, kFilteredWalk, kCodeScan; of lists kProbe
  SearchScratch* scratch;        ///< its own
  size_t reranked = 0;           ///< rows measured again by their vectors
  std::vector<Candidate> found;  ///< at least min(limit, those the graph reaches), closest first
  size_t nprobe = 0, least = 0;  ///< as SegmentPlan has them
  size_t probed = 0;             ///< lists read
};

/// A scan of a segment's rows, and its answer.
struct RowScan {
  const PreparedQuery* query;
  size_t limit;
  const Bitset* accept;  ///< rows that may be found
  Slot from;             ///< … from this one on
  size_t measured = 0;
  std::vector<Candidate> found;  ///< the `limit` closest, ties by id, closest first
};

class Segment {
 public:
  virtual ~Segment() = default;

  virtual size_t rows() const = 0;
  /// Rows 0 … linked - 1 are in the graph.
  virtual size_t linked() const = 0;
  /// Lists that all rows are grouped in; 0: they are not.
  virtual size_t lists() const { return 0; }
  /// Rows 0 … indexed - 1 are found by SearchLinked.
  size_t indexed() const { return lists() > 0 ? rows() : linked(); }
  virtual std::string_view Id(Slot slot) const = 0;
  /// JSON text, empty when the row has none.
  virtual std::string_view Metadata(Slot slot) const = 0;
  /// [dimensions], where they lie.
  virtual const float* Vector(Slot slot) const = 0;
  /// Do vectors stay on disk, so that Vector is for those who need many in a row?
  virtual bool vectors_on_disk() const { return false; }
  /// The same, read into `room` where vectors stay on disk.
  virtual const float* FetchVector(Slot slot, std::vector<float>& /*room*/) const {
    return Vector(slot);
  }
  /// The row's number in the collection: rows are numbered in order of insertion, also from one
  /// segment to the next, and keep their number when segments are merged.
  virtual uint64_t Number(Slot slot) const = 0;
  /// The codes that its indexed rows have.
  virtual const Quantization& quantization() const = 0;
  /// What was asked for when a look at all rows decided them (LooksAtRows); none: it did not.
  virtual std::optional<Quantization> coded_for() const { return std::nullopt; }
  /// The last row that had this id, live or not; kNoSlot.
  virtual Slot Find(std::string_view id) const = 0;

  /// Answers a search of the linked or listed rows.
  virtual void SearchLinked(LinkedSearch& search) const = 0;

  /// Answers scans, reading each row once for all of them.
  virtual void Scan(std::span<RowScan> scans) const = 0;

  virtual const MetricSpace& space() const = 0;

  /// How much walks of the graph, or probes of the lists, find that measure `rerank` rows again
  /// (PreparedQuery); measured when first asked for and when the graph has grown by half since.
  /// Throws kAborted, kTimeout.
  std::shared_ptr<const RecallTable> MeasuredRecall(const Interrupt* interrupt,
                                                    std::optional<size_t> rerank) const;
  /// The same of walks that measure as many rows again as is the default, if it is known; nullptr.
  std::shared_ptr<const RecallTable> KnownRecall() const;
  void KeepRecall(std::shared_ptr<const RecallTable> table) { recall_ = std::move(table); }

  /// Without those of field indexes.
  virtual size_t heap_bytes() const = 0;

  size_t field_index_bytes() const { return field_indexes_.bytes(); }
  void DropFieldIndexes() noexcept { field_indexes_.Clear(); }
  const FieldIndexes& field_indexes() const { return field_indexes_; }

  /// Live rows that match; nullptr: all. Indexes that are made meanwhile may take `room` bytes.
  Bitset Matches(const Filter* filter, size_t room, const Interrupt* interrupt,
                 FilterWork* work = nullptr) const {
    Bitset rows = live_;
    if (filter != nullptr) {
      const auto text = [this](Slot slot) { return Metadata(slot); };
      KeepMatching(*filter, text, field_indexes_, room, interrupt, rows, work);
    }
    return rows;
  }

  /// The first slot whose row has this number or a higher one; rows() when there is none.
  size_t FirstSlot(uint64_t number) const {
    size_t low = 0, high = rows();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (Number(static_cast<Slot>(middle)) < number) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  const Bitset& live() const { return live_; }
  size_t live_count() const { return live_count_; }
  /// The row leaves; false when it was not live.
  bool Retire(Slot slot) noexcept {
    if (!live_.Contains(slot)) return false;
    live_.Reset(slot);
    --live_count_;
    tombstones_changed_ = true;
    return true;
  }
  /// Rows retired since the last checkpoint?
  bool tombstones_changed() const { return tombstones_changed_; }
  void set_tombstones_changed(bool changed) { tombstones_changed_ = changed; }

 protected:
  Bitset live_;
  size_t live_count_ = 0;
  bool tombstones_changed_ = false;
  mutable FieldIndexes field_indexes_;

 private:
  mutable std::mutex recall_mutex_;
  mutable std::shared_ptr<const RecallTable> recall_;
  mutable std::optional<size_t> recall_rerank_;  // that it was measured with
};

}  // namespace ruvector
