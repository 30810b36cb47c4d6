// A segment on disk: named sections under block checksums. Knows nothing of what the sections mean.
// Bytes: FORMAT.md, Segment.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/bitset.h"
#include "core/prefetch.h"
#include "storage/file.h"
#include "storage/wal.h"

namespace ruvector {

enum class SectionKind : uint32_t {
  kInfo = 1,
  kIdOffsets = 2,
  kIds = 3,
  kIdTable = 4,
  kVectors = 5,
  kScalars = 6,
  kMetadataOffsets = 7,
  kMetadata = 8,
  kLinks = 9,
  kUpperOffsets = 10,
  kUpperLinks = 11,
  kTwins = 12,
  kNumbers = 13,
  kLinkOffsets = 14,
  kPackedLinks = 15,
  kCodes = 16,
  kCodeLengths = 17,
  kCodecParameters = 18,
  kFineCodes = 19,
  kCentroids = 20,
  kListOffsets = 21,
  kListedRows = 22,
  kFieldIndexes = 32,
};

/// A file the manifest names.
struct FileRef {
  std::string name;
  uint64_t bytes = 0;
};

/// What a part of a segment has at most, where files are stored whole: each is read, and kept in
/// memory until it is copied, for itself.
inline constexpr size_t kMostPartBytes = size_t{4} << 20;

/// Writes one segment front to back, as one file that appears whole or not at all; where files are
/// stored whole as several, all of which appear at the end.
class SegmentWriter {
 public:
  SegmentWriter(Directory& directory, const DatabaseId& database, uint64_t segment);
  ~SegmentWriter();

  /// Starts the next section. A section of rows gives the bytes of a row, so that no row straddles
  /// two checksum blocks; 0: plain bytes.
  void Begin(SectionKind kind, size_t row_bytes);
  void Append(const void* data, size_t n);
  /// Synced and renamed into place; the caller syncs the folder. Throws kIo and leaves nothing that
  /// a manifest names. The segment's parts, in order.
  std::vector<FileRef> Finish();

 private:
  struct Section {
    SectionKind kind;
    uint32_t block_bytes;
    uint64_t offset;
    uint64_t bytes;
    uint64_t first_block;
  };
  void Write(const void* data, size_t n);
  void Pad(size_t alignment);
  void EndSection();
  void FlushBuffer();
  void EndPart();

  Directory& directory_;
  uint64_t segment_;
  bool split_;
  std::vector<FileRef> parts_;  // where it is split: written, but for their names
  std::string temporary_;       // where it is not
  std::unique_ptr<File> file_;
  std::string buffer_;
  uint64_t written_ = 0;
  uint32_t file_crc_ = 0;
  std::vector<Section> sections_;
  std::vector<uint32_t> block_crcs_;
  uint32_t block_crc_ = 0;
  size_t block_filled_ = 0;
};

class SegmentReader;

/// A section as it lies in memory. Each block is compared with its checksum when it is first
/// touched. Throws kCorrupt naming file, section and block. Threads: concurrent.
class Section {
 public:
  Section() = default;
  uint64_t bytes() const { return bytes_; }
  bool present() const { return reader_ != nullptr; }

  /// Row `index` of a section of rows; the caller keeps index < bytes() / row bytes. Inlined: walks
  /// ask for one with every code.
  [[gnu::always_inline]] const uint8_t* Row(size_t index) const {
    const size_t block = index >> shift_;
    if (!checked_[block].load(std::memory_order_acquire)) [[unlikely]]
      Check(block);
    return data_ + index * row_bytes_;
  }
  /// Rows `index` … index + n - 1, side by side; n ≥ 1, and the caller keeps them inside.
  const uint8_t* Rows(size_t index, size_t n) const {
    for (size_t block = index >> shift_; block <= (index + n - 1) >> shift_; ++block) {
      if (!checked_[block].load(std::memory_order_acquire)) [[unlikely]]
        Check(block);
    }
    return data_ + index * row_bytes_;
  }
  /// A hint that the row, or its first bytes, are wanted soon.
  void Prefetch(size_t index, size_t most = SIZE_MAX) const {
    PrefetchBytes(data_ + index * row_bytes_, row_bytes_ < most ? row_bytes_ : most);
  }
  /// A row that no checksum vouches for: for hints only.
  const uint8_t* UncheckedRow(size_t index) const { return data_ + index * row_bytes_; }
  void PrefetchRows(size_t index, size_t n) const {
    PrefetchBytes(data_ + index * row_bytes_, n * row_bytes_);
  }
  /// Bytes offset … offset + n - 1; kCorrupt when they lie outside.
  const uint8_t* Range(uint64_t offset, uint64_t n) const;
  size_t blocks() const;
  /// Compares a block with its checksum now, whether or not that was done before.
  void CheckAgain(size_t block) const { Check(block); }

