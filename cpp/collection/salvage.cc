#include "collection/salvage.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "collection/database.h"
#include "collection/log_records.h"
#include "core/coding.h"
#include "core/error.h"
#include "core/json.h"
#include "storage/file_header.h"

namespace ruvector {
namespace {

constexpr size_t kBatchRows = 1000;
constexpr size_t kMostDamage = 1000;

class Salvager {
 public:
  Salvager(const std::string& from, const std::string& to) : to_(to) {
    const PathKind kind = KindOfPath(from);
    if (kind == PathKind::kNone) throw Error(ErrorCode::kNotFound, "there is no folder " + from);
    if (kind == PathKind::kFile)
      throw Error(ErrorCode::kUnsupported, from + " is a file, expected the folder of a database");
    directory_ = OpenDirectory(from, false);
    try {
      lock_ = directory_->LockWriter();
    } catch (const Error& e) {
      if (e.code() == ErrorCode::kLocked) throw;
      // A folder that cannot be written has no writer.
    }
    if (KindOfPath(to) == PathKind::kFile ||
        (KindOfPath(to) == PathKind::kFolder && !OpenDirectory(to, false)->List().empty())) {
      throw Error(ErrorCode::kAlreadyExists, to + " is there already, expected nothing");
    }
  }

  SalvageReport Run() {
    FindManifest();
    for (const CollectionEntry& c : manifest_.collections) AddCollection(c);
    for (const CollectionEntry& c : manifest_.collections) {
      for (const SegmentEntry& s : c.segments) SaveSegment(c, s);
    }
    SaveLogs();
    for (const auto& [id, collection] : collections_)
      report_.rows += collection->dropped() ? 0 : collection->Count(nullptr);
    for (const auto& [id, lost] : lost_) report_.lost += lost.ids.size() + lost.nameless;
    target_->Close();
    return std::move(report_);
  }

 private:
  void Report(const std::string& file, const std::string& detail) {
    if (report_.damage.size() < kMostDamage) report_.damage.push_back({file, detail});
  }

  void FindManifest() {
    try {
      if (std::optional<Manifest> manifest = ReadNewestManifest(*directory_)) {
        manifest_ = std::move(*manifest);
        has_manifest_ = true;
      } else {
        Report("manifest", "is missing");
      }
    } catch (const Error& e) {
      Report("manifest", e.what());
    }
    if (!has_manifest_) GuessManifest();
    if (manifest_.collections.empty()) {
      throw Error(ErrorCode::kCorrupt,
                  directory_->path() + ": neither a manifest nor a segment can be read");
    }
  }

  // Every segment says which collection it belongs to and of what shape it is; row numbers tell
  // their order.
  void GuessManifest() {
    for (const std::string& name : directory_->List()) {
      const OwnFileName own = ParseOwnFileName(name);
      if (own.kind != OwnFile::kSegment) continue;
      try {
        GuessSegment(name, own.number);
      } catch (const Error& e) {
        Report(name, e.what());
      }
    }
    for (CollectionEntry& c : manifest_.collections) {
      std::sort(c.segments.begin(), c.segments.end(),
                [this](const SegmentEntry& a, const SegmentEntry& b) {
                  return first_rows_[a.id] < first_rows_[b.id];
                });
      Report("manifest", "collection " + QuoteForMessage(c.name) +
                             " was put together from its segments; rows deleted since may be back");
    }
  }

