#include "storage/segment_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "core/coding.h"
#include "core/crc32c.h"
#include "core/error.h"
#include "storage/file_header.h"

namespace ruvector {
namespace {

constexpr std::string_view kSegmentMagic = "RUVSEG\r\n";
constexpr std::string_view kFooterMagic = "RUVSEGE\n";
constexpr std::string_view kTombstoneMagic = "RUVDEL\r\n";
constexpr size_t kFooterBytes = 64;
constexpr size_t kEntryBytes = 40;
constexpr size_t kSectionAlignment = 64;
constexpr size_t kVectorAlignment = 4096;
// Small enough that touching one row checks little, large enough that the table of checksums stays
// small. Vectors and lists of links are touched one here and one there.
constexpr size_t kBlockTarget = size_t{128} << 10;
constexpr size_t kScatteredBlockTarget = size_t{16} << 10;
constexpr size_t kReadBytes = size_t{16} << 10;
// What a fault of a page brings in with it, on Linux.
constexpr size_t kWindowBytes = size_t{64} << 10;
constexpr size_t kBufferBytes = size_t{1} << 20;
constexpr uint32_t kMaxSections = 1024;

uint32_t BlockBytes(SectionKind kind, size_t row_bytes) {
  if (row_bytes == 0) return kBlockTarget;
  const bool scattered = kind == SectionKind::kVectors || kind == SectionKind::kLinkOffsets ||
                         kind == SectionKind::kPackedLinks;
  const size_t target = scattered ? kScatteredBlockTarget : kBlockTarget;
  size_t rows = 1;
  while (rows * 2 * row_bytes <= target) rows *= 2;
  return static_cast<uint32_t>(rows * row_bytes);
}

[[noreturn]] void Damaged(const std::string& what, const std::string& detail) {
  throw Error(ErrorCode::kCorrupt, what + ": " + detail);
}

}  // namespace

std::string SegmentName(uint64_t segment, uint32_t crc) {
  return "seg-" + Hex16(segment) + "-" + Hex8(crc);
}
std::string TombstoneName(uint64_t segment, uint32_t crc) {
  return "del-" + Hex16(segment) + "-" + Hex8(crc);
}

// --- Writing

SegmentWriter::SegmentWriter(Directory& directory, const DatabaseId& database, uint64_t segment)
    : directory_(directory),
      segment_(segment),
      split_(directory.stores_whole_files()),
      temporary_("seg-" + Hex16(segment) + ".tmp") {
  if (!split_) {
    directory_.Remove(temporary_);
    file_ = directory_.Open(temporary_, OpenMode::kCreate);
    buffer_.reserve(kBufferBytes + kVectorAlignment);
  }
  FileHeader header;
  header.database = database;
  header.word48 = segment;
  std::string bytes;
  AppendFileHeader(bytes, kSegmentMagic, header);
  Write(bytes.data(), bytes.size());
}

SegmentWriter::~SegmentWriter() {
  try {
    if (file_) {
      file_.reset();
      directory_.Remove(temporary_);
    }
    for (const FileRef& part : parts_) directory_.Remove(part.name + ".tmp");
  } catch (const std::exception&) {
    // The next writer removes what was left over.
  }
}

void SegmentWriter::Write(const void* data, size_t n) {
  written_ += n;
  if (split_) {
    for (const auto* at = static_cast<const char*>(data); n > 0;) {
      const size_t take = std::min(n, kMostPartBytes - buffer_.size());
      buffer_.append(at, take);
      at += take;
      n -= take;
      if (buffer_.size() == kMostPartBytes) EndPart();
    }
    return;
  }
  if (buffer_.size() + n > kBufferBytes) FlushBuffer();
  if (n >= kBufferBytes) {
    file_crc_ = Crc32c(data, n, file_crc_);
    file_->Append(data, n);
  } else {
    buffer_.append(static_cast<const char*>(data), n);
  }
}

void SegmentWriter::FlushBuffer() {
  if (buffer_.empty()) return;
  file_crc_ = Crc32c(buffer_.data(), buffer_.size(), file_crc_);
  file_->Append(buffer_.data(), buffer_.size());
  buffer_.clear();
}

// One that has another's checksum would have its name: it ends sooner then.
void SegmentWriter::EndPart() {
  size_t n = buffer_.size();
  std::string name;
  const auto is_taken = [&] {
    return std::any_of(parts_.begin(), parts_.end(),
                       [&](const FileRef& part) { return part.name == name; });
  };
  do {
    name = SegmentName(segment_, Crc32c(buffer_.data(), n));
  } while (is_taken() && (n -= std::min<size_t>(n, kSectionAlignment)) > 0);
  if (n == 0) {
    throw Error(ErrorCode::kIo, "write " + directory_.path() + "/" + name +
                                    ": no name is left for a part of this segment");
  }
  parts_.push_back({name, n});
  directory_.Remove(name + ".tmp");
  const std::unique_ptr<File> file = directory_.Open(name + ".tmp", OpenMode::kCreate);
  file->Append(buffer_.data(), n);
  file->Sync();
  buffer_.erase(0, n);
}

void SegmentWriter::Pad(size_t alignment) {
  static const char zeros[kVectorAlignment] = {};
  const size_t over = written_ % alignment;
  if (over != 0) Write(zeros, alignment - over);
}

void SegmentWriter::EndSection() {
  if (sections_.empty()) return;
  if (block_filled_ > 0) block_crcs_.push_back(block_crc_);
  block_filled_ = 0;
  block_crc_ = 0;
  sections_.back().bytes = written_ - sections_.back().offset;
}

void SegmentWriter::Begin(SectionKind kind, size_t row_bytes) {
  EndSection();
  Pad(kind == SectionKind::kVectors ? kVectorAlignment : kSectionAlignment);
  sections_.push_back({kind, BlockBytes(kind, row_bytes), written_, 0, block_crcs_.size()});
}

void SegmentWriter::Append(const void* data, size_t n) {
  const size_t block = sections_.back().block_bytes;
  for (const auto* at = static_cast<const uint8_t*>(data); n > 0;) {
    const size_t take = std::min(n, block - block_filled_);
    block_crc_ = Crc32c(at, take, block_crc_);
    Write(at, take);
    at += take;
    n -= take;
    block_filled_ += take;
    if (block_filled_ == block) {
      block_crcs_.push_back(block_crc_);
      block_crc_ = 0;
      block_filled_ = 0;
    }
  }
}

std::vector<FileRef> SegmentWriter::Finish() {
  EndSection();
  Pad(kSectionAlignment);
  std::string tables;
  const uint64_t crc_offset = written_;
  for (uint32_t crc : block_crcs_) PutU32(tables, crc);
  PutPadding(tables, 8);
  const uint64_t section_offset = written_ + tables.size();
  for (const Section& s : sections_) {
    PutU32(tables, static_cast<uint32_t>(s.kind));
    PutU32(tables, s.block_bytes);
    PutU64(tables, s.offset);
    PutU64(tables, s.bytes);
    PutU64(tables, s.first_block);
    PutU64(tables, 0);
  }
  std::string footer(kFooterMagic);
  PutU64(footer, crc_offset);
  PutU64(footer, block_crcs_.size());
  PutU64(footer, section_offset);
  PutU32(footer, static_cast<uint32_t>(sections_.size()));
  PutU32(footer, 0);
  PutU64(footer, written_ + tables.size() + kFooterBytes);
  PutU32(footer, Crc32c(tables.data(), tables.size()));
  PutU32(footer, 0);
  PutU32(footer, 0);
  PutU32(footer, Crc32c(footer.data(), footer.size()));
  Write(tables.data(), tables.size());
  Write(footer.data(), footer.size());
  if (split_) {
    while (!buffer_.empty()) EndPart();
    for (const FileRef& part : parts_) directory_.Rename(part.name + ".tmp", part.name);
    return std::exchange(parts_, {});
  }
  FlushBuffer();
  file_->Sync();
  file_.reset();
  FileRef ref{SegmentName(segment_, file_crc_), written_};
  directory_.Rename(temporary_, ref.name);
  return {ref};
}

// --- Reading

namespace {

std::unique_ptr<File> OpenPart(Directory& directory, const FileRef& part) {
  if (!directory.Exists(part.name))
    Damaged(directory.path() + "/" + part.name, "is missing, the manifest names it");
  return directory.Open(part.name, OpenMode::kRead);
}

void RequireLength(const std::string& what, uint64_t bytes, const FileRef& part) {
  if (bytes == part.bytes) return;
  Damaged(what, "has " + std::to_string(bytes) + " bytes, expected " + std::to_string(part.bytes));
}

}  // namespace

// Read to where it is used: a copy of all of it less than mapping each and joining them.
void SegmentReader::Join(Directory& directory, const std::vector<FileRef>& parts) {
  std::vector<std::unique_ptr<File>> files;
  for (const FileRef& part : parts) {
    files.push_back(OpenPart(directory, part));
    RequireLength(directory.path() + "/" + part.name, files.back()->Size(), part);
    size_ += part.bytes;
    if (size_ > std::numeric_limits<size_t>::max() / 2) {
      throw Error(ErrorCode::kMemoryLimit,
                  "read " + what_ + ": its segment is larger than this process can address");
    }
  }
  joined_.reset(new (std::nothrow) uint8_t[static_cast<size_t>(size_)]);
  if (!joined_) {
    throw Error(ErrorCode::kMemoryLimit, "read " + what_ + ": no memory for the " +
                                             std::to_string(size_) + " bytes of its segment");
  }
  size_t at = 0;
  for (const auto& file : files) {
    const auto n = static_cast<size_t>(parts[static_cast<size_t>(&file - files.data())].bytes);
    file->ReadAt(0, joined_.get() + at, n);
    at += n;
  }
  data_ = joined_.get();
}

SegmentReader::SegmentReader(Directory& directory, const std::vector<FileRef>& parts,
                             const DatabaseId& database, uint64_t segment,
                             std::optional<SectionKind> on_disk)
    : on_disk_(on_disk) {
  if (parts.empty()) Damaged(directory.path(), "segment " + Hex16(segment) + " has no parts");
  what_ = directory.path() + "/" + parts.front().name;
  if (parts.size() > 1) {
    Join(directory, parts);
  } else {
    std::unique_ptr<File> file = OpenPart(directory, parts.front());
    mapping_ = file->Map();
    data_ = mapping_->data();
    size_ = mapping_->size();
    RequireLength(what_, size_, parts.front());
    if (on_disk) file_ = std::move(file);
  }
  if (file_) file_->ReadsAtRandom();

  const std::string_view all(reinterpret_cast<const char*>(data_), static_cast<size_t>(size_));
  const FileHeader header = ReadFileHeader(all.substr(0, kFileHeaderBytes), kSegmentMagic, what_);
  if (header.database != database || header.word48 != segment) {
    Damaged(what_, "belongs to another database or segment");
  }
  if (size_ < kFileHeaderBytes + kFooterBytes) Damaged(what_, "is too short");
  const uint8_t* footer = data_ + size_ - kFooterBytes;
  if (std::memcmp(footer, kFooterMagic.data(), kFooterMagic.size()) != 0 ||
      LoadU32(footer + 60) != Crc32c(footer, 60) || LoadU64(footer + 40) != size_) {
    Damaged(what_, "footer is damaged");
  }
  const uint64_t crc_offset = LoadU64(footer + 8), blocks = LoadU64(footer + 16);
  const uint64_t section_offset = LoadU64(footer + 24);
  const uint32_t sections = LoadU32(footer + 32);
  const uint64_t tables_end = size_ - kFooterBytes;
  if (crc_offset > tables_end || section_offset < crc_offset || section_offset > tables_end ||
      blocks > (section_offset - crc_offset) / 4 || sections > kMaxSections ||
      uint64_t{sections} * kEntryBytes != tables_end - section_offset) {
    Damaged(what_, "footer names tables outside the file");
  }
  if (LoadU32(footer + 48) !=
      Crc32c(data_ + crc_offset, static_cast<size_t>(tables_end - crc_offset))) {
    Damaged(what_, "tables are damaged (checksum differs)");
  }
  block_crcs_ = data_ + crc_offset;
  checked_ = std::make_unique<std::atomic<uint8_t>[]>(static_cast<size_t>(blocks));
  uint64_t next_block = 0, sections_end = kFileHeaderBytes;
  for (uint32_t i = 0; i < sections; ++i) {
    const uint8_t* at = data_ + section_offset + i * kEntryBytes;
    const Entry e{LoadU32(at), LoadU32(at + 4), LoadU64(at + 8), LoadU64(at + 16),
                  LoadU64(at + 24)};
    const uint64_t needed =
        e.block_bytes == 0 ? blocks + 1 : (e.bytes + e.block_bytes - 1) / e.block_bytes;
    if (e.offset > crc_offset || e.bytes > crc_offset - e.offset ||
        e.offset % kSectionAlignment != 0 || e.bytes > std::numeric_limits<uint64_t>::max() / 2 ||
        needed > blocks - next_block) {
      Damaged(what_, "section " + std::to_string(e.kind) + " lies outside the file");
    }
    // Two sections with one checksum would each vouch for the other.
    if (e.first_block != next_block || e.offset < sections_end)
      Damaged(what_, "section " + std::to_string(e.kind) + " does not follow the one before it");
    next_block += needed;
    sections_end = e.offset + e.bytes;
    entries_.push_back(e);
  }
}

bool SegmentReader::Has(SectionKind kind) const {
  for (const Entry& e : entries_) {
    if (e.kind == static_cast<uint32_t>(kind)) return true;
  }
  return false;
}

Section SegmentReader::Find(SectionKind kind, size_t row_bytes, uint64_t rows) const {
  for (const Entry& e : entries_) {
    if (e.kind != static_cast<uint32_t>(kind)) continue;
    Section s;
    s.reader_ = this;
    s.data_ = data_ + e.offset;
    s.checked_ = checked_.get() + e.first_block;
    s.bytes_ = e.bytes;
    s.block_bytes_ = e.block_bytes;
    s.first_block_ = e.first_block;
    s.kind_ = kind;
    s.on_disk_ = file_ && kind == on_disk_;
    if (row_bytes > 0) {
      const uint64_t per_block = e.block_bytes / row_bytes;
      if (e.bytes / row_bytes != rows || e.bytes % row_bytes != 0 ||
          e.block_bytes % row_bytes != 0 || !std::has_single_bit(per_block)) {
        Damaged(what_, "section " + std::to_string(e.kind) + " has " + std::to_string(e.bytes) +
                           " bytes, expected " + std::to_string(rows) + " rows of " +
                           std::to_string(row_bytes));
      }
      s.row_bytes_ = row_bytes;
      s.shift_ = static_cast<unsigned>(std::countr_zero(per_block));
    }
    return s;
  }
  Damaged(what_, "section " + std::to_string(static_cast<uint32_t>(kind)) + " is missing");
}

std::vector<Section> SegmentReader::Sections() const {
  std::vector<Section> sections;
  for (const Entry& e : entries_) sections.push_back(Find(static_cast<SectionKind>(e.kind), 0, 0));
  return sections;
}

size_t SegmentReader::heap_bytes() const {
  return mapping_ ? mapping_->heap_bytes() : static_cast<size_t>(size_);
}

void Section::Check(size_t block) const {
  const uint64_t offset = uint64_t{block} * block_bytes_;
  const size_t n = static_cast<size_t>(std::min<uint64_t>(block_bytes_, bytes_ - offset));
  if (ChecksumOf(offset, n) != LoadU32(reader_->block_crcs_ + (first_block_ + block) * 4)) {
    Damaged(reader_->what_, "block " + std::to_string(block) + " of section " +
                                std::to_string(static_cast<uint32_t>(kind_)) +
                                " is damaged (checksum differs)");
  }
  checked_[block].store(1, std::memory_order_release);
}

uint32_t Section::ChecksumOf(uint64_t offset, size_t n) const {
  if (!on_disk_) return Crc32c(data_ + offset, n);
  const uint64_t begin = static_cast<uint64_t>(data_ - reader_->data_) + offset;
  std::vector<uint8_t> bytes(std::min(n, kReadBytes));
  uint32_t crc = 0;
  for (size_t done = 0; done < n;) {
    const size_t take = std::min(n - done, bytes.size());
    reader_->file_->ReadAt(begin + done, bytes.data(), take);
    crc = Crc32c(bytes.data(), take, crc);
    done += take;
  }
  return crc;
}

void Section::CopyRow(size_t index, void* out) const {
  if (!on_disk_) {
    std::memcpy(out, Row(index), row_bytes_);
    return;
  }
  const size_t block = index >> shift_;
  if (!checked_[block].load(std::memory_order_acquire)) Check(block);
  const uint64_t begin = static_cast<uint64_t>(data_ - reader_->data_);
  reader_->file_->ReadAt(begin + uint64_t{index} * row_bytes_, out, row_bytes_);
}

void Section::WillCopyRow(size_t index) const noexcept {
  if (!on_disk_) return;
  const uint64_t begin = static_cast<uint64_t>(data_ - reader_->data_);
  const size_t block = index >> shift_;
  // What was never compared is read a block at a time.
  if (checked_[block].load(std::memory_order_relaxed)) {
    reader_->file_->WillRead(begin + uint64_t{index} * row_bytes_, row_bytes_);
  } else {
    reader_->file_->WillRead(begin + uint64_t{block} * block_bytes_, block_bytes_);
  }
}

void Section::MappedRow(size_t index) const noexcept {
  thread_local const uint8_t* last = nullptr;
  const uint8_t* const window = data_ + index * row_bytes_ / kWindowBytes * kWindowBytes;
  if (window == last) return;
  last = window;
  const size_t windows = reader_->mapped_windows_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (windows < kMostMappedBytes / kWindowBytes) return;
  reader_->mapped_windows_.store(0, std::memory_order_relaxed);
  reader_->mapping_->Release(static_cast<size_t>(data_ - reader_->data_),
                             static_cast<size_t>(bytes_));
}

const uint8_t* Section::Range(uint64_t offset, uint64_t n) const {
  if (offset > bytes_ || n > bytes_ - offset) {
    Damaged(reader_->what_, "section " + std::to_string(static_cast<uint32_t>(kind_)) +
                                " is shorter than the rows that point into it");
  }
  if (n > 0) {
    for (uint64_t b = offset / block_bytes_; b <= (offset + n - 1) / block_bytes_; ++b) {
      if (!checked_[b].load(std::memory_order_acquire)) Check(static_cast<size_t>(b));
    }
  }
  return data_ + offset;
}

size_t Section::blocks() const {
  return block_bytes_ == 0 ? 0 : static_cast<size_t>((bytes_ + block_bytes_ - 1) / block_bytes_);
}

// --- Tombstones

FileRef WriteTombstones(Directory& directory, const DatabaseId& database, uint64_t segment,
                        const Bitset& deleted) {
  std::string body;
  PutU64(body, deleted.size());
  for (uint64_t word : deleted.words()) PutU64(body, word);
  FileHeader header;
  header.database = database;
  header.word48 = segment;
  header.word56 = Crc32c(body.data(), body.size());
  std::string bytes;
  AppendFileHeader(bytes, kTombstoneMagic, header);
  bytes += body;
  const FileRef ref{TombstoneName(segment, Crc32c(bytes.data(), bytes.size())), bytes.size()};
  if (!directory.Exists(ref.name))
    WriteFileAtomically(directory, ref.name, bytes.data(), bytes.size());
  return ref;
}

Bitset ReadTombstones(Directory& directory, const FileRef& ref, const DatabaseId& database,
                      uint64_t segment, uint64_t rows) {
  const std::string what = directory.path() + "/" + ref.name;
  if (!directory.Exists(ref.name)) Damaged(what, "is missing, the manifest names it");
  const std::string bytes =
      ReadWholeFile(directory, ref.name, kFileHeaderBytes + 8 + (rows + 63) / 64 * 8);
  const FileHeader header = ReadFileHeader(bytes, kTombstoneMagic, what);
  if (header.database != database || header.word48 != segment) {
    Damaged(what, "belongs to another database or segment");
  }
  const std::string_view body = std::string_view(bytes).substr(kFileHeaderBytes);
  if (header.word56 != Crc32c(body.data(), body.size()))
    Damaged(what, "is damaged (checksum differs)");
  Reader reader(body, what.c_str());
  if (reader.U64() != rows) Damaged(what, "is for another number of rows");
  if (body.size() != 8 + (rows + 63) / 64 * 8) Damaged(what, "is not of the expected length");
  Bitset deleted(static_cast<size_t>(rows));
  for (uint64_t& word : deleted.words()) word = reader.U64();
  if (reader.Remaining() != 0 || (rows % 64 != 0 && deleted.words().back() >> (rows % 64) != 0)) {
    Damaged(what, "is not of the expected length");
  }
  return deleted;
}

}  // namespace ruvector
