// Rows on disk, mapped: searched where they lie, never changed but for which of them are live.
// Every block is checked when it is first touched and every slot read from the file is compared
// with the row count, so that a damaged or hostile file gives CORRUPT.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "collection/id_table.h"
#include "collection/segment.h"
#include "core/coding.h"
#include "index/graph_search.h"
#include "index/scorer.h"
#include "quant/quantization.h"
#include "storage/manifest.h"
#include "storage/segment_file.h"

namespace ruvector {

/// About as many as rows have with 16 links each (m).
inline constexpr size_t kPrefetchedLinks = 24;

class SealedSegment : public Segment {
 public:
  /// `vectors_in_memory`: false, and walks by codes read the vectors they need from the file; who
  /// takes them by Vector has kMostMappedBytes of them mapped at a time. Throws kCorrupt, kIo.
  SealedSegment(Directory& directory, const DatabaseId& database, const SegmentEntry& entry,
                const MetricSpace& space, size_t m, bool vectors_in_memory = true);

  const SegmentEntry& manifest_entry() const { return entry_; }
  SegmentEntry& manifest_entry() { return entry_; }
  const MetricSpace& space() const override { return space_; }
  const SegmentReader& file() const { return *reader_; }

  size_t rows() const override { return rows_; }
  size_t linked() const override { return linked_; }
  size_t lists() const override { return lists_; }
  const Quantization& quantization() const override { return quantization_; }
  std::optional<Quantization> coded_for() const override { return coded_for_; }
  uint64_t bytes() const { return reader_->size(); }
  std::string_view Id(Slot slot) const override { return Text(id_offsets_, ids_, slot); }
  std::string_view Metadata(Slot slot) const override {
    return Text(metadata_offsets_, metadata_, slot);
  }
  const float* Vector(Slot slot) const override {
    if (vectors_.on_disk()) [[unlikely]]
      vectors_.MappedRow(slot);
    return reinterpret_cast<const float*>(vectors_.Row(slot));
  }
  bool vectors_on_disk() const override { return vectors_.on_disk(); }
  const float* FetchVector(Slot slot, std::vector<float>& room) const override;
  uint64_t Number(Slot slot) const override { return LoadU64(numbers_.Row(slot)); }
  /// Throws kCorrupt naming the file.
  [[noreturn]] void Damaged(const char* detail) const;
  float Scalar(Slot slot) const {
    // Of other metrics it is 0, and need not be read.
    return space_.metric() == Metric::kCosine ? StoredScalar(slot) : 0;
  }
  float StoredScalar(Slot slot) const {
    float scalar;
    std::memcpy(&scalar, scalars_.Row(slot), sizeof scalar);
    return scalar;
  }
  Slot Find(std::string_view id) const override;
  void SearchLinked(LinkedSearch& search) const override;
  void Scan(std::span<RowScan> scans) const override;
  size_t heap_bytes() const override {
    return reader_->heap_bytes() + live_.words().size() * 8 + parameter_bytes_;
  }

