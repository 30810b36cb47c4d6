#include "checksums.h"

#include <algorithm>

#include "core/coding.h"
#include "core/crc32c.h"
#include "storage/file_header.h"
#include "storage/manifest.h"
#include "storage/wal_format.h"

namespace ruvector::fuzz {
namespace {

constexpr size_t kHeader = kFileHeaderBytes;
constexpr size_t kFooter = 64, kTableEntry = 40;

uint32_t U32(const std::string& s, size_t at) { return LoadU32(s.data() + at); }
uint64_t U64(const std::string& s, size_t at) { return LoadU64(s.data() + at); }
void SetU32(std::string& s, size_t at, uint32_t v) { StoreU32(s.data() + at, v); }
void SetU64(std::string& s, size_t at, uint64_t v) { StoreU64(s.data() + at, v); }
bool Inside(const std::string& s, uint64_t offset, uint64_t n) {
  return offset <= s.size() && n <= s.size() - offset;
}
void FixHeaderChecksum(std::string& file) { SetU32(file, 60, Crc32c(file.data(), 60)); }

}  // namespace

void FixHeader(std::string& file, std::string_view magic, const DatabaseId& database) {
  if (file.size() < kHeader) file.resize(kHeader, '\0');
  FileHeader header;
  header.word12 = U32(file, 12);
  header.database = database;
  header.word48 = U64(file, 48);
  header.word56 = U32(file, 56);
  std::string head;
  AppendFileHeader(head, magic, header);
  file.replace(0, kHeader, head);
}

void FixWal(std::string& file, const DatabaseId& database, uint64_t number, uint32_t first) {
  FixHeader(file, kWalMagic, database);
  SetU64(file, 48, number);
  SetU32(file, 56, first);
  FixHeaderChecksum(file);
  // The salt is anything; it also says what else is put right, so that both are tried.
  const uint32_t salt = U32(file, 12), salt_crc = WalSaltCrc(salt);
  const bool follow = (salt & kWalFollow) != 0;
  uint64_t sequence = first;
  uint32_t records = 0;
  for (size_t at = kHeader; Inside(file, at, kWalRecordHeaderBytes);) {
    const uint64_t payload = U32(file, at);
    if (!Inside(file, at + kWalRecordHeaderBytes, payload)) break;
    if (follow) {
      SetU64(file, at + 8, sequence);
      file[at + 17] = static_cast<char>(file[at + 17] & kWalFlagSynced);
      file[at + 18] = file[at + 19] = 0;
      const size_t end = at + kWalRecordHeaderBytes + payload;
      const size_t padded = std::min<size_t>(at + WalRecordBytes(payload), file.size());
      std::fill(file.begin() + static_cast<long>(end), file.begin() + static_cast<long>(padded),
                '\0');
      ++records;
      if (static_cast<uint8_t>(file[at + 16]) == static_cast<uint8_t>(WalRecordType::kCommit)) {
        if (payload == 4) SetU32(file, at + kWalRecordHeaderBytes, records - 1);
        records = 0;
        ++sequence;
      }
    }
    SetU32(file, at + 4,
           Crc32c(file.data() + at + 8, kWalRecordHeaderBytes - 8 + payload, salt_crc));
    at += WalRecordBytes(payload);
  }
}

void FixSegment(std::string& file, const DatabaseId& database, uint64_t segment) {
  FixHeader(file, "RUVSEG\r\n", database);
  SetU32(file, 12, 0);
  SetU64(file, 48, segment);
  SetU32(file, 56, 0);
  FixHeaderChecksum(file);
  if (file.size() < kHeader + kFooter) return;
  const size_t footer = file.size() - kFooter;
  file.replace(footer, 8, "RUVSEGE\n");
  SetU64(file, footer + 40, file.size());
  const uint64_t checksums = U64(file, footer + 8), blocks = U64(file, footer + 16);
  const uint64_t table = U64(file, footer + 24);
  const uint32_t sections = U32(file, footer + 32);
  if (blocks < file.size() && Inside(file, checksums, blocks * 4) &&
      Inside(file, table, uint64_t{sections} * kTableEntry)) {
    for (uint32_t i = 0; i < sections; ++i) {
      const size_t at = static_cast<size_t>(table + i * kTableEntry);
      const uint64_t block = U32(file, at + 4), offset = U64(file, at + 8);
      const uint64_t bytes = U64(file, at + 16), first = U64(file, at + 24);
      if (block == 0 || !Inside(file, offset, bytes)) continue;
      for (uint64_t j = 0; j * block < bytes && first + j < blocks && first < blocks; ++j) {
        const uint64_t n = std::min(block, bytes - j * block);
        SetU32(file, static_cast<size_t>(checksums + (first + j) * 4),
               Crc32c(file.data() + offset + j * block, n));
      }
    }
    if (checksums <= footer)
      SetU32(file, footer + 48, Crc32c(file.data() + checksums, footer - checksums));
  }
  SetU32(file, footer + 60, Crc32c(file.data() + footer, 60));
}

void FixTombstones(std::string& file, const DatabaseId& database, uint64_t segment) {
  FixHeader(file, "RUVDEL\r\n", database);
  SetU64(file, 48, segment);
  SetU32(file, 56, Crc32c(file.data() + kHeader, file.size() - kHeader));
  FixHeaderChecksum(file);
}

std::string ManifestFile(std::string_view body, const DatabaseId& database) {
  FileHeader header;
  header.database = database;
  header.word48 = body.size();
  header.word56 = Crc32c(body.data(), body.size());
  std::string file;
  AppendFileHeader(file, "RUVMAN\r\n", header);
  file += body;
  return file;
}

void FixContainer(std::string& file, const DatabaseId& database) {
  FixHeader(file, "RUVRVF\r\n", database);
  const uint64_t listing = U64(file, 48);
  if (listing > file.size()) return;
  for (uint64_t at = listing; Inside(file, at, 24);) {
    const uint32_t name_bytes = U32(file, at);
    const uint64_t offset = U64(file, at + 8), bytes = U64(file, at + 16);
    if (!Inside(file, at + 24, name_bytes)) break;
    const std::string name = file.substr(at + 24, name_bytes);
    const OwnFileName own = ParseOwnFileName(name);
    if (Inside(file, offset, bytes) && offset + bytes <= listing) {
      std::string part = file.substr(offset, bytes);
      if (own.kind == OwnFile::kSegment) FixSegment(part, database, own.number);
      if (own.kind == OwnFile::kTombstone) FixTombstones(part, database, own.number);
      if (own.kind == OwnFile::kManifest && part.size() >= kHeader)
        part = ManifestFile(std::string_view(part).substr(kHeader), database);
      if (part.size() == bytes) file.replace(offset, bytes, part);
      SetU32(file, at + 4, Crc32c(part.data(), part.size()));
    }
    at += 24 + name_bytes;
  }
  SetU32(file, 56, Crc32c(file.data() + listing, file.size() - listing));
  FixHeaderChecksum(file);
}

}  // namespace ruvector::fuzz
