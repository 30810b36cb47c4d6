// A folder that fails on demand and knows what a power cut would leave of it.
//
// Every changing call (create, append, sync, truncate, remove, rename, folder sync) has an index,
// counted from 0. A test runs a workload once to learn how many there are, then once per index with
// a fault at it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/file.h"

namespace ruvector {

enum class Fault {
  kIo,          ///< nothing happens, "input/output error"
  kNoSpace,     ///< nothing happens, "no space left on device"
  kShortWrite,  ///< an append leaves its first half, then there is no space; other calls as
                ///< kNoSpace
  kPowerCut,    ///< nothing happens, now and in every later call
  kLyingSync,   ///< a sync of a file or folder reports success and does nothing; other calls work
};

/// What survives a power cut besides what was synced.
struct CrashModel {
  enum class Tail {
    kSynced,  ///< of a file: what its last sync saw
    kAll,     ///< all that was written
    kTorn,    ///< a random part of what was written after the sync, in whole sectors of 512 bytes,
              ///< with holes of zeros
    kZeros,   ///< the length of what was written, with zeros after the synced part
  };
  Tail tail = Tail::kSynced;
  /// Creations, renames and removals: all of them, or only those before the last folder sync.
  bool keep_folder_operations = false;
  uint64_t seed = 1;
  /// Of the folder operations since its last sync, this one is lost whatever the others do.
  std::optional<size_t> lost_operation;
  /// This file keeps only what was synced, whatever `tail` says of the others.
  std::string lagging_file;
};

/// Wraps a folder in memory or a real one. Reports persistent(), so that a database logs in it. Any
/// thread.
class FaultDirectory final : public Directory {
 public:
  /// What `base` holds counts as synced. nullptr: an empty folder in memory.
  explicit FaultDirectory(std::unique_ptr<Directory> base = nullptr);
  ~FaultDirectory() override;

  /// Arms one fault at the call of this index; `sticky`: at all later ones too. A failed file sync
  /// loses the bytes it was to save: no later sync brings them to disk (as Linux does).
  void FailCall(uint64_t index, Fault fault, bool sticky = false);
  /// No further faults. A power cut cannot be cleared.
  void ClearFault();
  /// Changing calls so far.
  uint64_t calls() const;
  /// "append wal-…" and so on, one per changing call.
  std::vector<std::string> log() const;

  /// Folder operations since its last sync.
  size_t unsynced_operations() const;
  /// Files of which something is not synced.
  std::vector<std::string> unsynced_files() const;
  /// The folder as it would be found after a power cut now. This one stays as it is.
  std::unique_ptr<FaultDirectory> Crash(const CrashModel& model = {}) const;
  /// Content of a file as the process sees it.
  std::string Content(const std::string& name) const;

  std::unique_ptr<File> Open(const std::string& name, OpenMode mode) override;
  std::vector<std::string> List() const override;
  bool Exists(const std::string& name) const override;
  void Remove(const std::string& name) override;
  void Rename(const std::string& from, const std::string& to) override;
  void Sync() override;
  std::unique_ptr<WriterLock> LockWriter() override;
  bool persistent() const override { return true; }
  const std::string& path() const override;

 private:
  struct State;
  class FaultFile;
  std::shared_ptr<State> state_;
};

}  // namespace ruvector
