#include "collection/sealed_segment.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "collection/list_search.h"
#include "collection/segment_search.h"
#include "core/coding.h"
#include "core/error.h"
#include "core/json.h"
#include "index/hnsw_builder.h"

namespace ruvector {
namespace {

constexpr uint64_t kMaxInfoBytes = 1 << 16;

uint64_t InfoNumber(const Json& info, const char* key, uint64_t limit, const std::string& what) {
  const auto at = info.IsObject() ? info.FindMember(key) : Json::ConstMemberIterator();
  if (!info.IsObject() || at == info.MemberEnd() || !at->value.IsUint64() ||
      at->value.GetUint64() > limit) {
    throw Error(ErrorCode::kCorrupt, what + ": info has no valid \"" + key + "\"");
  }
  return at->value.GetUint64();
}

}  // namespace

SealedSegment::SealedSegment(Directory& directory, const DatabaseId& database,
                             const SegmentEntry& entry, const MetricSpace& space, size_t m,
                             bool vectors_in_memory)
    : entry_(entry), space_(space), m_(m) {
  reader_ = std::make_unique<SegmentReader>(
      directory, entry.parts, database, entry.id,
      vectors_in_memory ? std::nullopt : std::optional(SectionKind::kVectors));
  what_ = directory.path() + "/" + entry.parts.front().name;
  const Section info_section = reader_->Find(SectionKind::kInfo, 0, 0);
  if (info_section.bytes() > kMaxInfoBytes) Damaged("info is too long");
  const std::string_view text(
      reinterpret_cast<const char*>(info_section.Range(0, info_section.bytes())),
      static_cast<size_t>(info_section.bytes()));
  JsonDocument info;
  try {
    info = ParseJson(text, "info");
  } catch (const Error& e) {
    Damaged(e.what());
  }
  rows_ = static_cast<size_t>(InfoNumber(info, "rows", kNoSlot - 1, what_));
  linked_ = static_cast<size_t>(InfoNumber(info, "linked", rows_, what_));
  entry_slot_ = static_cast<Slot>(InfoNumber(info, "entry", linked_ == 0 ? 0 : linked_ - 1, what_));
  max_level_ = static_cast<int>(InfoNumber(info, "maxLevel", kMaxGraphLevel, what_));
  if (info.HasMember("nlist"))
    lists_ = static_cast<size_t>(InfoNumber(info, "nlist", std::min(rows_, kMaxLists), what_));
  if (lists_ > 0 && linked_ > 0) Damaged("has lists and a graph");
  if (rows_ != entry.rows ||
      InfoNumber(info, "dimensions", kMaxDimensions, what_) != space.dimensions() ||
      InfoNumber(info, "metric", 3, what_) != static_cast<uint64_t>(space.metric()) ||
      InfoNumber(info, "m", 512, what_) != m_) {
    Damaged("rows, dimensions, metric or m differ from the manifest's");
  }
  const size_t m0_bytes = (1 + 2 * m_) * 4, upper_bytes = (1 + m_) * 4;
  id_offsets_ = reader_->Find(SectionKind::kIdOffsets, 8, rows_ + 1);
  ids_ = reader_->Find(SectionKind::kIds, 0, 0);
  id_table_ = reader_->Find(SectionKind::kIdTable, 0, 0);
  id_capacity_ = static_cast<size_t>(id_table_.bytes() / 4);
  if (id_capacity_ > 0 && (!std::has_single_bit(id_capacity_) || id_capacity_ < 2))
    Damaged("id table has a wrong size");
  id_table_ = reader_->Find(SectionKind::kIdTable, 4, id_capacity_);
  vectors_ = reader_->Find(SectionKind::kVectors, space.dimensions() * sizeof(float), rows_);
  scalars_ = reader_->Find(SectionKind::kScalars, 4, rows_);
  metadata_offsets_ = reader_->Find(SectionKind::kMetadataOffsets, 8, rows_ + 1);
  metadata_ = reader_->Find(SectionKind::kMetadata, 0, 0);
  packed_ = reader_->Has(SectionKind::kPackedLinks);
  if (packed_) {
    link_offsets_ = reader_->Find(SectionKind::kLinkOffsets, 4, linked_ + 1);
    const Section packed = reader_->Find(SectionKind::kPackedLinks, 0, 0);
    link_words_ = packed.bytes() / 4;
    links_ = reader_->Find(SectionKind::kPackedLinks, 4, link_words_);
  } else {
    links_ = reader_->Find(SectionKind::kLinks, m0_bytes, linked_);
  }
  upper_offsets_ = reader_->Find(SectionKind::kUpperOffsets, 4, linked_ + 1);
  const Section upper = reader_->Find(SectionKind::kUpperLinks, 0, 0);
  upper_links_ = reader_->Find(SectionKind::kUpperLinks, upper_bytes, upper.bytes() / upper_bytes);
  twins_ = reader_->Find(SectionKind::kTwins, 4, linked_);
  numbers_ = reader_->Find(SectionKind::kNumbers, 8, rows_);
  if (lists_ > 0) {
    const size_t centroid_bytes = space.dimensions() * sizeof(float);
    centroids_ = reader_->Find(SectionKind::kCentroids, centroid_bytes, lists_);
    list_offsets_ = reader_->Find(SectionKind::kListOffsets, 4, lists_ + 1);
    listed_ = reader_->Find(SectionKind::kListedRows, 4, rows_);
  }
  if (reader_->Has(SectionKind::kFieldIndexes)) {
    const Section indexes = reader_->Find(SectionKind::kFieldIndexes, 0, 0);
    const auto bytes = [indexes](uint64_t offset, uint64_t n) {
      return std::string_view(reinterpret_cast<const char*>(indexes.Range(offset, n)),
                              static_cast<size_t>(n));
    };
    field_indexes_.Open(indexes.bytes(), bytes, what_);
  }
  if (linked_ > 0 && LevelOf(entry_slot_) < max_level_) Damaged("entry is on no upper level");
  if (info.HasMember("codes")) {
    const Json& codes = info["codes"];
    const auto named = codes.IsString() ? ParseCodes(codes.GetString()) : std::nullopt;
    if (!named) Damaged("info names codes that are unknown");
    quantization_ = named->quantization;
    if (Learns(quantization_)) coded_for_ = quantization_;
    if (info.HasMember("codedFor")) {
      const Json& asked = info["codedFor"];
      coded_for_ = asked.IsString() ? ParseQuantization(asked.GetString()) : std::nullopt;
      if (!coded_for_) Damaged("info names codes that are unknown");
    }
    if (named->parameters) {
      const Section parameters = reader_->Find(SectionKind::kCodecParameters, 0, 0);
      parameter_bytes_ = static_cast<size_t>(parameters.bytes());
      codec_ = ReadCodec(quantization_, space.metric(), space.dimensions(),
                         {reinterpret_cast<const char*>(parameters.Range(0, parameters.bytes())),
                          parameter_bytes_},
                         what_);
    } else {
      if (quantization_.type == Quantization::Type::kSpherical &&
          space.metric() == Metric::kManhattan)
        Damaged("has codes that its metric does not follow from");
      codec_ = NewCodec(quantization_, space.metric(), space.dimensions());
    }
    if (codec_) codes_ = reader_->Find(SectionKind::kCodes, codec_->row_bytes(), indexed());
    if (codec_ && codec_->wants_lengths())
      lengths_ = reader_->Find(SectionKind::kCodeLengths, sizeof(float), indexed());
    fine_codec_ = NewFineCodec(quantization_, space.metric(), space.dimensions());
    if (fine_codec_)
      fine_codes_ = reader_->Find(SectionKind::kFineCodes, fine_codec_->row_bytes(), indexed());
  }

  if (info.HasMember("recall")) {
    try {
      KeepRecall(std::make_shared<RecallTable>(RecallTable::FromJson(info["recall"])));
    } catch (const Error& e) {
      Damaged(e.what());
    }
  }

  live_.Resize(rows_, true);
  live_count_ = rows_;
  if (entry.tombstones) {
    const Bitset deleted = ReadTombstones(directory, *entry.tombstones, database, entry.id, rows_);
    for (size_t w = 0; w < deleted.words().size(); ++w) live_.words()[w] &= ~deleted.words()[w];
    live_count_ = live_.Count();
  }
  if (rows_ - live_count_ != entry.deleted)
    Damaged("number of deleted rows differs from the manifest's");
}

void SealedSegment::Damaged(const char* detail) const {
  throw Error(ErrorCode::kCorrupt, what_ + ": " + detail);
}

const float* SealedSegment::FetchVector(Slot slot, std::vector<float>& room) const {
  if (!vectors_.on_disk()) return Vector(slot);
  room.resize(space_.dimensions());
  vectors_.CopyRow(slot, room.data());
  return room.data();
}

std::string_view SealedSegment::Text(const Section& offsets, const Section& bytes,
                                     Slot slot) const {
  const uint64_t begin = LoadU64(offsets.Row(slot)), end = LoadU64(offsets.Row(slot + 1));
  if (end < begin) Damaged("text offsets go backwards");
  return {reinterpret_cast<const char*>(bytes.Range(begin, end - begin)),
          static_cast<size_t>(end - begin)};
}

Slot SealedSegment::Find(std::string_view id) const {
  return FindInIdTable(
      id, id_capacity_, rows_, [&](size_t i) { return LoadU32(id_table_.Row(i)); },
      [&](Slot s) { return Id(s); });
}

uint32_t SealedSegment::UpperOffset(Slot slot) const { return LoadU32(upper_offsets_.Row(slot)); }

int SealedSegment::LevelOf(Slot slot) const {
  const uint32_t begin = UpperOffset(slot), end = UpperOffset(slot + 1);
  if (end < begin || end - begin > kMaxGraphLevel || end > upper_links_.bytes() / ((1 + m_) * 4)) {
    Damaged("upper links go backwards");
  }
  return static_cast<int>(end - begin);
}

NeighborList SealedSegment::Links(Slot slot, int level) const {
  NeighborList list{nullptr, 0};
  if (level == 0 && packed_) {
    const auto [begin, n] = PackedLinks(slot);
    if (n > 0) list = {reinterpret_cast<const uint32_t*>(links_.Rows(begin, n)), n};
  } else {
    if (level > 0 && level > LevelOf(slot)) Damaged("a row is not on the level that is asked for");
    const uint8_t* row =
        level == 0 ? links_.Row(slot)
                   : upper_links_.Row(UpperOffset(slot) + static_cast<uint32_t>(level) - 1);
    const auto* words = reinterpret_cast<const uint32_t*>(row);
    list = {words + 1, words[0]};
  }
  if (list.count > (level == 0 ? 2 * m_ : m_)) Damaged("a row has too many links");
  uint32_t greatest = 0;
  for (uint32_t i = 0; i < list.count; ++i) greatest = std::max(greatest, list.begin[i]);
  if (list.count > 0 && greatest >= linked_) Damaged("a link leads out of the segment");
  return list;
}

NeighborList SealedSegment::CheckedLinks(Slot slot, int level) const {
  const NeighborList list = Links(slot, level);
  for (uint32_t i = 0; level > 0 && i < list.count; ++i) {
    if (LevelOf(list.begin[i]) < level) Damaged("a link leads to a row that is not on its level");
  }
  return list;
}

Slot SealedSegment::Twin(Slot slot) const {
  const Slot twin = LoadU32(twins_.Row(slot));
  return twin < linked_ ? twin : kNoSlot;
}

void SealedSegment::SearchLinked(LinkedSearch& search) const {
  if (lists_ > 0) {
    SearchListedRows(*this, search);
  } else {
    SearchLinkedRows(*this, search);
  }
}

void SealedSegment::Scan(std::span<RowScan> scans) const { ScanRows(*this, scans, rows()); }

}  // namespace ruvector
