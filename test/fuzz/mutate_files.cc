// Mutations of whole files, by their frames.
#include <algorithm>
#include <bit>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "checksums.h"
#include "collection/id_table.h"
#include "core/coding.h"
#include "mutate.h"
#include "storage/file_header.h"
#include "storage/manifest.h"
#include "storage/segment_file.h"
#include "storage/wal_format.h"

namespace ruvector::fuzz {
namespace {

constexpr size_t kHeader = kFileHeaderBytes;
constexpr size_t kFooter = 64, kTableEntry = 40;

bool Inside(const std::string& s, uint64_t offset, uint64_t n) {
  return offset <= s.size() && n <= s.size() - offset;
}

// --- Segments

struct SectionBytes {
  SectionKind kind;
  uint32_t block;
  std::string bytes;
};
using Sections = std::vector<SectionBytes>;

Sections Split(const std::string& file) {
  Sections sections;
  if (file.size() < kHeader + kFooter) return sections;
  const char* footer = file.data() + file.size() - kFooter;
  const uint64_t table = LoadU64(footer + 24);
  const uint32_t count = LoadU32(footer + 32);
  if (count > 64 || !Inside(file, table, uint64_t{count} * kTableEntry)) return {};
  size_t all = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const char* at = file.data() + table + i * kTableEntry;
    const uint64_t offset = LoadU64(at + 8), bytes = LoadU64(at + 16);
    if (!Inside(file, offset, bytes) || (all += bytes) > file.size()) return {};
    sections.push_back({static_cast<SectionKind>(LoadU32(at)), LoadU32(at + 4),
                        file.substr(static_cast<size_t>(offset), static_cast<size_t>(bytes))});
  }
  return sections;
}

std::string Join(std::string head, const Sections& sections) {
  std::string file = std::move(head);
  std::string table;
  uint64_t blocks = 0;
  for (const SectionBytes& s : sections) {
    PutPadding(file, s.kind == SectionKind::kVectors ? 4096 : 64);
    PutU32(table, static_cast<uint32_t>(s.kind));
    PutU32(table, s.block);
    PutU64(table, file.size());
    PutU64(table, s.bytes.size());
    PutU64(table, blocks);
    PutU64(table, 0);
    if (s.block > 0) blocks += (s.bytes.size() + s.block - 1) / s.block;
    PutBytes(file, s.bytes);
  }
  blocks = std::min<uint64_t>(blocks, 4096);
  PutPadding(file, 64);
  std::string footer(8, '\0');
  PutU64(footer, file.size());
  PutU64(footer, blocks);
  file.resize(file.size() + blocks * 4);
  PutPadding(file, 8);
  PutU64(footer, file.size());
  PutU32(footer, static_cast<uint32_t>(sections.size()));
  footer.resize(kFooter);
  return file + table + footer;
}

std::string* Find(Sections& sections, SectionKind kind) {
  for (SectionBytes& s : sections) {
    if (s.kind == kind) return &s.bytes;
  }
  return nullptr;
}

// The texts of a segment's rows, changed as texts.
bool MutateTexts(Sections& sections, bool ids, Dice& dice) {
  std::string* offsets =
      Find(sections, ids ? SectionKind::kIdOffsets : SectionKind::kMetadataOffsets);
  std::string* bytes = Find(sections, ids ? SectionKind::kIds : SectionKind::kMetadata);
  std::string* table = Find(sections, SectionKind::kIdTable);
  if (offsets == nullptr || bytes == nullptr || table == nullptr || offsets->size() < 16)
    return false;
  std::vector<std::string> texts;
  for (size_t at = 0; at + 16 <= offsets->size(); at += 8) {
    const uint64_t begin = LoadU64(offsets->data() + at), end = LoadU64(offsets->data() + at + 8);
    if (begin > end || end > bytes->size()) return false;
    texts.push_back(bytes->substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
  }
  std::string& text = texts[dice.Below(texts.size())];
  if (dice.OneIn(4)) {
    text = texts[dice.Below(texts.size())];
  } else {
    (ids ? MutateBytes : MutateJson)(text, text.size() + 32, dice);
  }
  offsets->clear();
  bytes->clear();
  for (const std::string& t : texts) {
    PutU64(*offsets, bytes->size());
    *bytes += t;
  }
  PutU64(*offsets, bytes->size());
  if (!ids || dice.OneIn(4)) return true;
  IdTable found;
  const auto id_of = [&](Slot s) { return std::string_view(texts[s]); };
  found.Reserve(texts.size(), id_of);
  for (Slot s = 0; s < texts.size(); ++s) found.Put(s, id_of);
  table->clear();
  for (const uint32_t word : found.words()) PutU32(*table, word);
  return true;
}

void MutateSection(SectionBytes& section, uint64_t rows, size_t most, Dice& dice) {
  switch (section.kind) {
    case SectionKind::kInfo:
      return MutateJson(section.bytes, most, dice);
    case SectionKind::kVectors:
    case SectionKind::kScalars:
      return MutateFloat(section.bytes, dice);
    case SectionKind::kIdOffsets:
    case SectionKind::kMetadataOffsets:
    case SectionKind::kNumbers:
      return MutateWord(section.bytes, 8, rows, dice);
    case SectionKind::kIdTable:
    case SectionKind::kLinks:
    case SectionKind::kLinkOffsets:
    case SectionKind::kPackedLinks:
    case SectionKind::kUpperOffsets:
    case SectionKind::kUpperLinks:
    case SectionKind::kTwins:
      return MutateWord(section.bytes, 4, rows, dice);
    default:
      return MutateBytes(section.bytes, most, dice);
  }
}

// --- Logs

struct LogRecord {
  uint64_t sequence;
  uint8_t type, flags;
  uint32_t collection;
  std::string payload;
};

std::vector<LogRecord> RecordsOf(const std::string& file) {
  std::vector<LogRecord> records;
  for (size_t at = kHeader; Inside(file, at, kWalRecordHeaderBytes);) {
    const char* p = file.data() + at;
    const uint64_t payload = LoadU32(p);
    if (!Inside(file, at + kWalRecordHeaderBytes, payload)) break;
    records.push_back({LoadU64(p + 8), static_cast<uint8_t>(p[16]), static_cast<uint8_t>(p[17]),
                       LoadU32(p + 20), std::string(p + kWalRecordHeaderBytes, payload)});
    at += WalRecordBytes(payload);
  }
  return records;
}

void PutRecord(std::string& file, const LogRecord& r) {
  PutU32(file, static_cast<uint32_t>(r.payload.size()));
  PutU32(file, 0);
  PutU64(file, r.sequence);
  PutU8(file, r.type);
  PutU8(file, r.flags);
  PutU16(file, 0);
  PutU32(file, r.collection);
  PutBytes(file, r.payload);
  PutPadding(file, 8);
}

// Id, metadata and vector of a put; the lengths follow.
void MutatePut(std::string& payload, Dice& dice) {
  if (payload.size() < 8) return;
  const uint64_t id_bytes = LoadU32(payload.data()), text_bytes = LoadU32(payload.data() + 4);
  if (!Inside(payload, 8, id_bytes + text_bytes)) return;
  std::string id = payload.substr(8, static_cast<size_t>(id_bytes));
  std::string text =
      payload.substr(static_cast<size_t>(8 + id_bytes), static_cast<size_t>(text_bytes));
  const uint64_t padded = (8 + id_bytes + text_bytes + 3) / 4 * 4;
  std::string vector =
      payload.substr(static_cast<size_t>(std::min<uint64_t>(padded, payload.size())));
  switch (dice.Below(4)) {
    case 0:
      MutateBytes(id, id.size() + 16, dice);
      break;
    case 1:
      MutateJson(text, text.size() + 32, dice);
      break;
    case 2:
      MutateFloat(vector, dice);
      break;
    case 3:
      id = "id" + std::to_string(dice.Below(30));
      break;
  }
  payload.clear();
  PutU32(payload, static_cast<uint32_t>(id.size()));
  PutU32(payload, static_cast<uint32_t>(text.size()));
  payload += id + text;
  PutPadding(payload, 4);
  payload += vector;
}

constexpr uint8_t kRecordTypes[] = {1, 1, 2, 2, 3, 4, 4, 16, 16, 17, 32, 33, 0, 34, 255};

void MutateRecord(LogRecord& record, Dice& dice) {
  switch (dice.Below(8)) {
    case 0:
      record.type = kRecordTypes[dice.Below(std::size(kRecordTypes))];
      return;
    case 1:
      record.collection = static_cast<uint32_t>(dice.Below(5));
      return;
    case 2:
      record.flags ^= static_cast<uint8_t>(dice.OneIn(8) ? dice.Next() : 1);
      return;
    case 3:
      return MutateBytes(record.payload, record.payload.size() + 16, dice);
    default:
      break;
  }
  switch (static_cast<WalRecordType>(record.type)) {
    case WalRecordType::kPut:
      return MutatePut(record.payload, dice);
    case WalRecordType::kDelete:
      record.payload = "id" + std::to_string(dice.Below(30));
      return;
    case WalRecordType::kSetMetadata: {
      const std::string id = "id" + std::to_string(dice.Below(30));
      std::string text = "{\"n\":1}";
      MutateJson(text, 64, dice);
      record.payload.clear();
      PutU32(record.payload, static_cast<uint32_t>(id.size()));
      record.payload += id + text;
      return;
    }
    case WalRecordType::kCreateCollection:
      return MutateJson(record.payload, record.payload.size() + 64, dice);
    default:
      return MutateBytes(record.payload, record.payload.size() + 16, dice);
  }
}

// --- Containers

using Entries = std::vector<std::pair<std::string, std::string>>;  // name, bytes

Entries EntriesOf(const std::string& file) {
  Entries entries;
  if (file.size() < kHeader) return entries;
  size_t all = 0;
  for (uint64_t at = LoadU64(file.data() + 48); Inside(file, at, 24);) {
    const char* p = file.data() + at;
    const uint32_t name = LoadU32(p);
    const uint64_t offset = LoadU64(p + 8), bytes = LoadU64(p + 16);
    if (!Inside(file, at + 24, name) || !Inside(file, offset, bytes) ||
        (all += bytes) > file.size())
      return {};
    entries.emplace_back(std::string(p + 24, name),
                         file.substr(static_cast<size_t>(offset), static_cast<size_t>(bytes)));
    at += 24 + name;
  }
  return entries;
}

std::string JoinEntries(std::string head, const Entries& entries) {
  std::string file = std::move(head), listing;
  for (const auto& [name, bytes] : entries) {
    PutPadding(file, 4096);
    PutU32(listing, static_cast<uint32_t>(name.size()));
    PutU32(listing, 0);
    PutU64(listing, file.size());
    PutU64(listing, bytes.size());
    PutBytes(listing, name);
    PutBytes(file, bytes);
  }
  PutPadding(file, 4096);
  StoreU32(file.data() + 12, static_cast<uint32_t>(entries.size()));
  StoreU64(file.data() + 48, file.size());
  return file + listing;
}

void SetNumberAt(std::string& text, size_t at, uint64_t number) {
  const size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
  text.replace(at, end - at, std::to_string(number));
}

// The manifest names the lengths of the files there are, and how many rows they say are deleted.
void FixReferences(Entries& entries) {
  for (auto& [manifest_name, manifest] : entries) {
    if (ParseOwnFileName(manifest_name).kind != OwnFile::kManifest) continue;
    for (const auto& [name, bytes] : entries) {
      const std::string ref = "{\"name\":\"" + name + "\",\"bytes\":";
      const size_t at = manifest.find(ref);
      if (at == std::string::npos) continue;
      SetNumberAt(manifest, at + ref.size(), bytes.size());
      constexpr std::string_view kBefore = "\"tombstones\":", kDeleted = "\"deleted\":";
      if (at < kBefore.size() ||
          manifest.compare(at - kBefore.size(), kBefore.size(), kBefore) != 0)
        continue;
      const size_t deleted = manifest.rfind(kDeleted, at);
      if (deleted == std::string::npos) continue;
      uint64_t count = 0;
      for (size_t i = kHeader + 8; i < bytes.size(); ++i)
        count += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(bytes[i])));
      SetNumberAt(manifest, deleted + kDeleted.size(), count);
    }
  }
}

}  // namespace

