// A database: one write-ahead log, one manifest, its collections. Orders what is durable and what
// is visible: validate, prepare memory, log and sync, apply, link, and now and then checkpoint.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "collection/collection.h"
#include "storage/file.h"
#include "storage/manifest.h"
#include "storage/wal.h"

namespace ruvector {

/// What a caller asked for; unset fields take a stored database's value, or the default.
struct DatabaseOptions {
  std::string path;  ///< folder, or a container file (read-only); empty: in memory
  bool read_only = false;
  std::optional<size_t> dimensions;
  std::optional<Metric> metric;
  std::optional<IndexKind> index;
  std::optional<size_t> m;
  std::optional<size_t> ef_construction;
  std::optional<size_t> ef_search;
  size_t expected_rows = 0;  ///< to make room for ahead
  std::optional<uint64_t> seed;
  size_t threads = 0;
};

struct DatabaseStats {
  CollectionStats collection;
  uint64_t disk_bytes = 0;
  uint64_t wal_bytes = 0;
  uint64_t cut_bytes = 0;              ///< torn tail that opening cut off
  uint64_t replayed_transactions = 0;  ///< from the log, when opening
};

/// Threads: every method may be called from any thread; writers take turns.
class Database {
 public:
  /// Opens or creates. Throws kLocked, kCorrupt, kIo, kNotFound, kDimensionMismatch,
  /// kInvalidOption, kUnsupported.
  static std::unique_ptr<Database> Open(const DatabaseOptions& options);
  /// A copy in memory of what ToBytes returned; it can be written. Throws like Open.
  static std::unique_ptr<Database> FromBytes(std::string bytes, const DatabaseOptions& options);
  /// Like Open, on any folder: tests bring faulty ones.
  static std::unique_ptr<Database> OpenIn(std::unique_ptr<Directory> directory,
                                          const DatabaseOptions& options);
  ~Database();

  Collection& collection() { return *collection_; }
  const Collection& collection() const { return *collection_; }
  bool read_only() const { return read_only_; }

  /// Commits a transaction: when it returns it is on disk and visible; when it throws, nothing
  /// happened. `decide`, called while no other writer is at work, returns the operations; none:
  /// nothing is committed.
  template <typename Decide>
  void Write(const Decide& decide) {
    const std::lock_guard<std::mutex> lock(writer_mutex_);
    RequireWritable();
    const std::vector<Operation> operations = decide();
    if (!operations.empty()) Commit(operations);
  }

  /// Everything acknowledged is on disk already; shortens the log when it is long enough to matter.
  /// Throws kIo.
  void Flush();
  /// Writes what the log holds into segments and starts a new log. Throws kIo, kReadOnly; nothing
  /// is lost then.
  void Checkpoint();
  /// A container holding everything.
  std::string ToBytes();
  DatabaseStats Stats() const;
  /// Checkpoints a long log and releases the lock. What was acknowledged is safe whatever fails
  /// here. Never throws; once.
  void Close() noexcept;

 private:
  Database(std::unique_ptr<Directory> directory, bool read_only);

  static std::unique_ptr<Database> OpenFolder(const DatabaseOptions& options);

  void Load(const DatabaseOptions& options);
  void Create(const DatabaseOptions& options);
  void Replay();
  void RemoveLeftOvers();
  void RequireWritable() const;
  void Commit(const std::vector<Operation>& operations);
  void Link(size_t own_rows);
  bool CheckpointDue() const;
  bool WorthCheckpoint() const;
  void CheckpointLocked();
  void StartLinker();
  void StopLinker();

  std::unique_ptr<Directory> directory_;  // none: in memory
  std::unique_ptr<WriterLock> lock_;
  const bool read_only_;
  bool volatile_ = false;  // in memory: nothing is logged
  std::unique_ptr<Collection> collection_;

  mutable std::mutex writer_mutex_;  // guards what follows
  Manifest manifest_;
  std::unique_ptr<WalWriter> wal_;
  uint64_t next_wal_ = 1;
  uint64_t next_checkpoint_bytes_ = 0;  // after a failed one: not before the log is that long
  bool broken_ = false;
  uint64_t cut_bytes_ = 0;
  uint64_t replayed_ = 0;

  std::atomic<uint64_t> wal_bytes_{0};  // for Stats, which must not wait for a writer

  std::thread linker_;  // links what was replayed, while searches scan it
  std::atomic<bool> linker_runs_{false};
  std::atomic<bool> stop_linker_{false};
};

}  // namespace ruvector
