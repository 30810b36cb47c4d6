#include "collection/collection.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "core/crc32c.h"
#include "core/error.h"
#include "core/json.h"
#include "core/parallel.h"

namespace ruvector {
namespace {

// Rows appended or linked under one lock: what a search may have to wait for.
constexpr size_t kAppendSlice = 1024;
constexpr size_t kLinkSlice = 16;

}  // namespace

Collection::Collection(CollectionEntry entry, const CollectionOptions& options)
    : entry_(std::move(entry)),
      options_(options),
      space_(options.metric, options.dimensions),
      ef_search_(options.ef_search),
      nprobe_(options.nprobe) {
  if (options_.threads == 0) options_.threads = DefaultThreads();
  next_row_ = entry_.next_row;
}

CollectionEntry Collection::Describe(std::vector<SegmentEntry> segments) const {
  CollectionEntry entry = entry_;
  entry.next_row = next_row_;
  entry.segments = std::move(segments);
  return entry;
}

void Collection::Load(Directory& directory, const DatabaseId& database,
                      const std::vector<SegmentEntry>& segments) {
  for (const SegmentEntry& entry : segments) {
    auto segment = std::make_shared<SealedSegment>(directory, database, entry, space_,
                                                   options_.hnsw.m, options_.vectors_in_memory);
    const size_t rows = segment->rows();
    if (rows > 0 && segment->Number(static_cast<Slot>(rows - 1)) >= next_row_)
      segment->Damaged("its rows have numbers that the manifest will give to others");
    // Too large to be taken into memory for the next row, it may have been written by somebody who
    // kept the vectors there.
    const bool grows =
        segment->bytes() <= options_.limits.thaw_bytes &&
        (options_.vectors_in_memory || segment->bytes() <= options_.limits.seal_bytes);
    if (entry.growing && grows && &entry == &segments.back()) {
      growing_entry_ = entry;
      thawable_ = std::move(segment);
    } else {
      segment->manifest_entry().growing = false;
      sealed_.push_back(std::move(segment));
    }
  }
  MeasureMemory();
}

void Collection::TakeContents(Collection& other) {
  const std::lock_guard<FairMutex> lock(mutex_);
  sealed_ = std::move(other.sealed_);
  thawable_ = std::move(other.thawable_);
  growing_ = std::move(other.growing_);
  growing_entry_ = other.growing_entry_;
  next_row_ = other.next_row_;
  MeasureMemory();
}

void Collection::MeasureMemory() {
  size_t bytes = 0, index_bytes = 0;
  ForEachSegment([&](const Segment& segment) {
    bytes += segment.heap_bytes();
    index_bytes += segment.field_index_bytes();
  });
  memory_bytes_.store(bytes, std::memory_order_relaxed);
  // Field indexes give way to rows.
  if (index_bytes > 0 && options_.memory_budget > 0 && bytes + index_bytes > options_.memory_budget)
    ForEachSegment([](Segment& segment) { segment.DropFieldIndexes(); });
}

// What rows and the field indexes there are leave of the budget.
size_t Collection::RoomForFieldIndexes() const {
  if (options_.memory_budget == 0) return SIZE_MAX;
  size_t bytes = memory_bytes();
  ForEachSegment([&](const Segment& segment) { bytes += segment.field_index_bytes(); });
  return bytes < options_.memory_budget ? options_.memory_budget - bytes : 0;
}

std::optional<Collection::Located> Collection::Locate(std::string_view id) const {
  std::optional<Located> found;
  ForEachSegment([&](Segment& segment) {
    if (found) return;
    const Slot slot = segment.Find(id);
    if (slot != kNoSlot && segment.live().Contains(slot)) found = Located{&segment, slot};
  });
  return found;
}

// --- Writing

void Collection::RequireGrowing() {
  if (growing_) return;
  std::unique_ptr<GrowingSegment> growing =
      thawable_ ? GrowingSegment::Thaw(*thawable_, options_.hnsw)
                : std::make_unique<GrowingSegment>(space_, options_.hnsw);
  const uint64_t bytes = std::min<uint64_t>(kMaxReservedBytes, options_.limits.seal_bytes);
  const size_t most =
      static_cast<size_t>(bytes) / ((options_.dimensions + 2 * options_.hnsw.m) * sizeof(float));
  const size_t expected = std::min(options_.expected_rows, most);
  if (expected > growing->rows()) growing->Reserve(expected - growing->rows());
  const std::lock_guard<FairMutex> lock(mutex_);
  saved_links_ = growing->linked();
  growing_ = std::move(growing);
  thawable_.reset();
}

size_t Collection::AfterClear(std::span<const Operation> operations) const {
  for (size_t i = operations.size(); i > 0; --i) {
    const Operation& op = operations[i - 1];
    if (op.collection == this && op.kind == Operation::Kind::kClear) return i;
  }
  return 0;
}

void Collection::Prepare(std::span<Operation> operations) {
  const size_t begin = AfterClear(operations);
  size_t texts = 0, updates = 0;
  for (size_t i = 0; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    if (op.collection != this) continue;
    if (op.kind == Operation::Kind::kPut && !space_.IsSound(op.vector)) {
      throw Error(ErrorCode::kCorrupt, "a transaction puts a vector that is not finite");
    }
    if (i < begin) continue;
    texts += op.kind == Operation::Kind::kPut || op.kind == Operation::Kind::kSetMetadata;
    updates += op.kind == Operation::Kind::kSetMetadata;
  }
  slots_.reserve(operations.size());
  cleared_.reset();
  if (begin > 0) {
    if (texts > 0) cleared_ = std::make_unique<GrowingSegment>(space_, options_.hnsw);
  } else if (texts > 0) {
    RequireGrowing();
  }
  if (begin == 0 && (!sealed_.empty() || thawable_)) {
    // Damage on disk must be found before the commit: whatever Apply will read there is read, and
    // so checked, now.
    const std::shared_lock<FairMutex> lock(mutex_);
    std::unordered_map<std::string_view, const Operation*> earlier;
    for (Operation& op : operations) {
      if (op.collection != this) continue;
      const std::optional<Located> row = Locate(op.id);
      if (op.kind == Operation::Kind::kSetMetadata) {
        const auto before = earlier.find(op.id);
        const Operation* put = before == earlier.end() ? nullptr : before->second;
        if (put != nullptr) {
          if (put->kind == Operation::Kind::kPut) op.vector = put->vector;
        } else if (row && row->segment != growing_.get()) {
          op.vector = row->segment->Vector(row->slot);
        }
        if (op.vector != nullptr) op.kind = Operation::Kind::kPut;
      }
      if (updates > 0) earlier[op.id] = &op;
    }
  }
  if (texts == 0) return;
  size_t rows = 0, id_bytes = 0, metadata_bytes = 0;
  for (const Operation& op : operations.subspan(begin)) {
    if (op.collection != this) continue;
    if (op.kind != Operation::Kind::kPut && op.kind != Operation::Kind::kSetMetadata) continue;
    rows += op.kind == Operation::Kind::kPut;
    id_bytes += op.id.size();
    metadata_bytes += op.metadata.size();
  }
  const std::lock_guard<FairMutex> lock(mutex_);
  (cleared_ ? cleared_ : growing_)->Reserve(rows, id_bytes, metadata_bytes);
}

size_t Collection::BytesAfter(std::span<const Operation> operations) const {
  const size_t begin = AfterClear(operations);
  size_t rows = 0, id_bytes = 0, metadata_bytes = 0;
  for (const Operation& op : operations.subspan(begin)) {
    if (op.collection != this) continue;
    if (op.kind != Operation::Kind::kPut && op.kind != Operation::Kind::kSetMetadata) continue;
    ++rows;
    id_bytes += op.id.size();
    metadata_bytes += op.metadata.size();
  }
  if (rows == 0) return memory_bytes();
  const std::shared_lock<FairMutex> lock(mutex_);
  if (growing_ && begin == 0) {
    return memory_bytes() - growing_->heap_bytes() +
           growing_->BytesAfterReserve(rows, id_bytes, metadata_bytes);
  }
  // What thawing the last checkpoint will take, roughly: its file. What is cleared leaves only when
  // the rows after it are there.
  const size_t thawed = thawable_ && begin == 0 ? static_cast<size_t>(thawable_->bytes()) : 0;
  return memory_bytes() + thawed +
         rows * (options_.dimensions + 2 * options_.hnsw.m + 32) * sizeof(float) + id_bytes +
         metadata_bytes;
}

void Collection::Retire(std::string_view id) {
  if (const std::optional<Located> row = Locate(id)) row->segment->Retire(row->slot);
}

void Collection::Apply(std::span<const Operation> operations) {
  const size_t begin = AfterClear(operations);
  GrowingSegment* target = begin > 0 ? cleared_.get() : growing_.get();
  // Rows first, a slice at a time, seen by nobody; then everything becomes visible under one lock.
  std::vector<Slot>& slots = slots_;
  slots.assign(operations.size(), kNoSlot);
  for (size_t i = begin; i < operations.size();) {
    const size_t end = std::min(operations.size(), i + kAppendSlice);
    const std::lock_guard<FairMutex> lock(mutex_);
    for (; i < end; ++i) {
      const Operation& op = operations[i];
      if (op.collection == this && op.kind == Operation::Kind::kPut)
        slots[i] = target->Append(op.id, op.metadata, op.vector, next_row_++);
    }
  }
  const std::lock_guard<FairMutex> lock(mutex_);
  if (begin > 0) {
    sealed_.clear();
    thawable_.reset();
    growing_ = std::move(cleared_);
    growing_entry_ = {};
    growing_changed_ = false;
    saved_links_ = 0;
  }
  for (size_t i = begin; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    if (op.collection != this) continue;
    switch (op.kind) {
      case Operation::Kind::kPut:
        growing_changed_ = true;
        Retire(op.id);
        growing_->Publish(slots[i]);
        break;
      case Operation::Kind::kSetMetadata:
        // Prepare saw to it that the row is in the growing segment, if there is one.
        if (const std::optional<Located> row = Locate(op.id)) {
          growing_changed_ = true;
          growing_->SetMetadata(row->slot, op.metadata);
        }
        break;
      case Operation::Kind::kDelete:
        Retire(op.id);
        break;
      case Operation::Kind::kClear:
        break;  // the last one is done, and `begin` is behind it
    }
  }
  MeasureMemory();
}

bool Collection::WantsLinks(size_t rows) const {
  switch (options_.index) {
    case IndexKind::kFlat:
    case IndexKind::kIvf:
      return false;
    case IndexKind::kHnsw:
      return rows >= kFirstLinkedRows;
    case IndexKind::kAuto:
      // A scan would read every vector from disk.
      return rows >= (options_.vectors_in_memory ? kFlatRows + 1 : kFirstLinkedRows);
  }
  return false;
}

size_t Collection::LinkPending(size_t rows, size_t threads) {
  for (size_t done = 0;;) {
    const std::lock_guard<std::mutex> order(growing_mutex_);
    const std::lock_guard<FairMutex> lock(mutex_);
    if (!growing_ || !WantsLinks(growing_->rows())) return 0;
    const size_t pending = growing_->rows() - growing_->linked();
    if (pending == 0 || done >= rows) return pending;
    const size_t slice = std::min({pending, rows - done, kLinkSlice * threads});
    growing_->Link(growing_->linked() + slice, threads);
    growing_changed_ = true;
    done += slice;
    MeasureMemory();
  }
}

// --- Reading

Row Collection::ReadRow(const Segment& segment, Slot slot, bool with_vector, size_t dimensions) {
  Row row;
  row.id = segment.Id(slot);
  row.metadata = segment.Metadata(slot);
  if (with_vector) {
    const float* vector = segment.Vector(slot);
    row.vector.assign(vector, vector + dimensions);
  }
  return row;
}

std::optional<Row> Collection::Get(std::string_view id, bool with_vector) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  const std::optional<Located> row = Locate(id);
  if (!row) return std::nullopt;
  return ReadRow(*row->segment, row->slot, with_vector, options_.dimensions);
}

