// The write-ahead log: transactions of records, durable before they are acknowledged. Bytes:
// FORMAT.md, Write-ahead log. Knows nothing of what the records mean.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file.h"

namespace ruvector {

using DatabaseId = std::array<uint8_t, 16>;

enum class WalRecordType : uint8_t {
  kPut = 1,
  kDelete = 2,
  kClear = 3,
  kSetMetadata = 4,
  kCommit = 16,
  kClosed = 17,
  kCreateCollection = 32,
  kDropCollection = 33,
};

/// The longest payload of a record.
inline constexpr uint64_t kMaxWalPayloadBytes = uint64_t{1} << 30;

/// A record as replayed; the payload points into the log's mapping and lives for the callback only.
struct WalRecord {
  WalRecordType type;
  uint32_t collection;
  std::string_view payload;
};

inline constexpr uint64_t kWalHeaderBytes = 64;

/// The name of log file `number`: "wal-" and 16 hex digits.
std::string WalName(uint64_t number);

/// Appends transactions to one log file. Not for concurrent use. Whoever starts the next file syncs
/// this one first: records vouch for what lies before them.
class WalWriter {
 public:
  /// A new file: header written and synced (the caller syncs the folder). Its first transaction
  /// will be `next_sequence`. `aside`: nobody takes it for a part of the log before Publish. Throws
  /// kIo, leaving no file.
  static std::unique_ptr<WalWriter> Create(Directory& directory, uint64_t number,
                                           const DatabaseId& database, uint64_t next_sequence,
                                           bool aside = false);
  /// Syncs a file that was made aside and gives it its name. Throws kIo.
  void Publish(Directory& directory);
  /// Continues a replayed file at `valid_bytes`, cutting what follows; what is there counts as not
  /// synced, since whoever wrote it may have been killed before. One without transactions
  /// gets a new header when its first transaction was to be another. Throws kIo; kCorrupt for
  /// another database's file, and for one whose last transaction is not the one before
  /// `next_sequence`.
  static std::unique_ptr<WalWriter> Continue(Directory& directory, uint64_t number,
                                             const DatabaseId& database, uint64_t valid_bytes,
                                             uint64_t next_sequence);

  /// Adds a record to the open transaction; its payload is the concatenation of the pieces.
  /// Buffered, and written through beyond 1 MiB. Throws kIo after rolling the transaction back;
  /// kReadOnly once broken.
  void Add(WalRecordType type, uint32_t collection, std::initializer_list<std::string_view> pieces);
  /// Ends the transaction; with `sync` it is on disk on return. Returns its sequence.
  /// Throws kIo: after a failed write the file is cut back to the last commit and stays usable;
  /// after a failed sync (or a cut that fails) nobody knows what is on disk, so the writer is
  /// broken.
  uint64_t Commit(bool sync);
  /// Drops the open transaction. Never throws; a failure makes the writer broken.
  void Rollback() noexcept;
  /// Commits the kClosed marker, so that later damage to the tail is told from a torn write. Throws
  /// like Commit(true).
  void MarkClosed();
  /// Puts every commit on disk. Throws kIo, and the writer is broken.
  void Sync();

  /// True after a failed sync: every further call throws kReadOnly until the database is reopened.
  bool broken() const { return broken_; }
  /// Is there a commit that is not on disk?
  bool unsynced() const { return commits_unsynced_; }
  /// Committed length of the file.
  uint64_t bytes() const { return committed_bytes_; }
  /// Of the next transaction.
  uint64_t next_sequence() const { return next_sequence_; }
  /// Of the file.
  uint64_t number() const { return number_; }

 private:
  WalWriter(std::unique_ptr<File> file, std::string path, uint64_t number, uint32_t salt,
            uint64_t committed_bytes, uint64_t next_sequence);

  void CheckUsable() const;
  void AppendRecord(WalRecordType type, uint32_t collection,
                    std::initializer_list<std::string_view> pieces);
  void FlushBuffer();
  void SyncFile();

  std::unique_ptr<File> file_;
  std::string path_;
  uint64_t number_;
  uint32_t salt_;
  uint64_t committed_bytes_;
  uint64_t next_sequence_;
  std::string buffer_;             // of the open transaction, not yet written
  uint32_t records_ = 0;           // of the open transaction
  bool written_through_ = false;   // part of the open transaction is in the file
  bool commits_unsynced_ = false;  // of this file
  bool cut_unsynced_ = false;      // the file was cut back, and the cut may not be on disk
  bool broken_ = false;
};

struct WalReplay {
  uint64_t valid_bytes = 0;    ///< header and whole transactions
  uint64_t cut_bytes = 0;      ///< torn tail after them
  uint64_t next_sequence = 0;  ///< of the transaction that would follow
  uint64_t transactions = 0;   ///< replayed
  /// The last transaction is an orderly close, and nothing follows.
  bool closed = false;
  /// WalWriter::Continue takes the file at valid_bytes. Not so a torn creation, and a file with
  /// transactions that end before `after_sequence`: a new file has to follow those.
  bool continuable = false;
};

/// Calls `apply(sequence, records)` for each whole transaction with a sequence above
/// `after_sequence`, in order, the commit record left out. What `apply` throws passes through.
/// Throws kNotFound when there is no such file; kCorrupt for a foreign or damaged header, sequences
/// that do not follow each other, and damage before a later transaction (FORMAT.md, Recovery);
/// kUnsupported for a newer format. A file shorter than a header is a torn creation: valid_bytes 0;
/// so is one of a header's length that is not whole.
WalReplay ReplayWal(Directory& directory, uint64_t number, const DatabaseId& database,
                    uint64_t after_sequence,
                    const std::function<void(uint64_t, std::span<const WalRecord>)>& apply);

/// For a damaged log: calls `apply` for every whole transaction there is, in order, whatever lies
/// between them. Returns the number of damaged places; a torn tail counts as one. Throws like
/// ReplayWal for a header that is not whole.
uint64_t SalvageWal(Directory& directory, uint64_t number, const DatabaseId& database,
                    const std::function<void(std::span<const WalRecord>)>& apply);

}  // namespace ruvector