void MutateSegment(std::string& file, size_t most, Dice& dice) {
  Sections sections = Split(file);
  if (sections.empty() || dice.OneIn(16)) return MutateBytes(file, most, dice);
  std::string head = file.substr(0, kHeader);
  const std::string* offsets = Find(sections, SectionKind::kIdOffsets);
  const uint64_t rows = offsets == nullptr ? 0 : offsets->size() / 8;
  for (size_t n = 1 + dice.Below(3); n > 0; --n) {
    SectionBytes& section = sections[dice.Below(sections.size())];
    switch (dice.Below(12)) {
      case 0:
        MutateTexts(sections, true, dice);
        break;
      case 1:
        MutateTexts(sections, false, dice);
        break;
      case 2:  // what the target makes of the file (fuzz_segment.cc)
        head[32 + dice.Below(16)] = static_cast<char>(dice.Next());
        break;
      case 3:
        switch (dice.Below(5)) {
          case 0:
            section.kind = static_cast<SectionKind>(dice.Below(20));
            break;
          case 1:
            section.block =
                static_cast<uint32_t>(dice.OneIn(2) ? dice.Below(300) : section.block * 2);
            break;
          case 2:
            section.bytes.resize(section.bytes.size() / 2);
            break;
          case 3:
            section.bytes.append(4 << dice.Below(4), '\0');
            break;
          case 4:
            std::swap(section, sections[dice.Below(sections.size())]);
            break;
        }
        break;
      default:
        MutateSection(section, rows, section.bytes.size() + 64, dice);
        break;
    }
  }
  file = Join(std::move(head), sections);
  if (!dice.OneIn(16)) return;
  // Tables and footer.
  const size_t tail = std::min(file.size(), kFooter + kTableEntry * sections.size());
  std::string tables = file.substr(file.size() - tail);
  MutateWord(tables, dice.OneIn(2) ? 8 : 4, file.size(), dice);
  file.replace(file.size() - tail, tail, tables);
}

