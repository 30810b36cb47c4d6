// A database: one write-ahead log, one manifest, its collections. Orders what is durable and what
// is visible: validate, prepare memory, log and sync, apply, link, and now and then checkpoint.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "collection/collection.h"
#include "collection/database_options.h"
#include "storage/file.h"
#include "storage/manifest.h"
#include "storage/process.h"
#include "storage/wal.h"

namespace ruvector {

inline constexpr std::string_view kDefaultCollectionName = "default";

struct DatabaseStats {
  uint64_t disk_bytes = 0;
  uint64_t wal_bytes = 0;
  uint64_t cut_bytes = 0;              ///< torn tail that opening cut off
  uint64_t replayed_transactions = 0;  ///< from the log, when opening
  std::string maintenance_error;       ///< what the last work in the background failed with
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

  bool read_only() const { return options_.read_only; }
  const DatabaseOptions& options() const { return options_; }
  /// Bytes of process memory that the rows of all collections take.
  size_t memory_bytes() const;

  // --- Collections

  /// The one that every database has; lives as long as the database.
  Collection& collection() { return *default_; }
  const Collection& collection() const { return *default_; }
  std::vector<std::string> CollectionNames() const;
  /// The collection of that name; made when there is none and the request names dimensions. Throws
  /// kNotFound, kInvalidOption, kDimensionMismatch, kReadOnly, kIo.
  std::shared_ptr<Collection> OpenCollection(const std::string& name,
                                             const CollectionRequest& request);
  /// False when there is none. Throws kInvalidOption for the default one.
  bool DropCollection(const std::string& name);

  // --- Writing

  /// Whether a transaction links its rows before it returns, or leaves that to LinkSome and the
  /// background.
  enum class Linking { kNow, kLater };

  /// Commits a transaction, over any number of collections: when it returns it is as safe as the
  /// durability says, and visible; when it throws, nothing happened. `decide`, called while no
  /// other writer is at work, returns the operations; none: nothing is committed. Throws kReadOnly,
  /// kIo, kMemoryLimit, kNotFound for a dropped collection.
  template <typename Decide>
  void Write(const Decide& decide, Linking linking = Linking::kNow) {
    const std::lock_guard<std::mutex> lock(writer_mutex_);
    RequireWritable();
    std::vector<Operation> operations = decide();
    if (!operations.empty()) Commit(operations, linking);
  }
  /// Links up to `rows` rows that wait for it; returns how many still wait.
  size_t LinkSome(Collection& collection, size_t rows);
  void LinkInBackground() noexcept { WakeMaintenance(); }

  // --- Durability and files

  /// Everything acknowledged is on disk when it returns; shortens the log when it is long enough to
  /// matter. Throws kIo.
  void Flush();
  /// Durability kBatch, where no thread does it: puts what was written on disk. Throws kIo.
  void Sync();
  /// Writes what the log holds into segments and starts a new log. Throws kIo, kReadOnly; nothing
  /// is lost then.
  void Checkpoint();
  /// A container holding everything.
  std::string ToBytes();
  /// Shows what other processes have committed since, to a read-only opener; true when there was
  /// anything. Throws like Open, and shows what it showed before.
  bool Refresh();
  /// Reads the manifest and the whole log; returns the log's bytes. Throws kCorrupt when one is
  /// damaged.
  uint64_t CheckLog();
  DatabaseStats Stats() const;
  /// Makes everything acknowledged durable, releases the lock. Later calls do nothing. Throws kIo
  /// when something acknowledged is not on disk (possible with kBatch and kNone only).
  void Close();

 private:
  friend class Compaction;
  friend class PinnedManifest;
  friend class Snapshot;
  using CollectionSet = std::set<const Collection*>;

  Database(std::unique_ptr<Directory> directory, const DatabaseOptions& options);

  // Of a reader, whose files a writer may take away meanwhile.
  static constexpr int kOpenAttempts = 5;
  static std::unique_ptr<Database> OpenFolder(const DatabaseOptions& options);

  // database_open.cc
  void Load();
  void Create();
  std::shared_ptr<Collection> AddCollection(const CollectionEntry& entry,
                                            const CollectionRequest& request,
                                            const std::function<void()>& log = nullptr);
  void RemoveCollection(uint32_t id);
  std::shared_ptr<Collection> FindCollection(std::string_view name) const;
  std::vector<std::shared_ptr<Collection>> Collections() const;

  // database_log.cc
  void Replay();
  void RenewLog(const std::vector<uint64_t>& numbers);
  // Goes on in a new file of the log, where one that is appended to had better be short.
  void ContinueLogElsewhere();
  // Of all files of the log.
  uint64_t LogLength() const { return earlier_log_bytes_ + wal_->bytes(); }
  void ReplayRecords(std::span<const WalRecord> records);