std::vector<std::optional<Row>> Collection::GetMany(std::span<const std::string_view> ids) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  std::vector<std::optional<Row>> rows;
  rows.reserve(ids.size());
  for (const std::string_view id : ids) {
    const std::optional<Located> row = Locate(id);
    rows.emplace_back();
    if (row) rows.back() = ReadRow(*row->segment, row->slot, true, options_.dimensions);
  }
  return rows;
}

bool Collection::Has(std::string_view id) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  return Locate(id).has_value();
}

size_t Collection::Count(const Filter* filter) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  size_t n = 0;
  const size_t room = filter != nullptr ? RoomForFieldIndexes() : 0;
  ForEachSegment([&](const Segment& segment) {
    n += filter == nullptr ? segment.live_count() : segment.Matches(filter, room, nullptr).Count();
  });
  return n;
}

std::vector<std::string> Collection::MatchingIds(const Filter& filter) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  std::vector<std::string> ids;
  const size_t room = RoomForFieldIndexes();
  ForEachSegment([&](const Segment& segment) {
    segment.Matches(&filter, room, nullptr).ForEach([&](Slot slot) {
      ids.emplace_back(segment.Id(slot));
    });
  });
  return ids;
}

ScanPage Collection::Scan(uint64_t cursor, size_t limit, const Filter* filter,
                          bool with_vectors) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  ScanPage page;
  FilterScratch scratch;
  uint64_t next = cursor;
  ForEachSegment([&](const Segment& segment) {
    for (size_t s = page.cursor ? segment.rows() : segment.FirstSlot(cursor); s < segment.rows();
         ++s) {
      const Slot slot = static_cast<Slot>(s);
      const uint64_t number = segment.Number(slot);
      if (number < next) {
        throw Error(ErrorCode::kCorrupt, "collection " + QuoteForMessage(name()) +
                                             ": the numbers of its rows go backwards");
      }
      next = number + 1;
      if (!segment.live().Test(slot)) continue;
      if (filter != nullptr && !filter->MatchesText(segment.Metadata(slot), scratch)) continue;
      if (page.rows.size() == limit) {
        page.cursor = number;
        return;
      }
      page.rows.push_back(ReadRow(segment, slot, with_vectors, options_.dimensions));
    }
  });
  return page;
}

