// The seam to the outside world: a folder of flat files. Everything the database keeps passes here.
// Implementations: file_posix.cc, file_win.cc, file_wasm.cc (imports from wasm/files.js),
// file_memory.cc; tests add FaultDirectory. Files are appended and read, never overwritten in
// place; maps are read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ruvector {

/// Read-only bytes of a whole file: a memory map natively, a heap copy elsewhere. Lives as long as
/// the object, whatever happens to the File. When another process cuts a mapped file short, the
/// lost pages read as zeros, and the checksums find that. Any thread may read.
class Mapping {
 public:
  virtual ~Mapping() = default;
  /// Not null, not even when empty; aligned to 8 bytes.
  virtual const uint8_t* data() const = 0;
  virtual size_t size() const = 0;
  /// Bytes of process heap this mapping occupies; 0 for a memory map.
  virtual size_t heap_bytes() const = 0;
  /// Gives the pages wholly within these bytes back to the system, if it can: whoever reads them
  /// again, even meanwhile, finds what the file holds.
  virtual void Release(size_t /*offset*/, size_t /*n*/) const noexcept {}
};

/// One open file. Not for concurrent use, but for Size, ReadAt, WillRead and Map.
/// All methods throw kIo with path, operation and the system's words.
class File {
 public:
  virtual ~File() = default;
  virtual uint64_t Size() const = 0;
  /// Reads exactly n bytes; a short read is kIo.
  virtual void ReadAt(uint64_t offset, void* out, size_t n) const = 0;
  /// A hint that reads will be at random places: nothing around them is worth reading.
  virtual void ReadsAtRandom() noexcept {}
  /// A hint that these bytes will be read: the disk is asked for them, and nobody waits.
  virtual void WillRead(uint64_t /*offset*/, size_t /*n*/) const noexcept {}
  /// Writes all n bytes at the end, retrying short writes. After an error the file may hold some of
  /// them.
  virtual void Append(const void* data, size_t n) = 0;
  /// Returns when every appended byte is on disk.
  virtual void Sync() = 0;
  /// Cuts the file to `size` bytes, at most Size().
  virtual void Truncate(uint64_t size) = 0;
  virtual std::unique_ptr<Mapping> Map() const = 0;
};

enum class OpenMode {
  kRead,    ///< must exist
  kCreate,  ///< must not exist; read and append
  kAppend,  ///< must exist; read and append
};

/// Held while a database is open for writing; destroying it releases. Destroy it before its
/// directory. See FORMAT.md, Lock.
class WriterLock {
 public:
  virtual ~WriterLock() = default;
};

/// May every system have a file of this name: 1 … 200 bytes, no control characters, none of
/// / \ : * ? " < > |, not . or ..?
bool IsPlainFileName(std::string_view name);

/// A flat folder. Names that are not plain throw kInvalidOption. Any thread; one call at a time per
/// name.
class Directory {
 public:
  virtual ~Directory() = default;
  /// Throws kNotFound when it must exist and does not; kIo for all else, also for what is no
  /// regular file.
  virtual std::unique_ptr<File> Open(const std::string& name, OpenMode mode) = 0;
  /// Names of the regular files, in no order, other people's included.
  virtual std::vector<std::string> List() const = 0;
  virtual bool Exists(const std::string& name) const = 0;
  /// Removing what is not there is no error. Throws kLocked where the system keeps what somebody
  /// has open or mapped (Windows).
  virtual void Remove(const std::string& name) = 0;
  /// Replaces `to` atomically; kIo on Windows while somebody has it open or mapped.
  virtual void Rename(const std::string& from, const std::string& to) = 0;
  /// Makes creations, renames and removals durable.
  virtual void Sync() = 0;
  /// Throws kLocked naming the holder; also for a second writer within one process.
  virtual std::unique_ptr<WriterLock> LockWriter() = 0;
  /// A file is written anew for every sync after an Append, in one transaction with all others
  /// (IndexedDB): what is appended to is better short, and whatever can be read is on disk.
  virtual bool stores_whole_files() const { return false; }
  /// False for memory: nothing survives, so nothing is logged.
  virtual bool persistent() const = 0;
  /// For messages: the folder's path, or ":memory:".
  virtual const std::string& path() const = 0;
};

/// What is at a path, symbolic links followed. A device or pipe counts as a file; opening it
/// throws.
enum class PathKind { kNone, kFile, kFolder };
PathKind KindOfPath(const std::string& path);

/// The folder at `path` (UTF-8); created with its parents (and their entries synced) when `create`.
/// Throws kIo, kNotFound, and kUnsupported on a host without files (browsers).
std::unique_ptr<Directory> OpenDirectory(const std::string& path, bool create);

/// Removes a folder if it is empty; otherwise, and when that fails, nothing happens.
void RemoveFolder(const std::string& path) noexcept;

/// One existing file outside any database folder, for containers; read-only. Throws kIo, kNotFound,
/// kUnsupported.
std::unique_ptr<File> OpenPath(const std::string& path);

/// Bytes somebody keeps alive: a string, a mapping, a part of either.
struct SharedBytes {
  std::shared_ptr<const void> owner;
  const uint8_t* data = nullptr;
  size_t size = 0;
  /// What Mapping::heap_bytes answers for a file of these bytes: 0 when they are part of a memory
  /// map.
  size_t heap_bytes = 0;
};

/// The bytes of a string, owned by what is returned.
SharedBytes ShareString(std::string bytes);

/// Files in memory. Maps share the bytes with the file; a later Append or Truncate works on a copy.
class MemoryDirectory : public Directory {
 public:
  /// Adds or replaces a file without copying: the parts of a container lie in the container's
  /// bytes.
  virtual void AddFile(const std::string& name, SharedBytes bytes) = 0;
};

/// An empty folder in memory; safe for one database. `path` is what messages call it.
std::unique_ptr<MemoryDirectory> NewMemoryDirectory(std::string path = ":memory:");

/// Writes a whole file so that a kill leaves nothing or all of it: `name`.tmp, sync, rename. The
/// caller syncs the folder. Throws kIo, leaving no `name` that was not there.
void WriteFileAtomically(Directory& directory, const std::string& name, const void* data, size_t n);

/// The whole content of a file of at most `limit` bytes; kCorrupt when it is larger.
std::string ReadWholeFile(Directory& directory, const std::string& name, uint64_t limit);

}  // namespace ruvector
