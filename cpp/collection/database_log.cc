// The log of a database: replayed when it opens, replaced where nobody knows what of it is on disk,
// checked, and read again by those that others write for.
#include <algorithm>
#include <deque>
#include <set>

#include "collection/database.h"
#include "collection/log_records.h"
#include "core/error.h"

namespace ruvector {
namespace {

uint64_t LogBytes(Directory& directory) {
  uint64_t bytes = 0;
  for (const std::string& name : directory.List()) {
    if (ParseOwnFileName(name).kind != OwnFile::kWal) continue;
    try {
      bytes += directory.Open(name, OpenMode::kRead)->Size();
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kNotFound) throw;  // a checkpoint removed it meanwhile
    }
  }
  return bytes;
}

// The log files that the manifest leaves to be replayed, in order.
std::vector<uint64_t> LogNumbers(Directory& directory, const Manifest& manifest) {
  std::vector<uint64_t> numbers;
  for (const std::string& name : directory.List()) {
    const OwnFileName own = ParseOwnFileName(name);
    if (own.kind == OwnFile::kWal && own.number >= manifest.wal) numbers.push_back(own.number);
  }
  std::sort(numbers.begin(), numbers.end());
  if (!numbers.empty() && numbers.back() > kMaxCounter) {
    throw Error(ErrorCode::kCorrupt, directory.path() + "/" + WalName(numbers.back()) +
                                         ": has a number that no log file gets");
  }
  if (numbers.empty() || numbers.front() != manifest.wal) {
    throw Error(ErrorCode::kCorrupt, directory.path() + "/" + WalName(manifest.wal) +
                                         ": is missing, the manifest names it");
  }
  return numbers;
}

// The log file that a manifest names was on disk, header and all, before the manifest was.
void RequireHeader(const Directory& directory, const Manifest& manifest, uint64_t number,
                   const WalReplay& replay) {
  if (number != manifest.wal || replay.valid_bytes > 0) return;
  throw Error(ErrorCode::kCorrupt, directory.path() + "/" + WalName(number) + ": has " +
                                       std::to_string(replay.cut_bytes) +
                                       " bytes and no whole header, the manifest names it");
}

}  // namespace

void Database::Replay() {
  seen_log_bytes_ = LogBytes(*directory_);
  earlier_log_bytes_ = 0;
  const std::vector<uint64_t> numbers = LogNumbers(*directory_, manifest_);
  const std::string& path = directory_->path();
  uint64_t sequence = manifest_.sequence;
  std::optional<uint64_t> torn;
  bool closed = false, logged = false;
  for (const uint64_t number : numbers) {
    const WalReplay replay =
        ReplayWal(*directory_, number, manifest_.database, sequence,
                  [this](uint64_t, std::span<const WalRecord> records) { ReplayRecords(records); });
    RequireHeader(*directory_, manifest_, number, replay);
    if (torn && replay.transactions > 0) {
      throw Error(ErrorCode::kCorrupt, path + "/" + WalName(*torn) +
                                           ": is damaged at its end, yet " + WalName(number) +
                                           " follows it");
    }
    if (replay.transactions > 0) sequence = replay.next_sequence - 1;
    closed = replay.closed;
    logged = logged || replay.transactions > 0;
    cut_bytes_ += replay.cut_bytes;
    if (replay.cut_bytes > 0) torn = number;
    if (options_.read_only) continue;
    const bool last = number == numbers.back();
    if (!last) earlier_log_bytes_ += replay.valid_bytes;
    if (replay.valid_bytes == 0) {  // its creation was cut short
      directory_->Remove(WalName(number));
      if (last) wal_ = WalWriter::Create(*directory_, number, manifest_.database, sequence + 1);
    } else if (!replay.continuable) {
      if (last) wal_ = WalWriter::Create(*directory_, number + 1, manifest_.database, sequence + 1);
    } else if (last || replay.cut_bytes > 0) {
      wal_ = WalWriter::Continue(*directory_, number, manifest_.database, replay.valid_bytes,
                                 sequence + 1);
    }
  }
  next_wal_ = (wal_ ? wal_->number() : numbers.back()) + 1;
  const bool in_doubt = logged && !closed && !directory_->stores_whole_files();
  if (!options_.read_only && in_doubt) RenewLog(numbers);
}

void Database::ContinueLogElsewhere() {
  if (wal_->unsynced()) wal_->Sync();  // records of the next file vouch for those of this one
  std::unique_ptr<WalWriter> next =
      WalWriter::Create(*directory_, next_wal_, id_, wal_->next_sequence());
  directory_->Sync();
  earlier_log_bytes_ += wal_->bytes();
  wal_ = std::move(next);
  ++next_wal_;
}

