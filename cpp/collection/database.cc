#include "collection/database.h"

#include <algorithm>

#include "collection/log_records.h"
#include "core/error.h"
#include "core/json.h"

namespace ruvector {
namespace {

// A transaction also links this many rows of a backlog, where no thread does it.
constexpr size_t kBacklogRows = 64;
// Where files are stored whole, the log goes on in another one from here on: this much, and the
// transaction itself, is what a commit writes at most.
constexpr uint64_t kWholeLogFileBytes = 64 << 10;

}  // namespace

size_t Database::memory_bytes() const {
  size_t bytes = 0;
  for (const auto& collection : Collections()) bytes += collection->memory_bytes();
  return bytes;
}

void Database::RequireWritable() const {
  if (options_.read_only) throw Error(ErrorCode::kReadOnly, "the database was opened read-only");
  if (closed_) throw Error(ErrorCode::kClosed, "the database is closed");
  if (CurrentPid() != pid_)
    throw Error(ErrorCode::kReadOnly,
                "the database was opened by the process that forked this one");
  if (broken_ || (wal_ && wal_->broken())) {
    throw Error(
        ErrorCode::kReadOnly,
        "writing to disk failed before, so the database is read-only until it is opened again");
  }
}

void Database::RequireBudget(std::span<const Operation> operations,
                             std::span<Collection* const> touched) const {
  if (options_.memory_budget == 0) return;
  const bool adds = std::any_of(operations.begin(), operations.end(), [](const Operation& op) {
    return op.kind == Operation::Kind::kPut || op.kind == Operation::Kind::kSetMetadata;
  });
  if (!adds) return;
  size_t needed = memory_bytes();
  for (const Collection* c : touched)
    needed = needed - c->memory_bytes() + c->BytesAfter(operations);
  if (needed > options_.memory_budget) {
    throw Error(ErrorCode::kMemoryLimit, "the rows would take " + std::to_string(needed) +
                                             " bytes of memory, memoryBudget is " +
                                             std::to_string(options_.memory_budget) +
                                             "; nothing was written");
  }
}

void Database::CommitLog() {
  const Durability durability = options_.durability;
  wal_->Commit(durability == Durability::kSync ||
               (durability == Durability::kBatch && !SyncsSoon()));
  wal_bytes_ = LogLength();
}

void Database::LogAlone(WalRecordType type, uint32_t collection, std::string_view payload) {
  if (volatile_) return;
  if (options_.durability == Durability::kNone) {
    unlogged_ = true;
    return;
  }
  wal_->Add(type, collection, {payload});
  CommitLog();
}

void Database::Commit(std::vector<Operation>& operations, Linking linking) {
  std::vector<Collection*> touched;
  bool clears = false;
  for (Operation& op : operations) {
    if (op.collection == nullptr) op.collection = default_;
    clears = clears || op.kind == Operation::Kind::kClear;
    if (std::find(touched.begin(), touched.end(), op.collection) == touched.end())
      touched.push_back(op.collection);
  }
  for (Collection* collection : touched) {
    if (collection->dropped()) {
      throw Error(ErrorCode::kNotFound,
                  "collection " + QuoteForMessage(collection->name()) + " was dropped");
    }
  }
  RequireBudget(operations, touched);
  for (Collection* collection : touched) collection->Prepare(operations);
  if (wal_ && options_.durability != Durability::kNone) {
    for (const Operation& op : operations) LogOperation(*wal_, op);
    CommitLog();
  } else if (wal_) {
    unlogged_ = true;
  }
  for (Collection* collection : touched) {
    collection->Apply(operations);
    if (linking == Linking::kLater) continue;
    // As many as came, so that what waits never grows; the rest is for the thread, if there is one.
    const size_t more = has_threads() ? 0 : kBacklogRows;
    if (Link(*collection, operations.size() + more) > 0) LinkInBackground();
  }
  AfterCommit(clears, operations.size());
}

void Database::AfterCommit(bool frees, size_t rows) noexcept {
  try {
    if (CheckpointDue() || (frees && HasSegments()))
      TryCheckpoint({});
    else if (wal_ && directory_->stores_whole_files() && wal_->bytes() > kWholeLogFileBytes)
      ContinueLogElsewhere();
    Maintain(rows);
  } catch (const std::exception&) {
    // No memory, not even to say so. What was committed is; the next commit tries again.
  }
}

size_t Database::Link(Collection& collection, size_t rows) {
  try {
    return collection.LinkPending(rows, collection.options().threads);
  } catch (const std::exception&) {
    // No memory, or hnswlib does not like what a damaged file left it. The rows are committed;
    // without links they are scanned.
    return 0;
  }
}

size_t Database::LinkSome(Collection& collection, size_t rows) {
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  return closed_ ? 0 : Link(collection, rows);
}

DatabaseStats Database::Stats() const {
  DatabaseStats stats;
  stats.cut_bytes = cut_bytes_;
  stats.replayed_transactions = replayed_;
  stats.wal_bytes = wal_bytes_;
  {
    const std::lock_guard<std::mutex> lock(maintenance_mutex_);
    stats.maintenance_error = maintenance_error_;
  }
  if (!volatile_ && directory_->persistent()) {
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

void Database::Close() {
  stop_ = true;
  StopMaintenance();
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  if (closed_) return;
  merge_.reset();
  std::string lost;
  if (wal_) {
    // What is on disk already is safe whatever fails here; the rest must be told.
    const bool at_risk =
        unlogged_ || (options_.durability != Durability::kSync && wal_->unsynced());
    try {
      RequireWritable();
      if (unlogged_ || WorthCheckpoint()) {
        CheckpointLocked({});
      } else {
        wal_->MarkClosed();
      }
    } catch (const std::exception& e) {
      if (at_risk) lost = e.what();
    }
  }
  closed_ = true;
  wal_.reset();
  lock_.reset();
  if (!lost.empty())
    throw Error(ErrorCode::kIo, "closed, but the last writes are not on disk: " + lost);
}

}  // namespace ruvector