CollectionStats Collection::Stats() const {
  const std::shared_lock<FairMutex> lock(mutex_);
  CollectionStats stats;
  ForEachSegment([&](const Segment& segment) {
    stats.count += segment.live_count();
    stats.deleted += segment.rows() - segment.live_count();
    stats.linked += segment.linked();
    stats.lists += segment.lists();
    stats.memory_bytes += segment.heap_bytes() + segment.field_index_bytes();
    ++stats.segments;
    if (const auto recall = segment.KnownRecall()) stats.recall.push_back(recall);
    if (segment.indexed() == 0) return;
    const auto same = std::find_if(stats.coded.begin(), stats.coded.end(), [&](const auto& coded) {
      return coded.first == segment.quantization();
    });
    if (same == stats.coded.end()) {
      stats.coded.emplace_back(segment.quantization(), segment.indexed());
    } else {
      same->second += segment.indexed();
    }
  });
  if (growing_ && WantsLinks(growing_->rows()))
    stats.pending = growing_->rows() - growing_->linked();
  return stats;
}

// --- Checkpoint

size_t Collection::UnsavedLinks() const {
  const std::shared_lock<FairMutex> lock(mutex_);
  return growing_ ? growing_->linked() - std::min(saved_links_, growing_->linked()) : 0;
}

