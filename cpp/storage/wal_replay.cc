#include <algorithm>

#include "core/error.h"
#include "storage/file_header.h"
#include "storage/wal.h"
#include "storage/wal_format.h"

namespace ruvector {

namespace {

struct ParsedRecord {
  WalRecord record;
  uint64_t sequence = 0;
  uint64_t bytes = 0;   // with padding
  bool synced = false;  // every earlier transaction was on disk when this was written
};

bool IsKnownType(WalRecordType type) {
  switch (type) {
    case WalRecordType::kPut:
    case WalRecordType::kDelete:
    case WalRecordType::kClear:
    case WalRecordType::kSetMetadata:
    case WalRecordType::kCommit:
    case WalRecordType::kClosed:
    case WalRecordType::kCreateCollection:
    case WalRecordType::kDropCollection:
      return true;
  }
  return false;
}

class LogReader {
 public:
  LogReader(std::string_view bytes, std::string what, uint32_t salt)
      : bytes_(bytes), what_(std::move(what)), salt_crc_(WalSaltCrc(salt)) {}

  // The record at `offset`, if it is whole.
  bool Parse(uint64_t offset, ParsedRecord* out) {
    if (!ParseFrame(offset, out)) return false;
    const char* p = bytes_.data() + offset;
    return LoadU32(p + 4) ==
           Crc32c(p + 8, kWalRecordHeaderBytes - 8 + out->record.payload.size(), salt_crc_);
  }

  // Called where a record of transaction `torn` should be and is not. Throws kCorrupt if a whole
  // record of a later transaction follows that was written when `torn` was on disk: then its damage
  // is no torn write.
  void CheckTornTail(uint64_t offset, uint64_t torn) {
    // Bytes made to look like long records at every offset would cost the square of the file's
    // length.
    uint64_t budget = std::max<uint64_t>(uint64_t{1} << 30, 8 * uint64_t{bytes_.size()});
    ParsedRecord candidate;
    for (uint64_t at = offset; at + kWalRecordHeaderBytes <= bytes_.size(); at += 8) {
      if (!ParseFrame(at, &candidate) || candidate.sequence <= torn || !candidate.synced) continue;
      if (candidate.bytes > budget) {
        Fail(offset, "the rest looks like a maze of records, none of which can be trusted");
      }
      budget -= candidate.bytes;
      if (Parse(at, &candidate)) {
        Fail(offset,
             "transaction " + std::to_string(torn) + " is damaged or missing, since transaction " +
                 std::to_string(candidate.sequence) + " follows at offset " + std::to_string(at));
      }
    }
  }

  [[noreturn]] void Fail(uint64_t offset, const std::string& words) const {
    throw Error(ErrorCode::kCorrupt, what_ + ": offset " + std::to_string(offset) + ": " + words);
  }

 private:
  // Everything but the checksum: bounds, reserved bytes, padding.
  bool ParseFrame(uint64_t offset, ParsedRecord* out) const {
    const uint64_t left = bytes_.size() - offset;
    if (offset > bytes_.size() || left < kWalRecordHeaderBytes) return false;
    const char* p = bytes_.data() + offset;
    const uint32_t payload = LoadU32(p);
    const uint64_t record_bytes = WalRecordBytes(payload);
    if (payload > kMaxWalPayloadBytes || record_bytes > left) return false;
    if (p[16] == 0 || (p[17] & ~kWalFlagSynced) != 0 || p[18] != 0 || p[19] != 0) return false;
    for (uint64_t i = kWalRecordHeaderBytes + payload; i < record_bytes; ++i) {
      if (p[i] != 0) return false;
    }
    out->sequence = LoadU64(p + 8);
    out->bytes = record_bytes;
    out->synced = p[17] == kWalFlagSynced;
    out->record.type = static_cast<WalRecordType>(static_cast<uint8_t>(p[16]));
    out->record.collection = LoadU32(p + 20);
    out->record.payload = {p + kWalRecordHeaderBytes, payload};
    return true;
  }

