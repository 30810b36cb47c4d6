// Opening and creating a database, and its collections.
#include <algorithm>

#include "collection/database.h"
#include "collection/log_records.h"
#include "core/error.h"
#include "core/json.h"
#include "core/random.h"
#include "storage/container.h"

namespace ruvector {
namespace {

const char* IndexName(IndexKind kind) {
  switch (kind) {
    case IndexKind::kAuto:
      return "auto";
    case IndexKind::kFlat:
      return "flat";
    case IndexKind::kHnsw:
      return "hnsw";
    case IndexKind::kIvf:
      return "ivf";
  }
  return "";
}
IndexKind ParseIndex(const std::string& name) {
  return name == "flat"   ? IndexKind::kFlat
         : name == "hnsw" ? IndexKind::kHnsw
         : name == "ivf"  ? IndexKind::kIvf
                          : IndexKind::kAuto;
}

// What configures another index than the one there is would be ignored.
void RequireFitsIndex(const CollectionRequest& request, const std::string& index) {
  const bool ivf = ParseIndex(index) == IndexKind::kIvf;
  const bool hnsw =
      request.m || request.ef_construction || request.ef_search || request.expected_rows > 0;
  const bool other = request.nlist || request.nprobe;
  if (!(ivf ? hnsw : other)) return;
  throw Error(ErrorCode::kInvalidOption,
              std::string(ivf ? "hnswConfig" : "ivfConfig") + " is given, but the index is \"" +
                  index + "\", expected " + (ivf ? "ivfConfig or none" : "none, or index \"ivf\""));
}

// What the entry of a file or of NewEntry names.
Quantization NamedQuantization(const CollectionEntry& entry) {
  if (const auto named = ParseQuantization(entry.quantization)) return *named;
  throw Error(ErrorCode::kUnsupported,
              "collection " + QuoteForMessage(entry.name) + " has the quantization " +
                  QuoteForMessage(entry.quantization) + ", which this version does not know");
}

// Codes are for walking a graph and for reading lists: without either there are none.
Quantization QuantizationOf(const CollectionEntry& entry, bool vectors_in_memory) {
  if (ParseIndex(entry.index) == IndexKind::kFlat) return Quantization::kNone;
  const Quantization named = NamedQuantization(entry);
  const bool none = Resolve(named, entry.metric, entry.dimensions) == Quantization::kNone;
  if (none) return vectors_in_memory ? Quantization::kNone : Quantization::kScalar8;
  return named;
}

// Vectors that stay on disk are for searches that walk by something else.
void RequireWalksByCodes(const CollectionEntry& entry) {
  const bool flat = ParseIndex(entry.index) == IndexKind::kFlat;
  if (!flat && NamedQuantization(entry) != Quantization::kNone) return;
  throw Error(ErrorCode::kInvalidOption,
              "vectorsInMemory is false, but collection " + QuoteForMessage(entry.name) + " has " +
                  (flat ? "index \"flat\", whose searches read every vector; expected index "
                          "\"auto\", \"hnsw\" or \"ivf\""
                        : "quantization \"none\", so that searches walk by the vectors; expected "
                          "another quantization"));
}

// Of options asked for and stored ones, together.
void RequireGraphForCodes(const CollectionEntry& entry) {
  const Quantization quantization = NamedQuantization(entry);
  RequireFits(quantization, entry.metric, entry.dimensions);
  if (ParseIndex(entry.index) != IndexKind::kFlat || quantization == Quantization::kAuto ||
      quantization == Quantization::kNone)
    return;
  throw Error(ErrorCode::kUnsupported, "quantization \"" + entry.quantization +
                                           "\" is for walking a graph or reading lists, and "
                                           "index \"flat\" has neither; expected index \"auto\", "
                                           "\"hnsw\" or \"ivf\"");
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
  entry.quantization = QuantizationName(
      Completed(request.quantization.value_or(Quantization::kAuto), entry.dimensions));
  entry.rerank = request.rerank;
  entry.m = request.m.value_or(HnswParameters{}.m);
  entry.ef_construction = request.ef_construction.value_or(HnswParameters{}.ef_construction);
  entry.seed = request.seed.value_or(HnswParameters{}.seed);
  entry.nlist = request.nlist.value_or(0);
  RequireFitsIndex(request, entry.index);
  RequireGraphForCodes(entry);
  return entry;
}

// The same of what a file says.
void RequireSound(const CollectionEntry& entry, const std::string& where) {
  try {
    RequireGraphForCodes(entry);
  } catch (const Error& e) {
    throw Error(ErrorCode::kCorrupt,
                where + ": collection " + QuoteForMessage(entry.name) + ": " + e.what());
  }
}

// What is stored stays; asking for something else is an error, never ignored. Index, quantization,
// efConstruction and nlist only concern rows to come.
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
  if (request.quantization) {
    stored.quantization = QuantizationName(Completed(*request.quantization, stored.dimensions));
    stored.rerank = request.rerank;
  }
  if (request.ef_construction) stored.ef_construction = *request.ef_construction;
  if (request.nlist) stored.nlist = *request.nlist;
  RequireFitsIndex(request, stored.index);
  RequireGraphForCodes(stored);
  return stored;
}

// `what` has no file that vectors could be read from; empty: it may have one.
void RequireVectorsCanStay(const DatabaseOptions& options,
                           [[maybe_unused]] const std::string& what) {
  if (options.vectors_in_memory) return;
#if defined(__EMSCRIPTEN__)
  throw Error(ErrorCode::kUnsupported,
              "vectorsInMemory is false, which WebAssembly cannot have: its files are in memory; "
              "expected true or the native backend");
#else
  if (what.empty()) return;
  throw Error(ErrorCode::kInvalidOption, "vectorsInMemory is false, expected true for " + what +
                                             "; only a folder at storagePath has vectors on disk");
#endif
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
  RequireVectorsCanStay(options, options.path.empty() ? "a database in memory" : "");
  if (options.path.empty()) return OpenIn(nullptr, options);
  switch (KindOfPath(options.path)) {
    case PathKind::kFile: {
      RequireVectorsCanStay(options, "a single file, which is mapped whole");
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
      if (options.path.ends_with(".rvf"))
        throw Error(ErrorCode::kNotFound, "there is no file " + options.path);
      // Refuses bad options before a folder is made.
      if (const CollectionEntry entry = NewEntry(1, std::string(kDefaultCollectionName), options);
          !options.vectors_in_memory)
        RequireWalksByCodes(entry);
      break;
    case PathKind::kFolder:
      break;
  }
  return OpenFolder(options);
}

std::unique_ptr<Database> Database::FromBytes(std::string bytes, const DatabaseOptions& options) {
  RequireVectorsCanStay(options, "a database in memory");
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
    db->next_collection_ = db->manifest_.next_collection = 2;
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
  next_collection_ = manifest_.next_collection;
  for (CollectionEntry& entry : manifest_.collections) {
    const bool is_default = entry.name == kDefaultCollectionName;
    CollectionRequest request;
    if (is_default) request = options_;
    RequireSound(entry, directory_->path());
    CollectionEntry agreed = Agreed(request, entry, directory_->path());
    changed_options_ = changed_options_ || EncodeCollection(agreed) != EncodeCollection(entry);
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
  if (wal_) wal_bytes_ = LogLength();
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
  if (!options_.vectors_in_memory) RequireWalksByCodes(manifest_.collections[0]);
  next_collection_ = manifest_.next_collection = 2;
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

// --- Collections

// After `log` has returned nothing fails.
std::shared_ptr<Collection> Database::AddCollection(const CollectionEntry& entry,
                                                    const CollectionRequest& request,
                                                    const std::function<void()>& log) {
  RequireSound(entry, directory_->path());
  if (!options_.vectors_in_memory) RequireWalksByCodes(entry);
  CollectionOptions options;
  options.dimensions = entry.dimensions;
  options.metric = entry.metric;
  options.index = ParseIndex(entry.index);
  options.vectors_in_memory = options_.vectors_in_memory;
  options.quantization = QuantizationOf(entry, options.vectors_in_memory);
  options.hnsw = {entry.m, entry.ef_construction, entry.seed,
                  // Rows that wait for their lists are scanned.
                  options.index == IndexKind::kIvf
                      ? Quantization::kNone
                      : CodingFor(options.quantization, entry.metric, entry.dimensions, 0)};
  if (!options.vectors_in_memory && options.index != IndexKind::kIvf &&
      options.hnsw.quantization == Quantization::kNone)
    options.hnsw.quantization = Quantization::kScalar8;
  options.nlist = entry.nlist;
  options.nprobe = request.nprobe.value_or(0);
  options.rerank = entry.rerank;
  options.ef_search = request.ef_search.value_or(kEfSearchDefault);
  options.threads = options_.threads;
  options.expected_rows = request.expected_rows;
  options.memory_budget = options_.memory_budget;
  options.limits = options_.limits;
  if (!options.vectors_in_memory) {
    options.limits.seal_bytes = std::min(options.limits.seal_bytes, kSealBytesOnDisk);
    options.limits.merge_bytes = std::min(options.limits.merge_bytes, kMergeBytesOnDisk);
  }
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
    if (asked.index != is.index || asked.ef_construction != is.ef_construction ||
        asked.quantization != is.quantization || asked.rerank != is.rerank ||
        asked.nlist != is.nlist) {
      throw Error(ErrorCode::kInvalidOption,
                  where + " was created with index \"" + is.index + "\", quantization \"" +
                      is.quantization + "\"" +
                      (is.rerank ? " with rerank " + std::to_string(*is.rerank) : "") +
                      (ParseIndex(is.index) == IndexKind::kIvf
                           ? " and nlist " + std::to_string(is.nlist)
                           : " and efConstruction " + std::to_string(is.ef_construction)) +
                      ", expected the same or none");
    }
  };
  if (const std::shared_ptr<Collection> found = FindCollection(name)) {
    agreed(*found);
    if (request.ef_search) found->set_ef_search(*request.ef_search);
    if (request.nprobe) found->set_nprobe(*request.nprobe);
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
  if (next_collection_ > kMaxCollectionId) {
    throw Error(ErrorCode::kUnsupported,
                directory_->path() + " has given every id that a collection can have");
  }
  const CollectionEntry entry = NewEntry(next_collection_, name, request);
  return AddCollection(entry, request, [&] {
    LogAlone(WalRecordType::kCreateCollection, entry.id, EncodeCollection(entry));
    ++next_collection_;
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

}  // namespace ruvector
