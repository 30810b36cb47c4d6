#include "collection/growing_segment.h"

#include "collection/row_coder.h"
#include "collection/sealed_segment.h"
#include "collection/segment_search.h"
#include "core/coding.h"
#include "core/error.h"
#include "core/json.h"
#include "index/list_builder.h"

namespace ruvector {

GrowingSegment::GrowingSegment(const MetricSpace& space, const HnswParameters& parameters)
    : space_(space), builder_(space, parameters) {}

std::unique_ptr<GrowingSegment> GrowingSegment::Thaw(const SealedSegment& sealed,
                                                     const HnswParameters& parameters) {
  auto growing = std::make_unique<GrowingSegment>(sealed.space(), parameters);
  const size_t rows = sealed.rows();
  growing->BeginRestore(rows, 0, 0);
  std::vector<NeighborList> levels;
  for (Slot slot = 0; slot < rows; ++slot) {
    const float* vector = sealed.Vector(slot);
    if (!growing->space_.IsSound(vector)) sealed.Damaged("a vector is not finite");
    if (slot < sealed.linked()) {
      levels.clear();
      const int top = sealed.LevelOf(slot);
      for (int level = 0; level <= top; ++level) levels.push_back(sealed.CheckedLinks(slot, level));
      growing->Restore(sealed.Id(slot), sealed.Metadata(slot), vector, sealed.Number(slot), levels,
                       sealed.Twin(slot));
    } else {
      growing->Append(sealed.Id(slot), sealed.Metadata(slot), vector, sealed.Number(slot));
    }
    if (sealed.live().Test(slot)) growing->table_.Put(slot, [&](Slot s) { return growing->Id(s); });
  }
  if (sealed.linked() > 0) growing->EndRestore(sealed.entry(), sealed.max_level(), false);
  growing->WantFieldIndexes(sealed.field_indexes().paths());
  if (growing->quantization() == sealed.quantization()) growing->KeepRecall(sealed.KnownRecall());
  growing->live_ = sealed.live();
  growing->live_count_ = sealed.live_count();
  growing->tombstones_changed_ = sealed.tombstones_changed();
  return growing;
}

namespace {

// Half as much again, so that adding rows one by one costs little.
size_t Grown(size_t capacity, size_t wanted) {
  return capacity >= wanted ? capacity : std::max(wanted, capacity + capacity / 2);
}

}  // namespace

void GrowingSegment::Reserve(size_t rows, size_t id_bytes, size_t metadata_bytes) {
  const size_t total = this->rows() + rows;
  if (total >= kNoSlot) throw std::bad_alloc();
  const auto grow = [](auto& vector, size_t wanted) {
    if (vector.capacity() < wanted) vector.reserve(Grown(vector.capacity(), wanted));
  };
  grow(ids_.bytes, ids_.bytes.size() + id_bytes);
  grow(metadata_.bytes, metadata_.bytes.size() + metadata_bytes);
  grow(ids_.spans, total);
  grow(metadata_.spans, total);
  grow(numbers_, total);
  grow(live_.words(), (total + 63) / 64);
  table_.Reserve(rows, [this](Slot s) { return Id(s); });
  builder_.Reserve(total);
}

size_t GrowingSegment::BytesAfterReserve(size_t rows, size_t id_bytes,
                                         size_t metadata_bytes) const {
  const size_t total = this->rows() + rows;
  return builder_.BytesAfterReserve(total) +
         Grown(ids_.bytes.capacity(), ids_.bytes.size() + id_bytes) +
         Grown(metadata_.bytes.capacity(), metadata_.bytes.size() + metadata_bytes) +
         Grown(ids_.spans.capacity(), total) * (2 * sizeof(Span) + sizeof(uint64_t)) +
         table_.CapacityAfterReserve(rows) * sizeof(uint32_t);
}

void GrowingSegment::AppendText(Texts& texts, std::string_view text) {
  texts.spans.push_back({texts.bytes.size(), static_cast<uint32_t>(text.size())});
  texts.bytes.append(text);
}

void GrowingSegment::AppendTexts(std::string_view id, std::string_view metadata, uint64_t number) {
  AppendText(ids_, id);
  AppendText(metadata_, metadata);
  numbers_.push_back(number);
}

Slot GrowingSegment::Append(std::string_view id, std::string_view metadata, const float* vector,
                            uint64_t number) {
  AppendTexts(id, metadata, number);
  const Slot slot = builder_.Append(vector);
  live_.Resize(builder_.rows());
  return slot;
}

void GrowingSegment::BeginRestore(size_t rows, size_t id_bytes, size_t metadata_bytes) {
  Reserve(rows, id_bytes, metadata_bytes);
  builder_.BeginRestore(rows);
}

Slot GrowingSegment::Restore(std::string_view id, std::string_view metadata, const float* vector,
                             uint64_t number, const std::vector<NeighborList>& levels, Slot twin) {
  AppendTexts(id, metadata, number);
  const Slot slot = static_cast<Slot>(builder_.rows());
  builder_.RestoreRow(vector, levels, twin);
  live_.Resize(builder_.rows());
  return slot;
}

void GrowingSegment::Publish(Slot slot) noexcept {
  table_.Put(slot, [this](Slot s) { return Id(s); });
  live_.Set(slot);
  ++live_count_;
}

void GrowingSegment::SetMetadata(Slot slot, std::string_view metadata) {
  metadata_.spans[slot] = {metadata_.bytes.size(), static_cast<uint32_t>(metadata.size())};
  metadata_.bytes.append(metadata);
  field_indexes_.Change(slot);
}

Slot GrowingSegment::Find(std::string_view id) const {
  return table_.Find(id, rows(), [this](Slot s) { return Id(s); });
}

void GrowingSegment::SearchLinked(LinkedSearch& search) const {
  SearchLinkedRows(builder_, search);
}

void GrowingSegment::Scan(std::span<RowScan> scans) const { ScanRows(*this, scans, rows()); }

size_t GrowingSegment::heap_bytes() const {
  return builder_.bytes() + ids_.bytes.capacity() + metadata_.bytes.capacity() +
         (ids_.spans.capacity() + metadata_.spans.capacity()) * sizeof(Span) +
         numbers_.capacity() * sizeof(uint64_t) + table_.capacity() * sizeof(uint32_t);
}

namespace {

void AppendWords(SegmentWriter& out, const std::vector<uint32_t>& words) {
  std::string bytes;
  bytes.reserve(words.size() * 4);
  for (uint32_t w : words) PutU32(bytes, w);
  out.Append(bytes.data(), bytes.size());
}

void AppendList(std::vector<uint32_t>& words, const NeighborList& list, size_t width) {
  words.push_back(list.count);
  words.insert(words.end(), list.begin, list.begin + list.count);
  words.resize(words.size() + width - list.count, 0);
}

}  // namespace

std::vector<FileRef> GrowingSegment::WriteTo(Directory& directory, const DatabaseId& database,
                                             uint64_t segment, const CollectionEntry& collection,
                                             const RowCoder* coder, const InvertedLists* lists,
                                             std::optional<Quantization> coded_for) const {
  const size_t rows = this->rows(), linked = this->linked(), m = builder_.m();
  SegmentWriter out(directory, database, segment);
  const Quantization coding = coder   ? coder->quantization()
                              : lists ? Quantization::kNone
                                      : builder_.quantization();
  const Codec* const codec = coder ? &coder->codec() : lists ? nullptr : builder_.codec();

  // Of other codes than those that are written it would not be true.
  const std::shared_ptr<const RecallTable> known =
      coder != nullptr || lists != nullptr
          ? nullptr
          : (wants_recall_ ? MeasuredRecall(nullptr, std::nullopt) : KnownRecall());
  const std::string recall =
      known && known->Covers(linked) ? ",\"recall\":" + known->ToJson() : std::string();
  std::string info = "{\"rows\":" + std::to_string(rows) + ",\"linked\":" + std::to_string(linked) +
                     ",\"dimensions\":" + std::to_string(space_.dimensions()) +
                     ",\"metric\":" + std::to_string(static_cast<int>(space_.metric())) +
                     ",\"m\":" + std::to_string(m) +
                     ",\"maxLevel\":" + std::to_string(linked > 0 ? builder_.max_level() : 0) +
                     ",\"entry\":" + std::to_string(linked > 0 ? builder_.entry() : 0) +
                     (lists ? ",\"nlist\":" + std::to_string(lists->count()) : "") +
                     ",\"codes\":\"" + CodesName(coding, codec) + "\"" +
                     (coded_for ? ",\"codedFor\":\"" + QuantizationName(*coded_for) + "\"" : "") +
                     recall + ",\"collectionId\":" + std::to_string(collection.id) +
                     ",\"collection\":";
  AppendJsonString(info, collection.name);
  info += '}';
  out.Begin(SectionKind::kInfo, 0);
  out.Append(info.data(), info.size());

  const auto append_texts = [&](const Texts& texts, SectionKind offsets, SectionKind bytes) {
    std::string table;
    uint64_t at = 0;
    for (Slot s = 0; s < rows; ++s) {
      PutU64(table, at);
      at += texts.spans[s].bytes;
    }
    PutU64(table, at);
    out.Begin(offsets, 8);
    out.Append(table.data(), table.size());
    out.Begin(bytes, 0);
    for (Slot s = 0; s < rows; ++s) {
      const std::string_view text = Text(texts, s);
      out.Append(text.data(), text.size());
    }
  };
  append_texts(ids_, SectionKind::kIdOffsets, SectionKind::kIds);
  out.Begin(SectionKind::kIdTable, 4);
  AppendWords(out, table_.words());
  append_texts(metadata_, SectionKind::kMetadataOffsets, SectionKind::kMetadata);
  const std::string indexes =
      field_indexes_.Write(rows, [this](Slot slot) { return Metadata(slot); });
  if (!indexes.empty()) {
    out.Begin(SectionKind::kFieldIndexes, 0);
    out.Append(indexes.data(), indexes.size());
  }

  out.Begin(SectionKind::kScalars, 4);
  for (Slot s = 0; s < rows; ++s) {
    const float scalar = builder_.Scalar(s);
    out.Append(&scalar, sizeof scalar);
  }
  out.Begin(SectionKind::kVectors, space_.dimensions() * sizeof(float));
  for (Slot s = 0; s < rows; ++s)
    out.Append(builder_.Vector(s), space_.dimensions() * sizeof(float));

  // Where there are lists, what lies in them is by position.
  const size_t coded = lists ? rows : linked;
  const auto row_at = [&](size_t i) { return lists ? lists->rows[i] : static_cast<Slot>(i); };
  if (codec) {
    out.Begin(SectionKind::kCodes, codec->row_bytes());
    for (size_t i = 0; i < coded; ++i)
      out.Append(coder ? coder->Code(row_at(i)) : builder_.Code(row_at(i)), codec->row_bytes());
    if (codec->wants_lengths()) {
      out.Begin(SectionKind::kCodeLengths, sizeof(float));
      for (size_t i = 0; i < coded; ++i) {
        const Slot row = row_at(i);
        const float length = coder ? codec->Length(Vector(row), Scalar(row)) : builder_.Length(row);
        out.Append(&length, sizeof length);
      }
    }
    if (const std::string parameters = codec->Parameters(); !parameters.empty()) {
      out.Begin(SectionKind::kCodecParameters, 0);
      out.Append(parameters.data(), parameters.size());
    }
    if (const Codec* fine = coder ? coder->fine_codec() : nullptr) {
      out.Begin(SectionKind::kFineCodes, fine->row_bytes());
      for (size_t i = 0; i < coded; ++i) out.Append(coder->FineCode(row_at(i)), fine->row_bytes());
    }
  }
  if (lists) {
    out.Begin(SectionKind::kCentroids, space_.dimensions() * sizeof(float));
    out.Append(lists->centroids.data(), lists->centroids.size() * sizeof(float));
    out.Begin(SectionKind::kListOffsets, 4);
    AppendWords(out, lists->offsets);
    out.Begin(SectionKind::kListedRows, 4);
    AppendWords(out, lists->rows);
  }

  std::vector<uint32_t> words, offsets;
  uint64_t links = 0;
  for (Slot s = 0; s < linked; ++s) {
    offsets.push_back(static_cast<uint32_t>(links));
    links += builder_.Links(s, 0).count;
  }
  if (links > UINT32_MAX) throw std::bad_alloc();  // more rows than memory has
  offsets.push_back(static_cast<uint32_t>(links));
  out.Begin(SectionKind::kLinkOffsets, 4);
  AppendWords(out, offsets);
  out.Begin(SectionKind::kPackedLinks, 4);
  for (Slot s = 0; s < linked; ++s) {
    const NeighborList list = builder_.Links(s, 0);
    words.assign(list.begin, list.begin + list.count);
    AppendWords(out, words);
  }
  words.clear();
  offsets.clear();
  for (Slot s = 0; s < linked; ++s) {
    offsets.push_back(static_cast<uint32_t>(words.size() / (1 + m)));
    for (int level = 1; level <= builder_.LevelOf(s); ++level)
      AppendList(words, builder_.Links(s, level), m);
  }
  offsets.push_back(static_cast<uint32_t>(words.size() / (1 + m)));
  out.Begin(SectionKind::kUpperOffsets, 4);
  AppendWords(out, offsets);
  out.Begin(SectionKind::kUpperLinks, (1 + m) * 4);
  AppendWords(out, words);
  words.clear();
  for (Slot s = 0; s < linked; ++s) words.push_back(builder_.Twin(s));
  out.Begin(SectionKind::kTwins, 4);
  AppendWords(out, words);
  std::string numbers;
  for (const uint64_t number : numbers_) PutU64(numbers, number);
  out.Begin(SectionKind::kNumbers, 8);
  out.Append(numbers.data(), numbers.size());
  return out.Finish();
}

}  // namespace ruvector