  std::string_view bytes_;
  std::string what_;
  uint32_t salt_crc_;
};

// The sequence of a file's first transaction, whose low half the header holds: the last such number
// that leaves no gap after `after_sequence`. False when there is a gap.
bool FirstSequence(uint32_t low, uint64_t after_sequence, uint64_t* out) {
  const uint64_t next = after_sequence + 1;
  const uint32_t back = static_cast<uint32_t>(next) - low;
  if (back > 0x7fffffffu || back >= next) return false;
  *out = next - back;
  return true;
}

}  // namespace

WalReplay ReplayWal(Directory& directory, uint64_t number, const DatabaseId& database,
                    uint64_t after_sequence,
                    const std::function<void(uint64_t, std::span<const WalRecord>)>& apply) {
  const std::string name = WalName(number);
  const std::string what = directory.path() + "/" + name;
  const std::unique_ptr<Mapping> mapping = directory.Open(name, OpenMode::kRead)->Map();
  const std::string_view bytes(reinterpret_cast<const char*>(mapping->data()), mapping->size());

  WalReplay replay;
  replay.next_sequence = after_sequence + 1;
  // The header is synced before the first record is written, so without records it may be torn and
  // nothing is lost.
  if (bytes.size() < kFileHeaderBytes || (bytes.size() == kFileHeaderBytes &&
                                          LoadU32(bytes.data() + 60) != Crc32c(bytes.data(), 60))) {
    replay.cut_bytes = bytes.size();
    return replay;
  }
  const FileHeader header = ReadFileHeader(bytes.substr(0, kFileHeaderBytes), kWalMagic, what);
  if (header.database != database) {
    throw Error(ErrorCode::kCorrupt, what + ": belongs to another database");
  }
  if (header.word48 != number) {
    throw Error(ErrorCode::kCorrupt, what + ": says it is log file " + Hex16(header.word48));
  }

  LogReader reader(bytes, what, header.word12);
  uint64_t sequence = 0;
  if (!FirstSequence(header.word56, after_sequence, &sequence)) {
    reader.CheckTornTail(kFileHeaderBytes, after_sequence + 1);
    replay.valid_bytes = kFileHeaderBytes;
    replay.cut_bytes = bytes.size() - kFileHeaderBytes;
    replay.continuable = true;
    return replay;
  }
  std::vector<WalRecord> records;
  uint64_t transaction_start = kFileHeaderBytes;
  uint64_t offset = transaction_start;
  ParsedRecord parsed;
  while (reader.Parse(offset, &parsed) && parsed.sequence == sequence) {
    if (!IsKnownType(parsed.record.type)) {
      reader.Fail(offset, "record type " + std::to_string(static_cast<int>(parsed.record.type)) +
                              " is unknown");
    }
    offset += parsed.bytes;
    if (parsed.record.type != WalRecordType::kCommit) {
      records.push_back(parsed.record);
      continue;
    }
    if (parsed.record.payload.size() != 4 ||
        LoadU32(parsed.record.payload.data()) != records.size()) {
      reader.Fail(offset - parsed.bytes, "the commit of transaction " + std::to_string(sequence) +
                                             " counts other records than the " +
                                             std::to_string(records.size()) + " before it");
    }
    if (sequence > after_sequence) {
      apply(sequence, records);
      ++replay.transactions;
    }
    replay.closed = records.size() == 1 && records[0].type == WalRecordType::kClosed;
    records.clear();
    transaction_start = offset;
    ++sequence;
  }

  reader.CheckTornTail(offset, sequence);
  replay.valid_bytes = transaction_start;
  replay.cut_bytes = bytes.size() - transaction_start;
  replay.closed = replay.closed && replay.cut_bytes == 0;
  replay.next_sequence = std::max(sequence, after_sequence + 1);
  replay.continuable = sequence == replay.next_sequence || replay.valid_bytes == kFileHeaderBytes;
  return replay;
}

uint64_t SalvageWal(Directory& directory, uint64_t number, const DatabaseId& database,
                    const std::function<void(std::span<const WalRecord>)>& apply) {
  const std::string name = WalName(number);
  const std::string what = directory.path() + "/" + name;
  const std::unique_ptr<Mapping> mapping = directory.Open(name, OpenMode::kRead)->Map();
  const std::string_view bytes(reinterpret_cast<const char*>(mapping->data()), mapping->size());
  if (bytes.size() < kFileHeaderBytes) return bytes.empty() ? 0 : 1;
  const FileHeader header = ReadFileHeader(bytes.substr(0, kFileHeaderBytes), kWalMagic, what);
  if (header.database != database)
    throw Error(ErrorCode::kCorrupt, what + ": belongs to another database");

  LogReader reader(bytes, what, header.word12);
  // As in CheckTornTail: a maze of lengths must not cost the square of the file's.
  uint64_t budget = std::max<uint64_t>(uint64_t{1} << 30, 8 * uint64_t{bytes.size()});
  std::vector<WalRecord> records;
  uint64_t damaged = 0, sequence = 0;
  bool sound = true;
  ParsedRecord parsed;
  for (uint64_t offset = kFileHeaderBytes; offset < bytes.size() && budget > 0;) {
    const bool whole = reader.Parse(offset, &parsed);
    budget -= std::min(budget, whole ? 8 : parsed.bytes);
    if (!whole) {
      if (sound) ++damaged;
      sound = false;
      records.clear();
      offset += 8;
      continue;
    }
    sound = true;
    offset += parsed.bytes;
    if (parsed.sequence != sequence) records.clear();
    sequence = parsed.sequence;
    if (parsed.record.type != WalRecordType::kCommit) {
      records.push_back(parsed.record);
      continue;
    }
    if (parsed.record.payload.size() == 4 &&
        LoadU32(parsed.record.payload.data()) == records.size()) {
      apply(records);
    }
    records.clear();
  }
  return damaged;
}

}  // namespace ruvector