size_t Collection::GrowingBytes() const {
  const std::shared_lock<FairMutex> lock(mutex_);
  return growing_
             ? growing_->rows() * (options_.dimensions + 2 * options_.hnsw.m + 16) * sizeof(float)
             : 0;
}

std::vector<SegmentEntry> Collection::WriteSegments(Directory& directory,
                                                    const DatabaseId& database,
                                                    uint64_t& next_segment, bool seal) {
  const std::lock_guard<std::mutex> order(growing_mutex_);
  written_.reset();
  {
    const std::lock_guard<FairMutex> lock(mutex_);
    sealed_.reserve(sealed_.size() + 1);  // for CheckpointDone, where nothing may fail
  }
  const std::shared_lock<FairMutex> lock(mutex_);
  std::vector<SegmentEntry> entries;
  const auto with_tombstones = [&](const Segment& segment, SegmentEntry entry, bool rewritten) {
    entry.deleted = segment.rows() - segment.live_count();
    if (entry.deleted == 0) {
      entry.tombstones.reset();
    } else if (rewritten || segment.tombstones_changed() || !entry.tombstones) {
      Bitset deleted(segment.rows(), true);
      segment.live().ForEach([&](Slot s) { deleted.Reset(s); });
      entry.tombstones = WriteTombstones(directory, database, entry.id, deleted);
    }
    entries.push_back(std::move(entry));
  };
  for (const auto& segment : sealed_) with_tombstones(*segment, segment->manifest_entry(), false);
  if (thawable_) {
    SegmentEntry entry = growing_entry_;
    entry.growing = !seal;
    with_tombstones(*thawable_, entry, false);
  }
  if (growing_ && growing_->rows() > 0) {
    SegmentEntry entry = growing_entry_;
    const bool finished = !WantsLinks(growing_->rows()) || growing_->linked() == growing_->rows();
    bool rewrite = growing_changed_ || entry.id == 0;
    // What is sealed is read back below: where files are stored whole only what was just written
    // can be, as the bytes of the others may have left memory.
    if (!rewrite && directory.stores_whole_files())
      rewrite = seal || (finished && entry.bytes() > SealBytes());
    if (rewrite) {
      entry = {};
      entry.id = next_segment++;
      entry.rows = growing_->rows();
      entry.parts = growing_->WriteTo(directory, database, entry.id, entry_);
    }
    entry.growing = !seal && (!finished || entry.bytes() <= SealBytes());
    with_tombstones(*growing_, entry, rewrite);
    if (!entry.growing) {
      // Read back before the manifest names it: from then on nothing may fail.
      written_ = std::make_shared<SealedSegment>(directory, database, entries.back(), space_,
                                                 options_.hnsw.m, options_.vectors_in_memory);
    }
  }
  return entries;
}

