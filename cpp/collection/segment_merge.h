// Neighbouring sealed segments made into one without their deleted rows: the largest graph is taken
// over and mended where rows left it, the other rows are linked into it; or all rows are put into
// lists (index/list_builder.h).
#pragma once

#include <memory>
#include <vector>

#include "collection/growing_segment.h"
#include "collection/row_coder.h"
#include "collection/sealed_segment.h"
#include "index/graph_repair.h"
#include "index/list_builder.h"

namespace ruvector {

/// Works beside searches and writes: it reads what never changes. Not for concurrent use.
class SegmentMerge {
 public:
  struct Input {
    std::shared_ptr<SealedSegment> segment;
    Bitset live;  ///< when the merge began
  };

  /// The index that the result is to have: a graph, lists, or none.
  struct Plan {
    bool graph = false;
    size_t lists = 0;  ///< at most as many as rows
    Quantization coding = Quantization::kNone;
  };

  /// `inputs` in order of their rows. A graph whose codes no look at its rows decides has those of
  /// `hnsw`.
  SegmentMerge(const MetricSpace& space, const HnswParameters& hnsw, const Plan& plan,
               size_t threads, std::vector<Input> inputs);

  /// Does some milliseconds of the work; false when all is done. Throws kCorrupt, std::bad_alloc.
  bool Step();
  /// Rows copied, linked or listed, and coded, of all that have to be.
  size_t done() const { return copied_ + linked_ + listed_rows_ + coded_; }
  size_t total() const { return total_; }
  size_t rows() const { return rows_; }

  /// The result as a segment file, once Step has returned false.
  std::vector<FileRef> WriteTo(Directory& directory, const DatabaseId& database, uint64_t segment,
                               const CollectionEntry& collection) const {
    return result_->WriteTo(directory, database, segment, collection, coder_.get(),
                            plan_.lists > 0 ? &lists_ : nullptr, coded_for_);
  }
  /// Has the result what a growing segment cannot have: other codes, or lists?
  bool only_sealed() const { return coder_ != nullptr || plan_.lists > 0; }
  const std::vector<Input>& inputs() const { return inputs_; }
  /// The rows of the result that have left an input since the merge began. Needs the segments'
  /// lock.
  Bitset RetiredSince() const;

 private:
  using Repair = GraphRepair<SealedSegment>;

  void CopyRow(const Input& input, Slot slot);
  bool StepLists();
  bool StepCodes();

  std::vector<Input> inputs_;
  std::vector<std::vector<Slot>> places_;  // per input [rows]: the row's slot in the result
  size_t threads_;
  Plan plan_;
  const SealedSegment* base_ = nullptr;  // whose graph is taken over
  bool mended_ = false;                  // because rows have left it
  std::unique_ptr<GraphSurvivors> survivors_;
  std::unique_ptr<Repair> repair_;
  std::unique_ptr<GrowingSegment> result_;
  std::unique_ptr<SegmentRows> listed_;  // of the result, once all is copied
  std::unique_ptr<ListBuilder> list_builder_;
  InvertedLists lists_;
  std::unique_ptr<RowCoder> coder_;  // of the result, once all is linked or listed
  std::optional<Quantization> coded_for_;
  MetricSpace space_;
  uint64_t seed_;
  size_t rows_ = 0, total_ = 0, copied_ = 0, linked_ = 0, to_link_ = 0, coded_ = 0;
  size_t listed_rows_ = 0;
  size_t input_ = 0, slot_ = 0;  // the next row to copy
  Slot entry_ = kNoSlot;
  int max_level_ = -1;
  std::vector<std::vector<uint32_t>> links_;  // of the row being copied, by level
  std::vector<NeighborList> levels_;
};

}  // namespace ruvector
