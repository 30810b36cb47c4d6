// Opening and creating a database, replaying its log, seeing what others have written.
#include <algorithm>
#include <deque>

#include "collection/database.h"
#include "collection/log_records.h"
#include "core/error.h"
#include "core/json.h"
#include "core/random.h"
#include "storage/container.h"

namespace ruvector {
namespace {

constexpr int kOpenAttempts = 5;

const char* IndexName(IndexKind kind) {
  switch (kind) {
    case IndexKind::kAuto:
      return "auto";
    case IndexKind::kFlat:
      return "flat";
    case IndexKind::kHnsw:
      return "hnsw";
  }
  return "";
}
IndexKind ParseIndex(const std::string& name) {
  return name == "flat" ? IndexKind::kFlat : name == "hnsw" ? IndexKind::kHnsw : IndexKind::kAuto;
}

CollectionEntry NewEntry(uint32_t id, std::string name, const CollectionRequest& request) {
  if (!request.dimensions) {
    throw Error(ErrorCode::kInvalidOption,
                "dimensions is missing, expected a whole number from 1 to " +
                    std::to_string(kMaxDimensions));
  }
  CollectionEntry entry;
  entry.id = id;
  entry.name = std::move(name);
  entry.dimensions = *request.dimensions;
  entry.metric = request.metric.value_or(Metric::kCosine);
  entry.index = IndexName(request.index.value_or(IndexKind::kAuto));
  entry.m = request.m.value_or(HnswParameters{}.m);
  entry.ef_construction = request.ef_construction.value_or(HnswParameters{}.ef_construction);
  entry.seed = request.seed.value_or(HnswParameters{}.seed);
  return entry;
}

// What is stored stays; asking for something else is an error, never ignored. Index and
// efConstruction only concern rows to come.
CollectionEntry Agreed(const CollectionRequest& request, CollectionEntry stored,
                       const std::string& where) {
  const auto refuse = [&](ErrorCode code, const std::string& what, const std::string& asked,
                          const std::string& is) {
    throw Error(code, what + " is " + asked + ", but " + where + " was created with " + is);
  };
  if (request.dimensions && *request.dimensions != stored.dimensions) {
    refuse(ErrorCode::kDimensionMismatch, "dimensions", std::to_string(*request.dimensions),
           std::to_string(stored.dimensions));
  }
  if (request.metric && *request.metric != stored.metric) {
    refuse(ErrorCode::kInvalidOption, "distanceMetric", MetricName(*request.metric),
           MetricName(stored.metric));
  }
  if (request.m && *request.m != stored.m) {
    refuse(ErrorCode::kInvalidOption, "hnswConfig.m", std::to_string(*request.m),
           std::to_string(stored.m));
  }
  if (request.seed && *request.seed != stored.seed) {
    refuse(ErrorCode::kInvalidOption, "seed", std::to_string(*request.seed),
           std::to_string(stored.seed));
  }
  if (request.index) stored.index = IndexName(*request.index);
  if (request.ef_construction) stored.ef_construction = *request.ef_construction;
  return stored;
}

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

}  // namespace

Database::Database(std::unique_ptr<Directory> directory, const DatabaseOptions& options)
    : directory_(std::move(directory)), options_(options) {}

Database::~Database() {
  try {
    Close();
  } catch (const std::exception&) {
    // Who wants to know calls Close.
  }
}

std::unique_ptr<Database> Database::Open(const DatabaseOptions& options) {
  if (options.path.empty()) return OpenIn(nullptr, options);
  switch (KindOfPath(options.path)) {
    case PathKind::kFile: {
      DatabaseOptions read_only = options;
      read_only.read_only = true;
      std::shared_ptr<const Mapping> bytes = OpenPath(options.path)->Map();
      return OpenIn(OpenContainer(std::move(bytes), options.path), read_only);
    }
    case PathKind::kNone:
      if (options.read_only) {
        throw Error(ErrorCode::kNotFound,
                    "there is no database at " + options.path + " to open read-only");
      }
      NewEntry(1, "", options);  // refuses bad options before a folder is made
      break;
    case PathKind::kFolder:
      break;
  }
  return OpenFolder(options);
}

std::unique_ptr<Database> Database::FromBytes(std::string bytes, const DatabaseOptions& options) {
  const std::unique_ptr<Directory> container = OpenContainer(MappingOf(std::move(bytes)), "bytes");
  std::unique_ptr<MemoryDirectory> directory = NewMemoryDirectory("bytes");
  for (const std::string& name : container->List()) {
    const std::shared_ptr<const Mapping> part = container->Open(name, OpenMode::kRead)->Map();
    directory->AddFile(name, {part, part->data(), part->size(), part->heap_bytes()});
  }
  std::unique_ptr<Database> db(new Database(std::move(directory), options));
  db->volatile_ = true;
  db->Load();
  return db;
}

std::unique_ptr<Database> Database::OpenIn(std::unique_ptr<Directory> directory,
                                           const DatabaseOptions& options) {
  const bool in_memory = directory == nullptr;
  if (in_memory) directory = NewMemoryDirectory();
  std::unique_ptr<Database> db(new Database(std::move(directory), options));
  if (in_memory) {
    db->volatile_ = true;
    db->manifest_.next_collection = 2;
    FillRandomBytes(db->id_.data(), db->id_.size());
    db->manifest_.database = db->id_;
    db->AddCollection(NewEntry(1, std::string(kDefaultCollectionName), options), options);
  } else {
    if (!options.read_only) db->lock_ = db->directory_->LockWriter();
    db->Load();
  }
  return db;
}

std::unique_ptr<Database> Database::OpenFolder(const DatabaseOptions& options) {
  for (int attempt = 1;; ++attempt) {
    std::unique_ptr<Directory> directory = OpenDirectory(options.path, !options.read_only);
    std::optional<uint64_t> generation;
    if (options.read_only) generation = NewestGeneration(*directory);
    try {
      return OpenIn(std::move(directory), options);
    } catch (const Error&) {
      // A writer may have put a new manifest in place, and removed what the old one names, while
      // this reader was reading.
      const bool moved_on =
          generation && NewestGeneration(*OpenDirectory(options.path, false)) != generation;
      if (!moved_on || attempt == kOpenAttempts) throw;
    }
  }
}

void Database::Load() {
  std::optional<Manifest> manifest = ReadNewestManifest(*directory_);
  if (!manifest) {
    Create();
    return;
  }
  manifest_ = std::move(*manifest);
  id_ = manifest_.database;
  for (CollectionEntry& entry : manifest_.collections) {
    const bool is_default = entry.name == kDefaultCollectionName;
    CollectionRequest request;
    if (is_default) request = options_;
    CollectionEntry agreed = Agreed(request, entry, directory_->path());
    agreed.segments.clear();
    AddCollection(agreed, request)->Load(*directory_, manifest_.database, entry.segments);
  }
  if (default_ == nullptr) {
    throw Error(ErrorCode::kCorrupt, directory_->path() + ": has no default collection");
  }
  if (!volatile_ && directory_->persistent()) Replay();
  if (!options_.read_only && !volatile_) {
    directory_->Sync();  // what the manifest names is there to stay before anything else goes
    RemoveLeftOvers();
    // What a reader has mapped goes later.
    if (left_over_error_ && left_over_error_->code() != ErrorCode::kLocked)
      throw Error(*left_over_error_);
  }
  if (wal_) wal_bytes_ = wal_->bytes();
  size_t pending = 0;
  for (const auto& collection : Collections()) pending += collection->Stats().pending;
  if (pending > 0) WakeMaintenance();
}

void Database::Create() {
  const std::string& path = directory_->path();
  // A creation that was cut short has left at most an empty log: nothing was acknowledged.
  std::vector<std::string> left_overs;
  for (const std::string& name : directory_->List()) {
    const OwnFile kind = ParseOwnFileName(name).kind;
    const bool logged =
        kind == OwnFile::kWal && directory_->Open(name, OpenMode::kRead)->Size() > kWalHeaderBytes;
    if (kind == OwnFile::kSegment || kind == OwnFile::kTombstone || logged) {
      throw Error(ErrorCode::kCorrupt,
                  path + ": its manifest is missing, but " + name + " is there");
    }
    if (kind != OwnFile::kNone) left_overs.push_back(name);
  }
  if (options_.read_only || volatile_)
    throw Error(ErrorCode::kNotFound, "there is no database in " + path);
  manifest_ = {};
  manifest_.collections = {NewEntry(1, std::string(kDefaultCollectionName), options_)};
  manifest_.next_collection = 2;
  for (const std::string& name : left_overs) directory_->Remove(name);
  FillRandomBytes(id_.data(), id_.size());
  manifest_.database = id_;
  manifest_.generation = 1;
  std::unique_ptr<WalWriter> wal =
      WalWriter::Create(*directory_, manifest_.wal, manifest_.database, 1);
  PublishManifest(manifest_);
  wal_ = std::move(wal);  // not before: closing marks a log, and this one has no manifest yet
  next_wal_ = manifest_.wal + 1;
  AddCollection(manifest_.collections[0], options_);
}

void Database::Replay() {
  const uint32_t next_collection = manifest_.next_collection;  // before those that the log makes
  seen_log_bytes_ = LogBytes(*directory_);
  const std::vector<uint64_t> numbers = LogNumbers(*directory_, manifest_);
  const std::string& path = directory_->path();
  uint64_t sequence = manifest_.sequence;
  std::optional<uint64_t> torn;
  bool closed = false, logged = false;
  for (const uint64_t number : numbers) {
    const WalReplay replay =
        ReplayWal(*directory_, number, manifest_.database, sequence,
                  [this](uint64_t, std::span<const WalRecord> records) { ReplayRecords(records); });
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
  if (!options_.read_only && logged && !closed) RenewLog(numbers, next_collection);
}

// A log that was not closed may be in the system's cache only, or, where a sync failed before, have
// holes on disk that nobody sees while it is cached. A new one in its place is on disk for sure.
void Database::RenewLog(const std::vector<uint64_t>& numbers, uint32_t next_collection) {
  Manifest next = manifest_;
  next.next_collection = next_collection;
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
      if (entry.id != record.collection || entry.id < manifest_.next_collection ||
          FindCollection(entry.name)) {
        corrupt("makes a collection that exists, or did");
      }
      AddCollection(entry, {});
      manifest_.next_collection = entry.id + 1;
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

// --- Collections

// After `log` has returned nothing fails.
std::shared_ptr<Collection> Database::AddCollection(const CollectionEntry& entry,
                                                    const CollectionRequest& request,
                                                    const std::function<void()>& log) {
  CollectionOptions options;
  options.dimensions = entry.dimensions;
  options.metric = entry.metric;
  options.index = ParseIndex(entry.index);
  options.hnsw = {entry.m, entry.ef_construction, entry.seed};
  options.ef_search = request.ef_search.value_or(kEfSearchDefault);
  options.threads = options_.threads;
  options.expected_rows = request.expected_rows;
  options.limits = options_.limits;
  CollectionEntry bare = entry;
  bare.segments.clear();
  auto collection = std::make_shared<Collection>(std::move(bare), options);
  decltype(collections_) one{{entry.name, collection}};
  if (log) log();
  const std::lock_guard<std::shared_mutex> lock(collections_mutex_);
  collections_.merge(one);
  if (entry.name == kDefaultCollectionName) default_ = collection.get();
  return collection;
}

void Database::RemoveCollection(uint32_t id) {
  const std::lock_guard<std::shared_mutex> lock(collections_mutex_);
  for (auto at = collections_.begin(); at != collections_.end(); ++at) {
    if (at->second->id() != id) continue;
    at->second->set_dropped();
    collections_.erase(at);
    return;
  }
}

std::shared_ptr<Collection> Database::FindCollection(std::string_view name) const {
  const std::shared_lock<std::shared_mutex> lock(collections_mutex_);
  const auto at = collections_.find(name);
  return at == collections_.end() ? nullptr : at->second;
}

std::vector<std::shared_ptr<Collection>> Database::Collections() const {
  const std::shared_lock<std::shared_mutex> lock(collections_mutex_);
  std::vector<std::shared_ptr<Collection>> all;
  for (const auto& [name, collection] : collections_) all.push_back(collection);
  return all;
}

std::vector<std::string> Database::CollectionNames() const {
  std::vector<std::string> names;
  for (const auto& collection : Collections()) names.push_back(collection->name());
  return names;
}

std::shared_ptr<Collection> Database::OpenCollection(const std::string& name,
                                                     const CollectionRequest& request) {
  if (name.empty() || name.size() > kMaxCollectionNameBytes) {
    throw Error(ErrorCode::kInvalidOption,
                "the name of a collection has " + std::to_string(name.size()) +
                    " bytes, expected 1 to " + std::to_string(kMaxCollectionNameBytes));
  }
  const auto agreed = [&](const Collection& stored) {
    const std::string where = "collection " + QuoteForMessage(name);
    const CollectionEntry& is = stored.entry();
    const CollectionEntry asked = Agreed(request, is, where);
    if (asked.index != is.index || asked.ef_construction != is.ef_construction) {
      throw Error(ErrorCode::kInvalidOption,
                  where + " was created with index \"" + is.index + "\" and efConstruction " +
                      std::to_string(is.ef_construction) + ", expected the same or none");
    }
  };
  if (const std::shared_ptr<Collection> found = FindCollection(name)) {
    agreed(*found);
    if (request.ef_search) found->set_ef_search(*request.ef_search);
    return found;
  }
  if (!request.dimensions || options_.read_only) {
    throw Error(ErrorCode::kNotFound,
                "there is no collection " + QuoteForMessage(name) +
                    (options_.read_only ? "" : "; give its dimensions to create it"));
  }
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  RequireWritable();
  if (const std::shared_ptr<Collection> found = FindCollection(name)) {
    agreed(*found);
    return found;
  }
  if (manifest_.next_collection > kMaxCollectionId) {
    throw Error(ErrorCode::kUnsupported,
                directory_->path() + " has given every id that a collection can have");
  }
  const CollectionEntry entry = NewEntry(manifest_.next_collection, name, request);
  return AddCollection(entry, request, [&] {
    LogAlone(WalRecordType::kCreateCollection, entry.id, EncodeCollection(entry));
    ++manifest_.next_collection;
  });
}

bool Database::DropCollection(const std::string& name) {
  if (name == kDefaultCollectionName) {
    throw Error(ErrorCode::kInvalidOption,
                "the default collection cannot be dropped; clear() empties it");
  }
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  RequireWritable();
  const std::shared_ptr<Collection> found = FindCollection(name);
  if (!found) return false;
  LogAlone(WalRecordType::kDropCollection, found->id(), {});
  RemoveCollection(found->id());
  AfterCommit(true, 0);
  return true;
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
  seen_log_bytes_ = fresh->seen_log_bytes_;
  WakeMaintenance();
  return true;
}

}  // namespace ruvector
