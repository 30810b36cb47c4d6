// A set of vectors under one metric: orders the work of its segments. What is durable is the
// Database's business; a Collection applies committed transactions and answers questions.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collection/growing_segment.h"
#include "collection/options.h"
#include "collection/projection.h"
#include "collection/sealed_segment.h"
#include "collection/segment_merge.h"
#include "core/fair_mutex.h"
#include "storage/manifest.h"

namespace ruvector {

class Collection;

/// One step of a transaction. Views live as long as the call.
struct Operation {
  enum class Kind { kPut, kDelete, kClear, kSetMetadata };
  Kind kind = Kind::kPut;
  std::string_view id;
  std::string_view metadata;         ///< JSON text, empty: none
  const float* vector = nullptr;     ///< [dimensions] for kPut
  Collection* collection = nullptr;  ///< where; none: the database's default one
};

struct CollectionStats {
  size_t count = 0;
  size_t deleted = 0;  ///< rows that are kept but no longer live
  size_t segments = 0;
  size_t linked = 0;   ///< rows reached through a graph
  size_t lists = 0;    ///< of all segments
  size_t pending = 0;  ///< rows that wait to be linked and are scanned meanwhile
  size_t memory_bytes = 0;
  std::vector<std::shared_ptr<const RecallTable>> recall;  ///< of segments where it was measured
  /// The codes that rows in graphs and lists really have, and of how many.
  std::vector<std::pair<Quantization, size_t>> coded;
};

/// Rows after a cursor, in order of insertion.
struct ScanPage {
  std::vector<Row> rows;
  std::optional<uint64_t> cursor;  ///< where the next page starts; none at the end
};

/// Neighbouring sealed segments, in order of their rows.
using SegmentRun = std::vector<std::shared_ptr<SealedSegment>>;

/// Threads: const methods run concurrently with each other and with one writer. Everything else but
/// LinkPending is for one writer at a time.
class Collection {
 public:
  /// `entry` without its segments.
  Collection(CollectionEntry entry, const CollectionOptions& options);

  uint32_t id() const { return entry_.id; }
  const std::string& name() const { return entry_.name; }
  /// What it was made with.
  const CollectionEntry& entry() const { return entry_; }
  const CollectionOptions& options() const { return options_; }
  const MetricSpace& space() const { return space_; }
  /// As a manifest names it, with these segments.
  CollectionEntry Describe(std::vector<SegmentEntry> segments) const;
  /// No longer part of the database.
  bool dropped() const { return dropped_; }
  void set_dropped() { dropped_ = true; }
  /// Process memory that the rows take, as of the last change.
  size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

  /// Takes over the segments that a manifest names.
  void Load(Directory& directory, const DatabaseId& database,
            const std::vector<SegmentEntry>& segments);
  /// Shows from now on what `other` holds; for read-only collections.
  void TakeContents(Collection& other);
  /// Of searches that do not say.
  size_t ef_search() const { return ef_search_.load(std::memory_order_relaxed); }
  void set_ef_search(size_t ef) { ef_search_ = ef; }
  /// Of an inverted file, likewise; 0: DefaultProbes.
  size_t nprobe() const { return nprobe_.load(std::memory_order_relaxed); }
  void set_nprobe(size_t lists) { nprobe_ = lists; }

  // --- Writing. Of the operations, those of other collections are passed over.

  /// Does whatever may fail, so that Apply, after the commit, does not. Turns an update of metadata
  /// that has to move its row into a put, so that the log tells all by itself. Throws kCorrupt,
  /// std::bad_alloc; nothing is changed then.
  void Prepare(std::span<Operation> operations);
  /// Makes a committed transaction visible, all at once.
  void Apply(std::span<const Operation> operations);
  /// Process memory that the rows will take after Prepare and Apply.
  size_t BytesAfter(std::span<const Operation> operations) const;
  /// Links up to `rows` pending rows, if the index wants a graph at this size; readers get in
  /// between. Returns how many still wait. Any thread.
  size_t LinkPending(size_t rows, size_t threads);

  // --- Reading

  std::vector<Hit> Search(const SearchRequest& request) const;
  /// Several searches of one state, on up to `threads` threads, a few taking turns on each.
  std::vector<std::vector<Hit>> SearchBatch(std::span<const SearchRequest> requests,
                                            size_t threads) const;
  Explanation Explain(const SearchRequest& request) const;
  std::optional<Row> Get(std::string_view id, bool with_vector) const;
  /// With vectors, in the order of the ids, of one state.
  std::vector<std::optional<Row>> GetMany(std::span<const std::string_view> ids) const;
  bool Has(std::string_view id) const;
  size_t Count(const Filter* filter) const;
  std::vector<std::string> MatchingIds(const Filter& filter) const;
  /// Rows from the one of number `cursor` on.
  ScanPage Scan(uint64_t cursor, size_t limit, const Filter* filter, bool with_vectors) const;
  CollectionStats Stats() const;
  /// Matching rows in the two directions that tell them apart best (collection_projection.cc).
  /// Throws kCorrupt, kAborted, kTimeout.
  ProjectedRows Project(const ProjectionRequest& request) const;

  // --- Checkpoint