// A log that was not closed may be in the system's cache only, or, where a sync failed before, have
// holes on disk that nobody sees while it is cached. A new one in its place is on disk for sure.
void Database::RenewLog(const std::vector<uint64_t>& numbers) {
  Manifest next = manifest_;
  ++next.generation;
  next.wal = next_wal_;
  std::unique_ptr<WalWriter> wal;
  try {
    wal = WalWriter::Create(*directory_, next.wal, id_, manifest_.sequence + 1, true);
    const auto copy = [&](uint64_t, std::span<const WalRecord> records) {
      for (const WalRecord& r : records) wal->Add(r.type, r.collection, {r.payload});
      wal->Commit(false);
    };
    for (const uint64_t number : numbers) {
      if (directory_->Exists(WalName(number)))
        ReplayWal(*directory_, number, id_, wal->next_sequence() - 1, copy);
    }
    wal->Publish(*directory_);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kIo) throw;
    // No room, say: the old files go on, and are synced before anything counts as durable.
    try {
      directory_->Remove(WalName(next.wal) + ".tmp");
    } catch (const std::exception&) {
      // Opening again removes it.
    }
    return;
  }
  wal_.reset();  // of the old file, which goes
  PublishManifest(next);
  manifest_.generation = next.generation;
  manifest_.wal = next.wal;
  wal_ = std::move(wal);
  earlier_log_bytes_ = 0;
  next_wal_ = wal_->number() + 1;
}

void Database::ReplayRecords(std::span<const WalRecord> records) {
  const auto corrupt = [&](const std::string& what) {
    throw Error(ErrorCode::kCorrupt, directory_->path() + ": the log " + what);
  };
  std::deque<std::vector<float>> vectors;
  std::vector<Operation> operations;
  std::set<Collection*> touched;
  for (const WalRecord& record : records) {
    if (record.type == WalRecordType::kClosed) continue;
    const bool changes_collections = record.type == WalRecordType::kCreateCollection ||
                                     record.type == WalRecordType::kDropCollection;
    if (changes_collections && records.size() > 1)
      corrupt("makes or drops a collection in a transaction with other writes");
    if (record.type == WalRecordType::kCreateCollection) {
      const CollectionEntry entry = DecodeCollection(record.payload, "log record");
      if (entry.id != record.collection || entry.id < next_collection_ ||
          FindCollection(entry.name)) {
        corrupt("makes a collection that exists, or did");
      }
      AddCollection(entry, {});
      next_collection_ = entry.id + 1;
      continue;
    }
    Collection* collection = nullptr;
    for (const auto& c : Collections()) {
      if (c->id() == record.collection) collection = c.get();
    }
    if (collection == nullptr || collection->dropped())
      corrupt("names collection " + std::to_string(record.collection) + ", which is not there");
    if (record.type == WalRecordType::kDropCollection) {
      if (collection == default_) corrupt("drops the default collection");
      RemoveCollection(record.collection);
      continue;
    }
    operations.push_back(ReadOperation(record, *collection, vectors));
    touched.insert(collection);
  }
  for (Collection* collection : touched) collection->Prepare(operations);
  for (Collection* collection : touched) collection->Apply(operations);
  if (!operations.empty()) ++replayed_;
}

uint64_t Database::CheckLog() {
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  if (volatile_ || !directory_->persistent()) return 0;
  for (int attempt = 1;; ++attempt) {
    // On disk, not this reader's: it may have moved on since.
    const std::optional<uint64_t> generation = NewestGeneration(*directory_);
    uint64_t read = 0, cut = 0;
    try {
      const Manifest manifest = ReadNewestManifest(*directory_).value_or(manifest_);
      uint64_t sequence = manifest.sequence;
      for (const uint64_t number : LogNumbers(*directory_, manifest)) {
        const WalReplay log = ReplayWal(*directory_, number, id_, sequence,
                                        [](uint64_t, std::span<const WalRecord>) {});
        RequireHeader(*directory_, manifest, number, log);
        sequence = log.next_sequence - 1;
        read += log.valid_bytes + log.cut_bytes;
        cut += log.cut_bytes;
      }
    } catch (const Error&) {
      // A writer may have taken away what the manifest named.
      if (!read_only() || attempt == kOpenAttempts || NewestGeneration(*directory_) == generation)
        throw;
      continue;
    }
    // Beside a writer, the end of the log may be a transaction that is being written.
    if (cut > 0 && !read_only()) {
      throw Error(ErrorCode::kCorrupt, directory_->path() + ": the log ends with " +
                                           std::to_string(cut) +
                                           " bytes that are no whole transaction");
    }
    return read;
  }
}

// --- Refreshing

bool Database::Refresh() {
  if (!options_.read_only || options_.path.empty()) return false;
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  if (closed_ || !directory_->persistent()) return false;
  if (NewestGeneration(*directory_) == manifest_.generation &&
      LogBytes(*directory_) == seen_log_bytes_)
    return false;
  DatabaseOptions options = options_;
  options.background = false;  // nobody else is at work on what is taken from it
  const std::unique_ptr<Database> fresh = OpenFolder(options);
  if (fresh->id_ != id_) {
    throw Error(ErrorCode::kCorrupt,
                directory_->path() + " holds another database now; open that one instead");
  }
  const std::lock_guard<std::shared_mutex> list_lock(collections_mutex_);
  for (auto at = collections_.begin(); at != collections_.end();) {
    const auto now = fresh->collections_.find(at->first);
    const bool stays = now != fresh->collections_.end() && now->second->id() == at->second->id();
    if (!stays) at->second->set_dropped();
    at = stays ? std::next(at) : collections_.erase(at);
  }
  for (const auto& [name, collection] : fresh->collections_) {
    const auto known = collections_.find(name);
    if (known == collections_.end()) {
      collections_[name] = collection;
    } else {
      known->second->TakeContents(*collection);
    }
  }
  manifest_ = fresh->manifest_;
  next_collection_ = fresh->next_collection_;
  seen_log_bytes_ = fresh->seen_log_bytes_;
  WakeMaintenance();
  return true;
}

}  // namespace ruvector
