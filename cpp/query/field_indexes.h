// The field indexes of one segment: each is made when a filter first asks for its field, and grows
// with the rows. So a field that nobody filters by costs nothing.
//
// An index is a list of runs of rows. What was appended since the last run is read as text until it
// is long enough for a run of its own; runs of like length become one, as in a log-structured merge
// tree (O'Neil et al. 1996), so that a row is indexed O(log rows) times. A segment file holds the
// indexes that its rows had when it was written (storage/FORMAT.md, Field indexes).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/interrupt.h"
#include "query/field_index.h"

namespace ruvector {

/// Threads: Change and Clear need exclusive access.
class FieldIndexes {
 public:
  using Runs = std::vector<std::shared_ptr<const FieldIndex>>;

  /// With fewer rows than this text is read as fast.
  static constexpr size_t kFewestRows = 512;

  /// The index of a path (dotted: as filters spell it) over rows 0 … n - 1, n of its choice. One
  /// that has to be made may take `room` bytes. Throws kCorrupt, kAborted, kTimeout,
  /// kInvalidFilter.
  Runs Find(const filter_internal::Path& path, const std::string& dotted, size_t rows,
            const TextOfRow& text, size_t room, const Interrupt* interrupt);
  /// Rows whose text may have changed since an index was made.
  std::vector<Slot> changed() const;

  /// Names fields that are to have an index when one is needed or written.
  void Want(const std::vector<std::string>& paths);
  /// A file's indexes of all rows there are. `whole` gives the bytes offset … offset + n - 1 of
  /// them, which live as long as this. Throws kCorrupt, starting with `what`, now or from Find.
  using Bytes = std::function<std::string_view(uint64_t offset, uint64_t n)>;
  void Open(uint64_t bytes, Bytes whole, std::string what);
  /// Fields of which Open found an index, and the bytes of one. Throws kCorrupt.
  std::vector<std::string> stored_paths() const;
  std::string_view Stored(const std::string& path) const;
  /// The indexes of rows 0 … rows - 1 as Open reads them; empty: there are none. Leaves out
  /// fields that no row has, and what cannot be indexed.
  std::string Write(size_t rows, const TextOfRow& text) const;
  /// A row's text changed. Allocates nothing.
  void Change(Slot slot) noexcept;
  /// Frees what is in memory; fields stay wanted.
  void Clear() noexcept;

  /// Fields with an index, made or wanted, in order.
  std::vector<std::string> paths() const;
  size_t bytes() const;

 private:
  // The paths asked for last; what others had is made anew should they be asked for again.
  static constexpr size_t kMostPaths = 64;
  static constexpr size_t kMostChanged = 4096;
  struct Entry {
    Runs runs;
    uint64_t used = 0;     // when
    size_t too_large = 0;  // rows of which an index took more room than there was
  };
  struct Place {
    uint64_t offset, bytes;
  };

  std::shared_ptr<const FieldIndex> OpenStored(const std::string& path, size_t rows) const;
  Entry& EntryOf(const std::string& path);
  void Measure();

  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  uint64_t clock_ = 0;
  bool made_ = false;  // is there any run?
  std::vector<Slot> changed_;
  size_t bytes_ = 0;
  std::map<std::string, Place> stored_;
  Bytes stored_bytes_;
  std::string what_;
};

/// The path that "a.b" names.
filter_internal::Path IndexPath(std::string_view dotted);

}  // namespace ruvector