  // database.cc
  void RequireWritable() const;
  void Commit(std::vector<Operation>& operations, Linking linking);
  // What a commit gives occasion to; `frees`: what was removed gives its room back.
  void AfterCommit(bool frees, size_t rows) noexcept;
  void RequireBudget(std::span<const Operation> operations,
                     std::span<Collection* const> touched) const;
  void LogAlone(WalRecordType type, uint32_t collection, std::string_view payload);
  void CommitLog();
  size_t Link(Collection& collection, size_t rows);

  // database_checkpoint.cc
  bool CheckpointDue() const;
  bool HasSegments() const;
  bool WorthCheckpoint() const;
  void TryCheckpoint(const CollectionSet& seal);
  void CheckpointLocked(const CollectionSet& seal);
  void PublishManifest(const Manifest& next);
  void RemoveLeftOvers();

  // database_maintenance.cc
  bool has_threads() const;
  void Maintain(size_t own_rows);
  bool WantsMerge() const;
  void WakeMaintenance() noexcept;
  void RunMaintenance();
  void StopMaintenance();
  void LinkAll();
  bool MergeOnce();
  std::unique_ptr<SegmentMerge> NextMerge(std::shared_ptr<Collection>& merging);
  uint64_t TakeSegmentNumber();
  SegmentEntry WriteMerged(const Collection& collection, const SegmentMerge& merge,
                           uint64_t number);
  void InstallMerge(Collection& collection, const SegmentMerge& merge, uint64_t number,
                    SegmentEntry entry);
  void StopMerging();
  void MaintenanceFailed(const char* message) noexcept;
  // Whether what is written now will be on disk within kSyncDelay without the caller's doing.
  bool SyncsSoon() noexcept;
  void RunSyncing();

  std::unique_ptr<Directory> directory_;
  std::unique_ptr<WriterLock> lock_;
  const DatabaseOptions options_;
  bool volatile_ = false;  // in memory: nothing is logged
  DatabaseId id_{};        // never changes once loaded
  const uint64_t pid_ = CurrentPid();

  mutable std::shared_mutex collections_mutex_;  // guards the list, not the collections
  std::map<std::string, std::shared_ptr<Collection>, std::less<>> collections_;
  Collection* default_ = nullptr;

  mutable std::mutex writer_mutex_;  // guards what follows
  Manifest manifest_;                // as on disk, but for segment numbers already given away
  uint32_t next_collection_ = 1;     // counts those that only the log holds; manifest_ does not
  std::unique_ptr<WalWriter> wal_;   // none: in memory, read-only or closed
  uint64_t next_wal_ = 1;
  uint64_t earlier_log_bytes_ = 0;      // of the log, in files before that of wal_
  uint64_t next_checkpoint_bytes_ = 0;  // after a failed one: not before the log is that long
  bool broken_ = false;
  bool unlogged_ = false;         // kNone: something is only in memory
  bool changed_options_ = false;  // of a collection, not in the manifest yet
  bool closed_ = false;
  uint64_t cut_bytes_ = 0;
  uint64_t replayed_ = 0;
  uint64_t seen_log_bytes_ = 0;           // read-only: what the log held when it was replayed
  std::set<uint64_t> unnamed_segments_;   // being written: no left-overs
  std::multiset<std::string> pinned_;     // being read by a snapshot: not to be removed
  std::optional<Error> left_over_error_;  // why something was not removed
  bool compacting_ = false;
  std::atomic<uint64_t> wal_bytes_{0};  // for Stats, which must not wait for a writer

  // Work in the background: linking what was replayed, merging. On a thread, or where there are
  // none in small steps after each commit.
  std::shared_ptr<Collection> merging_;  // writer's: the steps under way
  std::unique_ptr<SegmentMerge> merge_;
  std::thread maintenance_;
  mutable std::mutex maintenance_mutex_;  // guards what follows
  std::condition_variable maintenance_cv_;
  bool maintenance_wanted_ = false;
  bool maintenance_busy_ = false;
  std::string maintenance_error_;
  std::atomic<size_t> maintenance_pause_{0};  // commits to wait after a failure
  std::atomic<bool> stop_{false};
  std::atomic<bool> merge_elsewhere_{false};  // a compaction is at work

  std::thread syncing_;  // kBatch
  std::mutex syncing_mutex_;
  std::condition_variable syncing_cv_;
  bool sync_wanted_ = false;
};

}  // namespace ruvector