  void GuessSegment(const std::string& name, uint64_t number) {
    const std::string head = ReadWholeFile(*directory_, name, UINT64_MAX).substr(0, 64);
    DatabaseId database;
    if (head.size() < 64) throw Error(ErrorCode::kCorrupt, name + ": is too short");
    std::copy_n(head.begin() + 32, database.size(), database.begin());
    SegmentEntry segment;
    segment.id = number;
    segment.parts = {{name, directory_->Open(name, OpenMode::kRead)->Size()}};
    const SegmentReader reader(*directory_, segment.parts, database, number);
    const Section section = reader.Find(SectionKind::kInfo, 0, 0);
    const std::string text(
        reinterpret_cast<const char*>(section.Range(0, section.bytes())),
        static_cast<size_t>(std::min<uint64_t>(section.bytes(), uint64_t{1} << 16)));
    const JsonDocument info = ParseJson(text, "info");
    const auto number_of = [&](const char* key, uint64_t most) {
      const Json* value = info.IsObject() ? FindMember(info, key) : nullptr;
      if (value == nullptr || !value->IsUint64() || value->GetUint64() > most)
        throw Error(ErrorCode::kCorrupt, name + ": info has no valid \"" + key + "\"");
      return value->GetUint64();
    };
    const Json* collection = info.IsObject() ? FindMember(info, "collection") : nullptr;
    if (collection == nullptr || !collection->IsString())
      throw Error(ErrorCode::kCorrupt, name + ": does not name its collection");
    segment.rows = number_of("rows", kNoSlot - 1);
    CollectionEntry entry;
    entry.name = JsonText(*collection);
    entry.id = static_cast<uint32_t>(number_of("collectionId", 0xffffffff));
    entry.dimensions = static_cast<size_t>(number_of("dimensions", kMaxDimensions));
    entry.metric = static_cast<Metric>(number_of("metric", 3));
    entry.m = static_cast<size_t>(number_of("m", 512));
    entry.ef_construction = HnswParameters{}.ef_construction;
    entry.seed = HnswParameters{}.seed;
    manifest_.database = database;
    auto at = std::find_if(manifest_.collections.begin(), manifest_.collections.end(),
                           [&](const CollectionEntry& c) { return c.id == entry.id; });
    if (at == manifest_.collections.end())
      at = manifest_.collections.insert(manifest_.collections.end(), entry);
    first_rows_[number] =
        segment.rows == 0 ? 0 : LoadU64(reader.Find(SectionKind::kNumbers, 8, segment.rows).Row(0));
    at->segments.push_back(std::move(segment));
  }

  void AddCollection(const CollectionEntry& entry) {
    CollectionRequest request;
    request.dimensions = entry.dimensions;
    request.metric = entry.metric;
    request.m = entry.m;
    request.ef_construction = entry.ef_construction;
    request.seed = entry.seed;
    if (!target_) {
      // The default collection may be the one that is lost; it exists in every database.
      DatabaseOptions options;
      const auto is_default = [](const CollectionEntry& c) {
        return c.name == kDefaultCollectionName;
      };
      const auto at =
          std::find_if(manifest_.collections.begin(), manifest_.collections.end(), is_default);
      const CollectionEntry& first = at == manifest_.collections.end() ? entry : *at;
      options.dimensions = first.dimensions;
      options.metric = first.metric;
      options.m = first.m;
      options.ef_construction = first.ef_construction;
      options.seed = first.seed;
      options.path = to_;
      target_ = Database::Open(options);
    }
    collections_[entry.id] = target_->OpenCollection(entry.name, request);
  }

  std::unique_ptr<SealedSegment> OpenSegment(const CollectionEntry& c, const SegmentEntry& s) {
    const MetricSpace space(c.metric, c.dimensions);
    const std::string file = s.parts.empty() ? "" : s.parts.front().name;
    try {
      return std::make_unique<SealedSegment>(*directory_, manifest_.database, s, space, c.m);
    } catch (const Error& e) {
      Report(file, e.what());
    }
    if (!s.tombstones && s.deleted == 0) return nullptr;
    SegmentEntry whole = s;
    whole.tombstones.reset();
    whole.deleted = 0;
    try {
      auto segment =
          std::make_unique<SealedSegment>(*directory_, manifest_.database, whole, space, c.m);
      Report(file, std::to_string(s.deleted) + " deleted rows of it are back");
      return segment;
    } catch (const Error&) {
      return nullptr;
    }
  }