void MutateWal(std::string& file, size_t most, Dice& dice) {
  std::vector<LogRecord> records = RecordsOf(file);
  if (file.size() < kHeader || records.empty() || dice.OneIn(16))
    return MutateBytes(file, most, dice);
  std::string out = file.substr(0, kHeader);
  for (size_t n = 1 + dice.Below(3); n > 0 && !records.empty(); --n) {
    const auto at = records.begin() + static_cast<long>(dice.Below(records.size()));
    const LogRecord other = records[dice.Below(records.size())];
    switch (dice.Below(8)) {
      case 0:
        records.erase(at);
        break;
      case 1:
        records.insert(at, other);
        break;
      case 2:
        *at = other;
        break;
      case 3:  // which database it is replayed into (fuzz_wal.cc)
        out[12] = static_cast<char>(dice.Next());
        break;
      default:
        MutateRecord(*at, dice);
        break;
    }
  }
  // Mostly with sequences and counts put right (checksums.h).
  if (!dice.OneIn(8)) out[12] = static_cast<char>(out[12] | kWalFollow);
  for (LogRecord& r : records) {
    if (r.type == static_cast<uint8_t>(WalRecordType::kCommit) && !dice.OneIn(16))
      r.payload.resize(4);
  }
  for (const LogRecord& r : records) PutRecord(out, r);
  if (dice.OneIn(16)) out.resize(kHeader + dice.Below(out.size() - kHeader + 1));  // a torn tail
  file = std::move(out);
}