  // A View for graph_search.h.
  Slot entry() const { return entry_slot_; }
  int max_level() const { return max_level_; }
  /// The neighbours of a linked row that has this level, each of them a linked row.
  NeighborList Links(Slot slot, int level) const;
  /// The same, each of which has this level too.
  NeighborList CheckedLinks(Slot slot, int level) const;
  Slot Twin(Slot slot) const;
  void Prefetch(Slot slot) const {
    if (!vectors_.on_disk()) vectors_.Prefetch(slot);
  }
  void WillFetch(Slot slot) const {
    vectors_.on_disk() ? vectors_.WillCopyRow(slot) : vectors_.Prefetch(slot);
  }
  void PrefetchPlace(Slot slot) const {
    if (packed_) link_offsets_.Prefetch(slot);
  }
  void PrefetchLinks(Slot slot) const {
    if (!packed_) return links_.Prefetch(slot);
    const uint64_t begin = LoadU32(link_offsets_.UncheckedRow(slot));
    links_.PrefetchRows(static_cast<size_t>(std::min(begin, link_words_)), kPrefetchedLinks);
  }
  const Codec* codec() const { return codec_.get(); }
  const uint8_t* Code(Slot slot) const { return codes_.Row(slot); }
  float Length(Slot slot) const {
    float length;
    std::memcpy(&length, lengths_.Row(slot), sizeof length);
    return length;
  }
  void PrefetchLength(Slot slot) const { lengths_.Prefetch(slot); }
  void PrefetchCode(Slot slot) const { codes_.Prefetch(slot, kPrefetchedCodeBytes); }
  const Codec* fine_codec() const { return fine_codec_.get(); }
  const uint8_t* FineCode(Slot slot) const { return fine_codes_.Row(slot); }
  void PrefetchFineCode(Slot slot) const { fine_codes_.Prefetch(slot, kPrefetchedCodeBytes); }

  // A View for list_search.h; where rows lie in lists, codes lie by position.
  const float* Centroid(size_t list) const {
    return reinterpret_cast<const float*>(centroids_.Row(list));
  }
  std::pair<uint32_t, uint32_t> List(size_t list) const {
    const uint32_t begin = LoadU32(list_offsets_.Row(list));
    const uint32_t end = LoadU32(list_offsets_.Row(list + 1));
    if (end < begin || end > rows_) Damaged("a list lies outside the rows");
    return {begin, end};
  }
  Slot SlotAt(uint32_t position) const {
    const Slot slot = LoadU32(listed_.Row(position));
    if (slot >= rows_) Damaged("a list names a row that is not in the segment");
    return slot;
  }
  const uint8_t* CodeAt(uint32_t position) const { return codes_.Row(position); }
  float LengthAt(uint32_t position) const { return Length(position); }
  const uint8_t* FineCodeAt(uint32_t position) const { return fine_codes_.Row(position); }

  int LevelOf(Slot slot) const;
  size_t MostLinks(int level) const { return level == 0 ? 2 * m_ : m_; }

 private:
  std::string_view Text(const Section& offsets, const Section& bytes, Slot slot) const;
  uint32_t UpperOffset(Slot slot) const;
  struct Span {
    uint32_t begin, n;
  };
  /// Of a row's neighbours on level 0, in links_.
  Span PackedLinks(Slot slot) const {
    const uint32_t begin = LoadU32(link_offsets_.Row(slot));
    const uint32_t end = LoadU32(link_offsets_.Row(slot + 1));
    if (end < begin || end - begin > 2 * m_ || end > link_words_) [[unlikely]]
      Damaged("links lie outside their section");
    return {begin, end - begin};
  }

  SegmentEntry entry_;
  MetricSpace space_;
  std::string what_;
  std::unique_ptr<SegmentReader> reader_;
  size_t rows_ = 0;
  size_t linked_ = 0;
  size_t lists_ = 0;
  size_t m_ = 0;
  Slot entry_slot_ = 0;
  int max_level_ = 0;
  size_t id_capacity_ = 0;
  Section id_offsets_, ids_, id_table_, vectors_, scalars_, metadata_offsets_, metadata_;
  bool packed_ = false;      // links_ holds neighbours without gaps, not a row of fixed length
  uint64_t link_words_ = 0;  // that it holds then
  Section link_offsets_;     // where each row's begin
  Section links_, upper_offsets_, upper_links_, twins_, numbers_;
  Quantization quantization_ = Quantization::kNone;
  std::optional<Quantization> coded_for_;
  std::unique_ptr<Codec> codec_, fine_codec_;
  size_t parameter_bytes_ = 0;  // about what the codec keeps of them
  Section codes_, lengths_, fine_codes_;
  Section centroids_, list_offsets_, listed_;
};

}  // namespace ruvector