  void SaveSegment(const CollectionEntry& c, const SegmentEntry& s) {
    const std::unique_ptr<SealedSegment> segment = OpenSegment(c, s);
    if (!segment) {
      lost_[c.id].nameless += s.rows - s.deleted;
      return;
    }
    Collection& target = *collections_[c.id];
    std::vector<Operation> operations;
    const auto flush = [&] {
      if (!operations.empty()) target_->Write([&] { return operations; });
      operations.clear();
    };
    uint64_t lost = 0;
    std::string first;
    segment->live().ForEach([&](Slot slot) {
      try {
        const float* vector = segment->Vector(slot);
        if (!segment->space().IsSound(vector)) segment->Damaged("a vector is not finite");
        const std::string_view metadata = segment->Metadata(slot);
        if (!metadata.empty()) ParseJson(metadata, "metadata");
        operations.push_back({Operation::Kind::kPut, segment->Id(slot), metadata, vector, &target});
      } catch (const Error& e) {
        if (++lost == 1) first = e.what();
        Lose(c.id, *segment, slot);
        return;
      }
      if (operations.size() == kBatchRows) flush();
    });
    flush();
    if (lost > 0) Report(s.parts.front().name, std::to_string(lost) + " rows are lost: " + first);
  }

  void Lose(uint32_t collection, const SealedSegment& segment, Slot slot) {
    Lost& lost = lost_[collection];
    try {
      lost.ids.emplace(segment.Id(slot));
    } catch (const Error&) {
      ++lost.nameless;
    }
  }

  void SaveLogs() {
    std::vector<uint64_t> numbers;
    for (const std::string& name : directory_->List()) {
      const OwnFileName own = ParseOwnFileName(name);
      if (own.kind == OwnFile::kWal && (!has_manifest_ || own.number >= manifest_.wal))
        numbers.push_back(own.number);
    }
    std::sort(numbers.begin(), numbers.end());
    if (has_manifest_ && (numbers.empty() || numbers.front() != manifest_.wal))
      Report(WalName(manifest_.wal), "is missing, and all that only the log held");
    for (const uint64_t number : numbers) {
      try {
        const bool named = has_manifest_ && number == manifest_.wal;
        if (named && directory_->Open(WalName(number), OpenMode::kRead)->Size() < kWalHeaderBytes) {
          Report(WalName(number), "is cut short, and all that it held is lost");
          continue;
        }
        const uint64_t damaged =
            SalvageWal(*directory_, number, manifest_.database,
                       [this](std::span<const WalRecord> records) { SaveTransaction(records); });
        if (damaged > 0) {
          Report(WalName(number), "is damaged in " + std::to_string(damaged) +
                                      " places; the transactions there are lost");
        }
      } catch (const Error& e) {
        if (e.code() == ErrorCode::kIo) throw;
        Report(WalName(number), e.what());
      }
    }
  }

  void SaveTransaction(std::span<const WalRecord> records) {
    std::deque<std::vector<float>> vectors;
    std::vector<Operation> operations;
    for (const WalRecord& record : records) {
      if (record.type == WalRecordType::kClosed) continue;
      if (record.type == WalRecordType::kCreateCollection) {
        AddCollection(DecodeCollection(record.payload, "log record"));
        continue;
      }
      const auto at = collections_.find(record.collection);
      if (at == collections_.end()) {
        Report("log", "names collection " + std::to_string(record.collection) + ", which is lost");
        continue;
      }
      if (record.type == WalRecordType::kDropCollection) {
        target_->DropCollection(at->second->name());
        lost_.erase(record.collection);
        continue;
      }
      if (!at->second->dropped()) operations.push_back(ReadOperation(record, *at->second, vectors));
    }
    // A hostile log may drop what it has just written to.
    std::erase_if(operations, [](const Operation& o) { return o.collection->dropped(); });
    if (!operations.empty()) target_->Write([&] { return operations; });
  }

  std::string to_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<WriterLock> lock_;
  Manifest manifest_;
  bool has_manifest_ = false;
  std::map<uint64_t, uint64_t> first_rows_;  // of guessed segments: the number of their first row
  std::unique_ptr<Database> target_;
  std::map<uint32_t, std::shared_ptr<Collection>> collections_;  // by their ids in the source
  struct Lost {
    std::set<std::string> ids;
    uint64_t nameless = 0;  // rows whose ids cannot be read either
  };
  std::map<uint32_t, Lost> lost_;  // by collection
  SalvageReport report_;
};

}  // namespace

SalvageReport Salvage(const std::string& from, const std::string& to) {
  return Salvager(from, to).Run();
}

}  // namespace ruvector
