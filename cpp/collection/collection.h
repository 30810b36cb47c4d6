// A set of vectors under one metric: orders the work of its segments. What is durable is the
// Database's business; a Collection applies committed transactions and answers questions.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collection/growing_segment.h"
#include "collection/options.h"
#include "collection/sealed_segment.h"
#include "core/fair_mutex.h"
#include "storage/manifest.h"

namespace ruvector {

/// One step of a transaction. Views live as long as the call.
struct Operation {
  enum class Kind { kPut, kDelete, kClear, kSetMetadata };
  Kind kind = Kind::kPut;
  std::string_view id;
  std::string_view metadata;      ///< JSON text, empty: none
  const float* vector = nullptr;  ///< [dimensions] for kPut
};

struct CollectionStats {
  size_t count = 0;
  size_t deleted = 0;  ///< rows that are kept but no longer live
  size_t segments = 0;
  size_t linked = 0;   ///< rows reached through a graph
  size_t pending = 0;  ///< rows that wait to be linked and are scanned meanwhile
  size_t memory_bytes = 0;
};

/// Rows after a cursor, in order of insertion.
struct ScanPage {
  std::vector<Row> rows;
  std::optional<uint64_t> cursor;  ///< where the next page starts; none at the end
};

/// Threads: const methods run concurrently with each other and with one writer. Prepare, Apply and
/// the checkpoint methods are for one writer at a time.
class Collection {
 public:
  Collection(uint32_t id, std::string name, const CollectionOptions& options);

  uint32_t id() const { return id_; }
  const std::string& name() const { return name_; }
  const CollectionOptions& options() const { return options_; }
  const MetricSpace& space() const { return space_; }

  /// Takes over the segments that a manifest names.
  void Load(Directory& directory, const DatabaseId& database,
            const std::vector<SegmentEntry>& segments);

  /// Does whatever may fail for want of memory, so that Apply, after the commit, does not. Throws
  /// std::bad_alloc and changes nothing.
  void Prepare(std::span<const Operation> operations);
  /// Makes a committed transaction visible, all at once.
  void Apply(std::span<const Operation> operations);
  /// Links up to `rows` pending rows, if the index wants a graph at this size; readers get in
  /// between. Returns how many still wait.
  size_t LinkPending(size_t rows, size_t threads);

  std::vector<Hit> Search(const SearchRequest& request) const;
  std::optional<Row> Get(std::string_view id, bool with_vector) const;
  bool Has(std::string_view id) const;
  size_t Count(const Filter* filter) const;
  std::vector<std::string> MatchingIds(const Filter& filter) const;
  ScanPage Scan(uint64_t cursor, size_t limit, const Filter* filter, bool with_vectors) const;
  CollectionStats Stats() const;

  /// Writes what changed since the last checkpoint and returns the segments as a manifest names
  /// them. Throws kIo; nothing is changed until CheckpointDone.
  std::vector<SegmentEntry> WriteSegments(Directory& directory, const DatabaseId& database,
                                          uint64_t& next_segment);
  /// The manifest with those segments is durable.
  void CheckpointDone(Directory& directory, const DatabaseId& database,
                      const std::vector<SegmentEntry>& segments);
  /// Copies every segment into another folder, deleted rows marked.
  std::vector<SegmentEntry> CopySegments(Directory& target, const DatabaseId& database) const;
  /// Rows linked since the last checkpoint: without another one they would be linked again after
  /// opening.
  size_t UnsavedLinks() const;
  /// Bytes that a rewrite of the growing segment would take.
  size_t GrowingBytes() const;

 private:
  struct Located {
    Segment* segment;
    Slot slot;
  };
  struct SegmentHit {
    float distance;
    const Segment* segment;
    Slot slot;
  };

  std::optional<Located> Locate(std::string_view id) const;
  void RequireGrowing();
  bool WantsLinks(const GrowingSegment& growing) const;
  void Retire(std::string_view id);
  /// In order of insertion of their rows. Needs the lock.
  template <typename F>
  void ForEachSegment(F&& f) const {
    for (const auto& segment : sealed_) f(*segment);
    if (thawable_) f(*thawable_);
    if (growing_) f(*growing_);
  }
  Bitset Matches(const Segment& segment, const Filter* filter) const;
  void SearchSegment(const Segment& segment, const PreparedQuery& query,
                     const SearchRequest& request, const Bitset& accept, size_t matches, bool exact,
                     std::vector<SegmentHit>& out) const;
  static Row ReadRow(const Segment& segment, Slot slot, bool with_vector, size_t dimensions);

  const uint32_t id_;
  const std::string name_;
  CollectionOptions options_;
  MetricSpace space_;
  mutable FairMutex mutex_;  // guards everything below; searches share it
  std::vector<std::unique_ptr<SealedSegment>> sealed_;
  std::unique_ptr<SealedSegment>
      thawable_;  // the growing segment as last checkpointed, until somebody writes
  std::unique_ptr<GrowingSegment> growing_;
  SegmentEntry growing_entry_;    // of the growing segment's last checkpoint; id 0: none
  size_t saved_links_ = 0;        // linked rows in that checkpoint
  bool growing_changed_ = false;  // since that checkpoint
  mutable ScratchPool scratches_;
  std::vector<Slot> slots_;  // of the transaction being applied; the writer's own
};

}  // namespace ruvector