  /// Of a section that stays on disk: rows are copied by reading the file, past the map.
  bool on_disk() const { return on_disk_; }
  /// The row's row_bytes. Throws kCorrupt, kIo.
  void CopyRow(size_t index, void* out) const;
  /// A hint that CopyRow of it follows: the disk is asked for the row.
  void WillCopyRow(size_t index) const noexcept;
  /// To be told of a row that was read through the map all the same: after kMostMappedBytes of
  /// them, more or less, their pages go.
  void MappedRow(size_t index) const noexcept;

 private:
  friend class SegmentReader;
  void Check(size_t block) const;
  uint32_t ChecksumOf(uint64_t offset, size_t n) const;

  const SegmentReader* reader_ = nullptr;
  const uint8_t* data_ = nullptr;
  std::atomic<uint8_t>* checked_ = nullptr;  // of this section's first block
  uint64_t bytes_ = 0;
  size_t row_bytes_ = 1;
  unsigned shift_ = 0;
  uint32_t block_bytes_ = 1;
  uint64_t first_block_ = 0;
  SectionKind kind_ = SectionKind::kInfo;
  bool on_disk_ = false;
};

/// Of a section that stays on disk: what may be mapped at a time by those who read it through the
/// map.
inline constexpr size_t kMostMappedBytes = size_t{8} << 20;

/// A mapped segment. Immutable.
class SegmentReader {
 public:
  /// Reads and checks header, footer and tables, not the sections. `on_disk`: a section whose rows
  /// are not to be kept in memory, unless the segment has several parts. Throws kCorrupt, kIo.
  SegmentReader(Directory& directory, const std::vector<FileRef>& parts, const DatabaseId& database,
                uint64_t segment, std::optional<SectionKind> on_disk = std::nullopt);

  /// The section, with rows of `row_bytes` (0: plain bytes) and, for rows, exactly `rows` of them.
  /// Throws kCorrupt when it is missing or of another size.
  Section Find(SectionKind kind, size_t row_bytes, uint64_t rows) const;
  bool Has(SectionKind kind) const;
  /// Every section there is, as plain bytes.
  std::vector<Section> Sections() const;

  /// The file's bytes as they are, for copies.
  const uint8_t* data() const { return data_; }
  uint64_t size() const { return size_; }
  /// After a copy, where a section stays on disk: what was mapped for it goes.
  void Release() const noexcept {
    if (file_) mapping_->Release(0, static_cast<size_t>(size_));
  }
  size_t heap_bytes() const;

 private:
  friend class Section;
  struct Entry {
    uint32_t kind;
    uint32_t block_bytes;
    uint64_t offset;
    uint64_t bytes;
    uint64_t first_block;
  };

  void Join(Directory& directory, const std::vector<FileRef>& parts);

  std::string what_;
  std::unique_ptr<File> file_;  // where rows are read, if some stay on disk
  std::optional<SectionKind> on_disk_;
  mutable std::atomic<size_t> mapped_windows_{0};
  std::unique_ptr<Mapping> mapping_;
  std::unique_ptr<uint8_t[]> joined_;  // several parts, concatenated
  const uint8_t* data_ = nullptr;
  uint64_t size_ = 0;
  std::vector<Entry> entries_;
  const uint8_t* block_crcs_ = nullptr;
  std::unique_ptr<std::atomic<uint8_t>[]> checked_;
};

/// Names: "seg-<segment>-<crc>", "del-<segment>-<crc>".
std::string SegmentName(uint64_t segment, uint32_t crc);
std::string TombstoneName(uint64_t segment, uint32_t crc);

/// Deleted rows of a segment as a file of their own.
FileRef WriteTombstones(Directory& directory, const DatabaseId& database, uint64_t segment,
                        const Bitset& deleted);
/// Throws kCorrupt unless it is whole, of this segment and of `rows` rows.
Bitset ReadTombstones(Directory& directory, const FileRef& ref, const DatabaseId& database,
                      uint64_t segment, uint64_t rows);

}  // namespace ruvector