void Collection::CheckpointDone(std::vector<SegmentEntry> segments) noexcept {
  const std::lock_guard<FairMutex> lock(mutex_);
  const bool sealing = !segments.empty() && !segments.back().growing;
  if (written_) {
    growing_.reset();
    sealed_.push_back(std::move(written_));
  } else if (thawable_ && sealing) {
    sealed_.push_back(std::move(thawable_));
  }
  written_.reset();
  for (size_t i = 0; i < sealed_.size(); ++i) {
    sealed_[i]->manifest_entry() = std::move(segments[i]);
    sealed_[i]->set_tombstones_changed(false);
  }
  growing_entry_ = {};
  if (segments.size() > sealed_.size()) {
    growing_entry_ = std::move(segments.back());
    (growing_ ? static_cast<Segment&>(*growing_) : *thawable_).set_tombstones_changed(false);
  }
  growing_changed_ = false;
  saved_links_ = growing_ ? growing_->linked() : 0;
  MeasureMemory();
}

std::vector<SegmentEntry> Collection::SealedEntries() const {
  const std::shared_lock<FairMutex> lock(mutex_);
  std::vector<SegmentEntry> entries;
  for (const auto& segment : sealed_) entries.push_back(segment->manifest_entry());
  return entries;
}

std::vector<SegmentEntry> Collection::CopySegments(Directory& target, const DatabaseId& database,
                                                   uint64_t& next_segment) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  std::vector<SegmentEntry> entries;
  const auto add = [&](const Segment& segment, SegmentEntry entry) {
    entry.deleted = segment.rows() - segment.live_count();
    entry.tombstones.reset();
    if (entry.deleted > 0) {
      Bitset deleted(segment.rows(), true);
      segment.live().ForEach([&](Slot s) { deleted.Reset(s); });
      entry.tombstones = WriteTombstones(target, database, entry.id, deleted);
    }
    entries.push_back(std::move(entry));
  };
  const auto copy = [&](const SealedSegment& segment) {
    SegmentEntry entry = segment.manifest_entry();
    const SegmentReader& file = segment.file();
    const auto n = static_cast<size_t>(file.size());
    // Several parts become one, whose name is its own.
    const FileRef part{entry.parts.size() == 1 ? entry.parts.front().name
                                               : SegmentName(entry.id, Crc32c(file.data(), n)),
                       file.size()};
    WriteFileAtomically(target, part.name, file.data(), n);
    file.Release();
    entry.parts = {part};
    add(segment, entry);
  };
  for (const auto& segment : sealed_) copy(*segment);
  if (thawable_) copy(*thawable_);
  if (growing_ && growing_->rows() > 0) {
    SegmentEntry entry;
    entry.id = next_segment++;
    entry.rows = growing_->rows();
    entry.growing = true;
    entry.parts = growing_->WriteTo(target, database, entry.id, entry_);
    add(*growing_, entry);
  }
  return entries;
}

}  // namespace ruvector
