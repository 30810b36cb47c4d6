#include "collection/database.h"

#include <algorithm>

#include "core/coding.h"
#include "core/error.h"
#include "core/random.h"
#include "storage/container.h"

namespace ruvector {
namespace {

constexpr uint32_t kDefaultCollection = 1;
constexpr uint64_t kLongLogBytes = uint64_t{64} << 20;
// Below this, replaying is quicker than a checkpoint is worth.
constexpr uint64_t kShortLogBytes = uint64_t{4} << 20;
// Nor is it worth it for fewer rows than this that would be linked anew.
constexpr size_t kFewLinks = 200;
// A transaction also links this many rows of a backlog, where no thread does it.
constexpr size_t kBacklogRows = 64;
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

// --- Log payloads (FORMAT.md, Write-ahead log)

void LogOperation(WalWriter& wal, uint32_t collection, const Operation& op, size_t dimensions) {
  static const char zeros[4] = {};
  std::string head;
  switch (op.kind) {
    case Operation::Kind::kPut: {
      PutU32(head, static_cast<uint32_t>(op.id.size()));
      PutU32(head, static_cast<uint32_t>(op.metadata.size()));
      const size_t over = (op.id.size() + op.metadata.size()) % 4;
      wal.Add(
          WalRecordType::kPut, collection,
          {head, op.id, op.metadata, std::string_view(zeros, over == 0 ? 0 : 4 - over),
           std::string_view(reinterpret_cast<const char*>(op.vector), dimensions * sizeof(float))});
      return;
    }
    case Operation::Kind::kDelete:
      wal.Add(WalRecordType::kDelete, collection, {op.id});
      return;
    case Operation::Kind::kClear:
      wal.Add(WalRecordType::kClear, collection, {});
      return;
    case Operation::Kind::kSetMetadata:
      PutU32(head, static_cast<uint32_t>(op.id.size()));
      wal.Add(WalRecordType::kSetMetadata, collection, {head, op.id, op.metadata});
      return;
  }
}

// Vectors are copied out, as a mapped log gives no alignment; they live in `vectors`.
Operation ReadOperation(const WalRecord& record, size_t dimensions,
                        std::vector<std::vector<float>>& vectors) {
  Reader reader(record.payload, "log record");
  Operation op;
  switch (record.type) {
    case WalRecordType::kPut: {
      op.kind = Operation::Kind::kPut;
      const uint32_t id_bytes = reader.U32(), metadata_bytes = reader.U32();
      op.id = reader.Bytes(id_bytes);
      op.metadata = reader.Bytes(metadata_bytes);
      if (const size_t over = (uint64_t{id_bytes} + metadata_bytes) % 4; over != 0)
        reader.Skip(4 - over);
      const std::string_view vector = reader.Bytes(dimensions * sizeof(float));
      vectors.emplace_back(dimensions);
      std::memcpy(vectors.back().data(), vector.data(), vector.size());
      op.vector = vectors.back().data();
      break;
    }
    case WalRecordType::kDelete:
      op.kind = Operation::Kind::kDelete;
      op.id = reader.Bytes(reader.Remaining());
      break;
    case WalRecordType::kClear:
      op.kind = Operation::Kind::kClear;
      break;
    case WalRecordType::kSetMetadata: {
      op.kind = Operation::Kind::kSetMetadata;
      const uint32_t id_bytes = reader.U32();
      op.id = reader.Bytes(id_bytes);
      op.metadata = reader.Bytes(reader.Remaining());
      break;
    }
    default:
      throw Error(ErrorCode::kUnsupported, "log holds a record of type " +
                                               std::to_string(static_cast<int>(record.type)) +
                                               ", which this program does not know");
  }
  if (reader.Remaining() != 0)
    throw Error(ErrorCode::kCorrupt, "log record is longer than its content");
  return op;
}

CollectionEntry NewCollection(const DatabaseOptions& o) {
  if (!o.dimensions) {
    throw Error(ErrorCode::kInvalidOption,
                "dimensions is missing, expected a whole number from 1 to " +
                    std::to_string(kMaxDimensions));
  }
  CollectionEntry c;
  c.id = kDefaultCollection;
  c.name = "default";
  c.dimensions = *o.dimensions;
  c.metric = o.metric.value_or(Metric::kCosine);
  c.index = IndexName(o.index.value_or(IndexKind::kAuto));
  c.m = o.m.value_or(HnswParameters{}.m);
  c.ef_construction = o.ef_construction.value_or(HnswParameters{}.ef_construction);
  c.seed = o.seed.value_or(HnswParameters{}.seed);
  return c;
}

// What is stored stays; asking for something else is an error, never ignored.
void CheckAgainstStored(const DatabaseOptions& o, CollectionEntry& c, const std::string& path) {
  const auto refuse = [&](ErrorCode code, const std::string& what, const std::string& asked,
                          const std::string& stored) {
    throw Error(code, what + " is " + asked + ", but " + path + " was created with " + stored);
  };
  if (o.dimensions && *o.dimensions != c.dimensions) {
    refuse(ErrorCode::kDimensionMismatch, "dimensions", std::to_string(*o.dimensions),
           std::to_string(c.dimensions));
  }
  if (o.metric && *o.metric != c.metric) {
    refuse(ErrorCode::kInvalidOption, "distanceMetric", MetricName(*o.metric),
           MetricName(c.metric));
  }
  if (o.m && *o.m != c.m) {
    refuse(ErrorCode::kInvalidOption, "hnswConfig.m", std::to_string(*o.m), std::to_string(c.m));
  }
  if (o.seed && *o.seed != c.seed) {
    refuse(ErrorCode::kInvalidOption, "seed", std::to_string(*o.seed), std::to_string(c.seed));
  }
  // These two only concern rows to come.
  if (o.index) c.index = IndexName(*o.index);
  if (o.ef_construction) c.ef_construction = *o.ef_construction;
}

CollectionOptions OptionsOf(const CollectionEntry& c, const DatabaseOptions& o) {
  CollectionOptions options;
  options.dimensions = c.dimensions;
  options.metric = c.metric;
  options.index = ParseIndex(c.index);
  options.hnsw = {c.m, c.ef_construction, c.seed};
  options.ef_search = o.ef_search.value_or(kEfSearchDefault);
  options.threads = o.threads;
  options.expected_rows = o.expected_rows;
  return options;
}

}  // namespace

Database::Database(std::unique_ptr<Directory> directory, bool read_only)
    : directory_(std::move(directory)), read_only_(read_only) {}

Database::~Database() { Close(); }

// --- Opening

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
      NewCollection(options);  // refuses bad options before a folder is made
      break;
    case PathKind::kFolder:
      break;
  }
  return OpenFolder(options);
}