  /// Writes what changed since the last checkpoint and returns the segments as a manifest names
  /// them. `seal`: the growing segment becomes a sealed one, whatever its size. Throws kIo; nothing
  /// is changed until CheckpointDone.
  std::vector<SegmentEntry> WriteSegments(Directory& directory, const DatabaseId& database,
                                          uint64_t& next_segment, bool seal);
  /// The manifest with those segments is durable.
  void CheckpointDone(std::vector<SegmentEntry> segments) noexcept;
  /// The sealed segments, as the last manifest names them.
  std::vector<SegmentEntry> SealedEntries() const;
  /// Copies every segment into another folder, deleted rows marked; `next_segment` is the id that
  /// the next new one gets.
  std::vector<SegmentEntry> CopySegments(Directory& target, const DatabaseId& database,
                                         uint64_t& next_segment) const;
  /// Rows linked since the last checkpoint: without another one they would be linked again after
  /// opening.
  size_t UnsavedLinks() const;
  /// Bytes that a rewrite of the growing segment would take.
  size_t GrowingBytes() const;

  // --- Merging (collection_merge.cc)

  /// Has the growing segment so many deleted rows, or of an inverted file so many rows, that it
  /// should be sealed and merged?
  bool WorthSealing() const;
  /// Has it to be sealed before a compaction? Not so if all rows are in it and none is deleted.
  bool SealsToCompact() const;
  /// The run that is most worth merging now; empty: none.
  SegmentRun RunToMerge() const;
  /// All that can be merged or freed of deleted rows.
  std::vector<SegmentRun> RunsToCompact() const;
  std::unique_ptr<SegmentMerge> StartMerge(const SegmentRun& run) const;
  /// Are the merge's inputs still there?
  bool CanInstall(const SegmentMerge& merge) const;
  /// May the result take further rows? Nothing comes after it then, and it is small enough.
  bool CanGrow(const SegmentMerge& merge, uint64_t bytes) const;
  /// Puts the result in the place of the inputs; none: no row is left.
  void Install(const SegmentMerge& merge, std::shared_ptr<SealedSegment> result);

 private:
  struct Located {
    Segment* segment;
    Slot slot;
  };

  std::optional<Located> Locate(std::string_view id) const;
  /// Index behind the last clear of this collection: what was asked for before it has no effect.
  size_t AfterClear(std::span<const Operation> operations) const;
  void RequireGrowing();
  bool WantsLinks(size_t rows) const;
  /// The lists that a sealed segment of so many rows is to have; 0: none.
  size_t ListsOf(size_t rows) const;
  /// In a growing segment, about.
  uint64_t RowBytes() const;
  /// Beyond this a growing segment is sealed.
  uint64_t SealBytes() const;
  /// Is a sealed segment of so many rows to have a graph or lists?
  bool WantsIndex(size_t rows) const;
  /// The codes that it is to have; kAuto: those that are measured to do.
  Quantization CodingOf(size_t rows) const;
  /// Would a merge of the segment, with so many rows left, give them other codes, as far as is
  /// known?
  bool WantsOtherCodes(const Segment& segment, size_t rows) const;
  void Retire(std::string_view id);
  void MeasureMemory();
  size_t RoomForFieldIndexes() const;
  size_t LiveBytes(const Segment& segment) const;
  size_t FindRun(const SegmentMerge& merge) const;
  /// In order of insertion of their rows. Needs the lock.
  template <typename F>
  void ForEachSegment(F&& f) const {
    for (const auto& segment : sealed_) f(*segment);
    if (thawable_) f(*thawable_);
    if (growing_) f(*growing_);
  }
  struct Part;
  struct Running;
  void Begin(Running& running) const;
  void SearchSegment(std::span<Running> searches, size_t part) const;
  void ScanAll(Running& running) const;
  std::vector<Hit> Finish(Running& running) const;
  void Run(std::span<Running> searches) const;
  static Row ReadRow(const Segment& segment, Slot slot, bool with_vector, size_t dimensions);

  const CollectionEntry entry_;
  CollectionOptions options_;
  MetricSpace space_;
  std::atomic<bool> dropped_{false};
  std::atomic<size_t> memory_bytes_{0};
  std::atomic<size_t> ef_search_;
  std::atomic<size_t> nprobe_;
  // Held while the growing segment's rows or links are changed or written out, so that whoever
  // writes it out waits here and not before the searches' lock.
  mutable std::mutex growing_mutex_;
  mutable FairMutex mutex_;  // guards everything below; searches share it
  SegmentRun sealed_;
  std::shared_ptr<SealedSegment>
      thawable_;  // the growing segment as last checkpointed, until somebody writes
  std::unique_ptr<GrowingSegment> growing_;
  // Prepared for a transaction that clears, with room for what it puts afterwards; the writer's
  // own.
  std::unique_ptr<GrowingSegment> cleared_;
  std::shared_ptr<SealedSegment> written_;  // what the growing one becomes with CheckpointDone
  SegmentEntry growing_entry_;              // of the growing segment's last checkpoint; id 0: none
  uint64_t next_row_ = 0;                   // number of the next row
  size_t saved_links_ = 0;                  // linked rows in that checkpoint
  bool growing_changed_ = false;            // since that checkpoint
  mutable ScratchPool scratches_;
  std::vector<Slot> slots_;  // of the transaction being applied; the writer's own
};

}  // namespace ruvector
