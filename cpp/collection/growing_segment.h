// The rows since the last sealing, in memory: appended, then linked into the graph.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collection/id_table.h"
#include "collection/segment.h"
#include "index/hnsw_builder.h"
#include "storage/manifest.h"
#include "storage/segment_file.h"

namespace ruvector {

class RowCoder;
struct InvertedLists;
class SealedSegment;

/// Threads: everything not const needs exclusive access.
class GrowingSegment : public Segment {
 public:
  GrowingSegment(const MetricSpace& space, const HnswParameters& parameters);

  /// A growing copy of a sealed segment, graph and deleted rows included; nothing is linked anew.
  /// Throws kCorrupt.
  static std::unique_ptr<GrowingSegment> Thaw(const SealedSegment& sealed,
                                              const HnswParameters& parameters);

  /// Makes room for `rows` further rows and their texts, so that Append and Publish cannot fail.
  /// Throws std::bad_alloc and changes nothing.
  void Reserve(size_t rows, size_t id_bytes = 0, size_t metadata_bytes = 0);
  /// Adds a row that nobody sees yet. `number`: above those of the rows before it.
  Slot Append(std::string_view id, std::string_view metadata, const float* vector, uint64_t number);
  /// The row becomes the one of its id. Needs an earlier Reserve.
  void Publish(Slot slot) noexcept;
  void SetMetadata(Slot slot, std::string_view metadata);
  /// Fields that are to have an index in the file.
  void WantFieldIndexes(const std::vector<std::string>& paths) { field_indexes_.Want(paths); }
  /// Has the recall of walks measured when it is written.
  void WantRecall() { wants_recall_ = true; }
  /// Links rows up to `end`.
  void Link(size_t end, size_t threads) { builder_.LinkRange(end, threads); }

  // Taking over rows of other segments, in an empty one (hnsw_builder.h): BeginRestore, then for
  // each row in order Restore (with its links) or Append, and Publish; EndRestore if there was a
  // Restore; LinkMissing until it returns 0.
  void BeginRestore(size_t rows, size_t id_bytes, size_t metadata_bytes);
  Slot Restore(std::string_view id, std::string_view metadata, const float* vector, uint64_t number,
               const std::vector<NeighborList>& levels, Slot twin);
  void EndRestore(Slot entry, int max_level, bool repaired) {
    builder_.EndRestore(entry, max_level, repaired);
  }
  size_t LinkMissing(size_t rows, size_t threads) { return builder_.LinkMissing(rows, threads); }

  /// Heap bytes after a Reserve of the same arguments.
  size_t BytesAfterReserve(size_t rows, size_t id_bytes, size_t metadata_bytes) const;

  /// All rows as a segment file, which names its collection for whoever has lost the manifest.
  /// With codes of `coder` instead of its own, and with `lists`, if there are any; lists have no
  /// codes but those. `coded_for`: as the file's Segment::coded_for.
  std::vector<FileRef> WriteTo(Directory& directory, const DatabaseId& database, uint64_t segment,
                               const CollectionEntry& collection, const RowCoder* coder = nullptr,
                               const InvertedLists* lists = nullptr,
                               std::optional<Quantization> coded_for = {}) const;

  size_t rows() const override { return builder_.rows(); }
  size_t linked() const override { return builder_.linked(); }
  const MetricSpace& space() const override { return space_; }
  std::string_view Id(Slot slot) const override { return Text(ids_, slot); }
  std::string_view Metadata(Slot slot) const override { return Text(metadata_, slot); }
  const float* Vector(Slot slot) const override { return builder_.Vector(slot); }
  float Scalar(Slot slot) const { return builder_.Scalar(slot); }
  void Prefetch(Slot slot) const { builder_.Prefetch(slot); }
  uint64_t Number(Slot slot) const override { return numbers_[slot]; }
  const Quantization& quantization() const override { return builder_.quantization(); }
  Slot Find(std::string_view id) const override;
  void SearchLinked(LinkedSearch& search) const override;
  void Scan(std::span<RowScan> scans) const override;
  size_t heap_bytes() const override;

 private:
  struct Span {
    uint64_t offset;
    uint32_t bytes;
  };
  struct Texts {
    std::string bytes;
    std::vector<Span> spans;  // [rows]
  };
  static std::string_view Text(const Texts& texts, Slot slot) {
    const Span& span = texts.spans[slot];
    return std::string_view(texts.bytes).substr(static_cast<size_t>(span.offset), span.bytes);
  }
  static void AppendText(Texts& texts, std::string_view text);
  void AppendTexts(std::string_view id, std::string_view metadata, uint64_t number);

  MetricSpace space_;
  HnswBuilder builder_;
  Texts ids_;
  Texts metadata_;
  std::vector<uint64_t> numbers_;  // [rows]
  IdTable table_;
  bool wants_recall_ = false;
};

}  // namespace ruvector