void MutateContainer(std::string& file, size_t most, Dice& dice) {
  Entries entries = EntriesOf(file);
  if (entries.empty() || dice.OneIn(16)) return MutateBytes(file, most, dice);
  auto& [name, bytes] = entries[dice.Below(entries.size())];
  switch (dice.Below(16)) {
    case 0:
      entries.erase(entries.begin() + static_cast<long>(dice.Below(entries.size())));
      break;
    case 1:
      entries.push_back(entries[dice.Below(entries.size())]);
      break;
    case 2:
      MutateBytes(name, 64, dice);
      break;
    default: {
      if (bytes.size() < kHeader) break;
      const OwnFile kind = ParseOwnFileName(name).kind;
      if (kind == OwnFile::kSegment) {
        MutateSegment(bytes, bytes.size() + 256, dice);
        break;
      }
      std::string body = bytes.substr(kHeader);
      if (kind == OwnFile::kManifest) {
        MutateJson(body, body.size() + 256, dice);
      } else {
        MutateWord(body, 8, body.size() * 8, dice);
      }
      bytes = bytes.substr(0, kHeader) + body;
      break;
    }
  }
  if (!dice.OneIn(8)) FixReferences(entries);
  file = JoinEntries(file.substr(0, kHeader), entries);
}

}  // namespace ruvector::fuzz