std::unique_ptr<Database> Database::FromBytes(std::string bytes, const DatabaseOptions& options) {
  std::unique_ptr<Database> db(
      new Database(OpenContainer(MappingOf(std::move(bytes)), "bytes"), options.read_only));
  db->volatile_ = true;
  db->Load(options);
  return db;
}

std::unique_ptr<Database> Database::OpenIn(std::unique_ptr<Directory> directory,
                                           const DatabaseOptions& options) {
  const bool in_memory = directory == nullptr;
  std::unique_ptr<Database> db(new Database(std::move(directory), options.read_only));
  if (in_memory) {
    db->volatile_ = true;
    db->manifest_.collections = {NewCollection(options)};
    FillRandomBytes(db->manifest_.database.data(), db->manifest_.database.size());
    db->collection_ = std::make_unique<Collection>(
        kDefaultCollection, "default", OptionsOf(db->manifest_.collections[0], options));
  } else {
    if (!options.read_only) db->lock_ = db->directory_->LockWriter();
    db->Load(options);
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

void Database::Load(const DatabaseOptions& options) {
  std::optional<Manifest> manifest = ReadNewestManifest(*directory_);
  if (!manifest) {
    Create(options);
    return;
  }
  manifest_ = std::move(*manifest);
  if (manifest_.collections.size() != 1 || manifest_.collections[0].id != kDefaultCollection) {
    throw Error(
        ErrorCode::kUnsupported,
        directory_->path() + ": holds several collections, which this program does not know");
  }
  CollectionEntry& entry = manifest_.collections[0];
  CheckAgainstStored(options, entry, directory_->path());
  collection_ = std::make_unique<Collection>(entry.id, entry.name, OptionsOf(entry, options));
  collection_->Load(*directory_, manifest_.database, entry.segments);
  if (!volatile_ && directory_->persistent()) Replay();
  if (!read_only_ && !volatile_) RemoveLeftOvers();
  if (wal_) wal_bytes_ = wal_->bytes();
  StartLinker();
}

void Database::Create(const DatabaseOptions& options) {
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
  if (read_only_ || volatile_) throw Error(ErrorCode::kNotFound, "there is no database in " + path);
  manifest_ = {};
  manifest_.collections = {NewCollection(options)};
  for (const std::string& name : left_overs) directory_->Remove(name);
  FillRandomBytes(manifest_.database.data(), manifest_.database.size());
  manifest_.generation = 1;
  std::unique_ptr<WalWriter> wal =
      WalWriter::Create(*directory_, manifest_.wal, manifest_.database, 1);
  WriteManifest(*directory_, manifest_);
  wal_ = std::move(wal);  // not before: closing marks a log, and this one has no manifest yet
  next_wal_ = manifest_.wal + 1;
  collection_ = std::make_unique<Collection>(kDefaultCollection, "default",
                                             OptionsOf(manifest_.collections[0], options));
}

void Database::Replay() {
  std::vector<uint64_t> numbers;
  for (const std::string& name : directory_->List()) {
    const OwnFileName own = ParseOwnFileName(name);
    if (own.kind == OwnFile::kWal && own.number >= manifest_.wal) numbers.push_back(own.number);
  }
  std::sort(numbers.begin(), numbers.end());
  const std::string& path = directory_->path();
  if (numbers.empty() || numbers.front() != manifest_.wal) {
    throw Error(ErrorCode::kCorrupt,
                path + "/" + WalName(manifest_.wal) + ": is missing, the manifest names it");
  }
  const size_t dimensions = collection_->options().dimensions;
  std::vector<std::vector<float>> vectors;
  std::vector<Operation> operations;
  const auto apply = [&](uint64_t, std::span<const WalRecord> records) {
    vectors.clear();
    operations.clear();
    for (const WalRecord& r : records) {
      if (r.type == WalRecordType::kClosed) continue;
      operations.push_back(ReadOperation(r, dimensions, vectors));
    }
    if (operations.empty()) return;
    collection_->Prepare(operations);
    collection_->Apply(operations);
    ++replayed_;
  };
  uint64_t sequence = manifest_.sequence;
  std::optional<uint64_t> torn;
  for (const uint64_t number : numbers) {
    const WalReplay replay = ReplayWal(*directory_, number, manifest_.database, sequence, apply);
    if (torn && replay.transactions > 0) {
      throw Error(ErrorCode::kCorrupt, path + "/" + WalName(*torn) +
                                           ": is damaged at its end, yet " + WalName(number) +
                                           " follows it");
    }
    if (replay.transactions > 0) sequence = replay.next_sequence - 1;
    cut_bytes_ += replay.cut_bytes;
    if (replay.cut_bytes > 0) torn = number;
    if (read_only_) continue;
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
}

void Database::RemoveLeftOvers() {
  const std::vector<std::string> named = FilesOf(manifest_);
  for (const std::string& name : directory_->List()) {
    const OwnFileName own = ParseOwnFileName(name);
    const bool is_named = std::find(named.begin(), named.end(), name) != named.end();
    const bool left_over = own.kind == OwnFile::kTemporary ||
                           (own.kind == OwnFile::kWal && own.number < manifest_.wal) ||
                           ((own.kind == OwnFile::kManifest || own.kind == OwnFile::kSegment ||
                             own.kind == OwnFile::kTombstone) &&
                            !is_named);
    if (left_over) directory_->Remove(name);
  }
}

// --- Writing

void Database::RequireWritable() const {
  if (read_only_) throw Error(ErrorCode::kReadOnly, "the database was opened read-only");
  if (broken_ || (wal_ && wal_->broken())) {
    throw Error(
        ErrorCode::kReadOnly,
        "writing to disk failed before, so the database is read-only until it is opened again");
  }
}

void Database::Commit(const std::vector<Operation>& operations) {
  collection_->Prepare(operations);
  if (wal_) {
    for (const Operation& op : operations)
      LogOperation(*wal_, collection_->id(), op, collection_->options().dimensions);
    wal_->Commit(true);
    wal_bytes_ = wal_->bytes();
  }
  collection_->Apply(operations);
  Link(operations.size());
  if (wal_ && CheckpointDue()) {
    try {
      CheckpointLocked();
    } catch (const Error&) {
      // The transaction itself is safe in the log. Trying again at every commit would only slow
      // down a full disk.
      next_checkpoint_bytes_ = wal_->bytes() + kLongLogBytes;
    }
  }
}

void Database::Link(size_t own_rows) {
  if (linker_runs_) return;  // it is catching up, these rows included
  try {
    collection_->LinkPending(own_rows + kBacklogRows, collection_->options().threads);
  } catch (const std::exception&) {
    // No memory, or hnswlib does not like what a damaged file left it. The rows are committed;
    // without links they are scanned.
  }
}

void Database::StartLinker() {
#if !defined(__EMSCRIPTEN__)
  if (collection_->Stats().pending == 0) return;
  linker_runs_ = true;
  linker_ = std::thread([this] {
    // The last look comes after the flag: a writer who saw it raised has left its rows to this
    // thread.
    do {
      linker_runs_ = true;
      try {
        while (!stop_linker_ && collection_->LinkPending(64, 1) > 0) {
        }
      } catch (const std::exception&) {
        stop_linker_ = true;  // as in Link
      }
      linker_runs_ = false;
    } while (!stop_linker_ && collection_->Stats().pending > 0);
  });
#endif
}

void Database::StopLinker() {
  stop_linker_ = true;
  if (linker_.joinable()) linker_.join();
}

// --- Checkpoint

bool Database::CheckpointDue() const {
  const uint64_t bytes = wal_->bytes();
  return bytes > kLongLogBytes && bytes > next_checkpoint_bytes_ &&
         bytes > collection_->GrowingBytes() / 4;
}

bool Database::WorthCheckpoint() const {
  return wal_->bytes() > kShortLogBytes || collection_->UnsavedLinks() > kFewLinks;
}

void Database::Checkpoint() {
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  if (wal_) CheckpointLocked();
}

void Database::CheckpointLocked() {
  RequireWritable();
  Manifest next = manifest_;
  ++next.generation;
  next.sequence = wal_->next_sequence() - 1;
  next.wal = next_wal_;
  std::unique_ptr<WalWriter> wal =
      WalWriter::Create(*directory_, next.wal, next.database, wal_->next_sequence());
  ++next_wal_;
  std::vector<SegmentEntry>& segments = next.collections[0].segments;
  segments = collection_->WriteSegments(*directory_, next.database, next.next_segment);
  try {
    WriteManifest(*directory_, next);
  } catch (...) {
    // Nobody knows which manifest is the one on disk.
    broken_ = true;
    throw;
  }
  manifest_ = std::move(next);
  wal_ = std::move(wal);
  wal_bytes_ = wal_->bytes();
  next_checkpoint_bytes_ = 0;
  collection_->CheckpointDone(*directory_, manifest_.database, manifest_.collections[0].segments);
  RemoveLeftOvers();
}

void Database::Flush() {
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  if (read_only_ || !wal_) return;
  RequireWritable();
  if (WorthCheckpoint()) CheckpointLocked();
}

void Database::Close() noexcept {
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  StopLinker();
  if (!wal_) return;
  try {
    RequireWritable();
    if (WorthCheckpoint()) {
      CheckpointLocked();
    } else {
      wal_->MarkClosed();
    }
  } catch (...) {
    // What was acknowledged is in the log.
  }
  wal_.reset();
  lock_.reset();
  broken_ = true;
}

std::string Database::ToBytes() {
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  const std::unique_ptr<Directory> copy = NewMemoryDirectory();
  Manifest manifest = manifest_;
  manifest.generation = manifest_.generation + 1;
  manifest.wal = 1;
  manifest.sequence = wal_ ? wal_->next_sequence() - 1 : manifest_.sequence;
  manifest.collections[0].segments = collection_->CopySegments(*copy, manifest.database);
  WriteManifest(*copy, manifest);
  return PackContainer(*copy, FilesOf(manifest), manifest.database);
}

DatabaseStats Database::Stats() const {
  DatabaseStats stats;
  stats.collection = collection_->Stats();
  stats.cut_bytes = cut_bytes_;
  stats.replayed_transactions = replayed_;
  stats.wal_bytes = wal_bytes_;
  if (directory_ && directory_->persistent()) {
    for (const std::string& name : directory_->List()) {
      if (ParseOwnFileName(name).kind == OwnFile::kNone) continue;
      try {
        stats.disk_bytes += directory_->Open(name, OpenMode::kRead)->Size();
      } catch (const Error& e) {
        if (e.code() != ErrorCode::kNotFound) throw;  // a checkpoint removed it meanwhile
      }
    }
  }
  return stats;
}

}  // namespace ruvector
