// ruvector, an embedded vector database: its whole C++ interface. README.md shows it in use.
//
// Distances: cosine = 1 - cos (0 … 2), euclidean = true L2, dot = -⟨a,b⟩, manhattan = L1; smaller
// is closer, always. Similarity: cosine = cos, dot = ⟨a,b⟩, the others 1 / (1 + distance). Metadata
// and filters are JSON text, ids, names and paths UTF-8. Calls throw ruvector::Error, and
// std::bad_alloc where memory runs out; a write that throws changed nothing.
//
// Threads: any method from any number of them, on one object too. Writes take turns; a read waits
// for no write and sees the state between two of them. A Transaction, an EntryRange and the moving
// or destroying of an object are for one thread at a time. A forked child may not use its parent's
// databases: calls that write throw kReadOnly there.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/index_config.h"
#include "api/projection.h"
#include "api/quantization.h"
#include "core/error.h"

namespace ruvector {
inline namespace v1 {

namespace internal {
struct Handle;
struct Staged;
}  // namespace internal

enum class Metric { kCosine, kEuclidean, kDot, kManhattan };
/// When a write that has returned is safe. kSync: it is on disk. kBatch: it survives the end of the
/// process, and is on disk within 100 ms. kNone: it is in memory, written by Flush, Compact,
/// Snapshot and Close.
enum class Durability { kSync, kBatch, kNone };

/// What is not given is as stored, or the default. Asking for what is not stored throws.
struct CollectionOptions {
  /// Values of every vector, 1 … 65,536. Needed to make a collection.
  std::optional<size_t> dimensions = {};
  /// kCosine by default. Fixed when a collection is made.
  std::optional<Metric> distance_metric = {};
  std::optional<Index> index = {};
  std::optional<Quantization> quantization = {};
  HnswConfig hnsw_config = {};
  IvfConfig ivf_config = {};
  /// Of the graph's levels. With one thread, the same input gives the same graph.
  std::optional<uint64_t> seed = {};
};

struct DbOptions {
  // As in CollectionOptions, for the database's own collection:
  std::optional<size_t> dimensions = {};
  std::optional<Metric> distance_metric = {};
  std::optional<Index> index = {};
  std::optional<Quantization> quantization = {};
  HnswConfig hnsw_config = {};
  IvfConfig ivf_config = {};
  std::optional<uint64_t> seed = {};
  /// A folder, made if missing; or a `.rvf` file, which is only read. Empty: in memory.
  std::string storage_path = {};
  /// Opens beside a writer, without its lock.
  bool read_only = false;
  Durability durability = Durability::kSync;
  /// Bytes of process memory that rows may take: a write that would need more throws kMemoryLimit.
  /// 0: no limit.
  size_t memory_budget = 0;
  /// False: vectors of sealed segments stay on disk and searches walk by codes, which takes a
  /// folder, any index but kFlat and any quantization but kNone. A wish of this opening.
  bool vectors_in_memory = true;
  /// Threads that link rows, 1 … 256; 0: the machine's, at most 8.
  size_t threads = 0;
};

/// Of calls that can take long. Ended before its commit, a call leaves the database as it was.
struct LongCall {
  /// Rows or bytes, of a total that may grow. What it throws ends the call; of InsertBatch and
  /// ImportAll only the first word, of 0 rows, comes before the commit.
  std::function<void(uint64_t done, uint64_t total)> on_progress = {};
  /// Raised by anybody, it ends the call with kAborted. Outlives the call.
  const std::atomic<bool>* cancelled = nullptr;
  /// Ends the call with kTimeout.
  std::optional<std::chrono::nanoseconds> timeout = {};
};

struct Entry {
  /// 1 … 65,535 bytes; empty: a UUID is made.
  std::string id = {};
  /// Finite numbers; length at most 1e18, and not zero under cosine.
  std::vector<float> vector = {};
  /// A JSON object of at most 1 MB; empty: none.
  std::string metadata = {};
};

/// Many entries, packed: [n] ids and metadata (or none), [n × dimensions] values.
struct VectorMatrix {
  std::span<const std::string> ids = {};
  std::span<const float> vectors = {};
  std::span<const std::string> metadata = {};
};

struct SearchQuery {
  /// Either this …
  std::vector<float> vector = {};
  /// … or the id of an entry: what is like it, without itself.
  std::string like = {};
  /// 1 … 65,536; fewer hits come back only where fewer rows match.
  size_t k = 10;
  /// In MongoDB's language; empty: all rows.
  std::string filter = {};
  /// Candidates looked at: more is slower and finds more. At least k are.
  std::optional<size_t> ef_search = {};
  /// With Index::kIvf, in its place: lists read, 1 … 65,536; more where few rows match.
  std::optional<size_t> nprobe = {};
  /// Instead of both: the share of the true hits to find, 0 … 1. How much that takes is measured
  /// when first asked for.
  std::optional<double> recall = {};
  /// Least similarity of a hit.
  std::optional<double> threshold = {};
  /// Compares every row instead of walking the graph.
  bool exact = false;
  bool include_vectors = false;
  bool include_metadata = true;
  const std::atomic<bool>* cancelled = nullptr;          ///< as in LongCall
  std::optional<std::chrono::nanoseconds> timeout = {};  ///< as in LongCall
};

struct Hit {
  std::string id;
  double distance = 0;
  double similarity = 0;
  std::string metadata;
  std::vector<float> vector;
};

struct PageOptions {
  std::string filter = {};
  /// 1 … 65,536.
  size_t limit = 100;
  /// Of the page before; empty: the first page.
  std::string cursor = {};
  bool include_vectors = true;
};
/// `cursor` starts the next one; none: there is none. It stays good whatever is written, also after
/// reopening.
struct EntryPage {
  std::vector<Entry> entries;
  std::optional<std::string> cursor;
};

struct DbStats {
  size_t count = 0;
  size_t dimensions = 0;
  Metric metric = Metric::kCosine;
  Index index_type = Index::kFlat;  ///< kHnsw once a graph serves searches, kIvf lists
  size_t nlist = 0;                 ///< lists of all segments
  Quantization quantization = Quantization::kNone;
  /// The codes that rows of graphs and lists really have, and how many rows.
  std::vector<std::pair<Quantization, size_t>> coded;
  size_t memory_usage = 0;  ///< bytes of process memory; mapped files are not counted
  uint64_t disk_usage = 0;
  bool vectors_in_memory = true;  ///< as asked for when the database was opened
  size_t deleted = 0;             ///< rows that are deleted or replaced and still take room
  size_t segments = 0;
  size_t pending = 0;  ///< rows that wait for their links; searches scan them meanwhile
  uint64_t wal_bytes = 0;
  uint64_t cut_bytes = 0;              ///< of a torn last transaction, that opening cut off
  uint64_t replayed_transactions = 0;  ///< from the log, when opening
  std::string maintenance_error;       ///< what work in the background failed with last
};

struct Damage {
  std::string file;
  std::string detail;
};
struct Verification {
  bool ok = false;
  size_t files = 0;
  uint64_t bytes = 0;
  std::vector<Damage> damage;
};
struct SalvageReport {
  uint64_t rows = 0;
  /// Could not be read; where not even their ids could, some of them may have been deleted since.
  uint64_t lost = 0;
  std::vector<Damage> damage;
};

class EntryRange;

/// A named set of vectors. Copies stand for the same one; once it is dropped calls throw kNotFound,
/// once its database is closed kClosed.
class Collection {
 public:
  const std::string& name() const;
  size_t dimensions() const;
  Metric metric() const;

  /// Adds, or replaces the entry of that id. Returns the id.
  std::string Insert(const Entry& entry);
  /// All or nothing.
  std::vector<std::string> InsertBatch(std::span<const Entry> entries, const LongCall& call = {});
  std::vector<std::string> InsertBatch(std::initializer_list<Entry> entries,
                                       const LongCall& call = {}) {
    return InsertBatch(std::span<const Entry>(entries.begin(), entries.size()), call);
  }
  std::vector<std::string> InsertBatch(const VectorMatrix& matrix, const LongCall& call = {});
  /// Replaces the vector and, if given, the metadata; false where there is no such id.
  bool Update(std::string_view id, std::span<const float> vector,
              std::optional<std::string_view> metadata = {});
  /// Replaces the whole metadata.
  bool UpdateMetadata(std::string_view id, std::string_view metadata);
  bool Delete(std::string_view id);
  /// Returns how many there were.
  size_t DeleteBatch(const std::vector<std::string>& ids);
  size_t DeleteWhere(std::string_view filter);
  void Clear();

  /// Closest first, ties by id.
  std::vector<Hit> Search(const SearchQuery& query) const;
  std::vector<Hit> Search(std::span<const float> vector, size_t k = 10) const;
  /// Of one state, on the threads that the database was opened with.
  std::vector<std::vector<Hit>> SearchBatch(const std::vector<SearchQuery>& queries) const;
  std::optional<Entry> Get(std::string_view id) const;
  /// In the order of the ids, of one state.
  std::vector<std::optional<Entry>> GetMany(const std::vector<std::string>& ids) const;
  bool Has(std::string_view id) const;
  size_t Len() const { return Count(); }
  bool IsEmpty() const { return Len() == 0; }
  size_t Count(std::string_view filter = {}) const;
  DbStats Stats() const;
  /// For drawing entries in a plane.
  Projection Project(const ProjectionOptions& options = {}) const;
  /// In order of insertion, `limit` of them in memory. Entries that are there all the time are seen
  /// exactly once, whatever is written meanwhile; one that is replaced goes to the end.
  EntryRange Entries(PageOptions options = {.limit = 1000}) const;
  EntryPage Page(const PageOptions& options = {}) const;

  /// Hands the collection to `write` as the JSON text that the TypeScript API exports, in pieces.
  void ExportAll(const std::function<void(std::string_view)>& write,
                 const LongCall& call = {}) const;
  /// Adds the entries of an export, all or nothing. Returns how many they are.
  size_t ImportAll(std::string_view json, const LongCall& call = {});
  /// The same with entries that `next` fills in one by one, until it returns false.
  size_t ImportAll(const std::function<bool(Entry&)>& next, const LongCall& call = {});

 private:
  friend class Transaction;
  friend class VectorDB;
  explicit Collection(std::shared_ptr<internal::Handle> handle);
  internal::Handle& handle() const;

  std::shared_ptr<internal::Handle> handle_;
};

/// for (const Entry& entry : collection.Entries()) …
class EntryRange {
 public:
  class Iterator {
   public:
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    const Entry& operator*() const { return range_->page_.entries[range_->at_]; }
    const Entry* operator->() const { return &**this; }
    Iterator& operator++() { return range_->Next(), *this; }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return range_->AtEnd(); }

   private:
    friend class EntryRange;
    explicit Iterator(EntryRange* range) : range_(range) {}
    EntryRange* range_;
  };
  /// Reads on where it was left.
  Iterator begin() { return Iterator(this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  friend class Collection;
  EntryRange(const Collection& collection, PageOptions options);
  bool AtEnd() const { return at_ == page_.entries.size(); }
  void Next();
  void SkipEmptyPages();

  Collection collection_;
  PageOptions options_;
  EntryPage page_;
  size_t at_ = 0;
};

/// A database: its own collection, called "default", and others by name. Destroying it closes it.
class VectorDB : public Collection {
 public:
  /// Opens or makes one. Throws kLocked while another process writes to it.
  static VectorDB Open(const DbOptions& options);
  /// A copy in memory of what ToBytes returned.
  static VectorDB FromBytes(std::string bytes, const DbOptions& options = {});
  /// Saves what can be read of the damaged database in the folder `from`, which stays as it is,
  /// into a new one in the folder `to`. Throws kCorrupt when nothing can.
  static SalvageReport Salvage(const std::string& from, const std::string& to);
  /// The instruction set that computes distances here: "AVX2".
  static std::string Backend();

  VectorDB(VectorDB&& other) noexcept = default;
  VectorDB& operator=(VectorDB&& other) noexcept;
  ~VectorDB();

  /// The collection of that name (at most 255 bytes), made if the options name dimensions; throws
  /// kNotFound where there is none and they do not.
  Collection OpenCollection(const std::string& name, const CollectionOptions& options = {});
  /// Names; this database's own is "default".
  std::vector<std::string> Collections() const;
  /// With all its entries; false where there is none.
  bool DropCollection(const std::string& name);

  /// Puts everything that has returned on disk, and shortens a long log.
  void Flush();
  /// Rewrites the files without what was deleted or replaced before: no byte of it is left in them.
  void Compact(const LongCall& call = {});
  /// Reads every byte of the files and names what is damaged.
  Verification Verify(const LongCall& call = {}) const;
  /// A copy of the database as of now: a folder, or one file if the path ends in `.rvf`.
  void Snapshot(const std::string& path, const LongCall& call = {}) const;
  /// The same as one run of bytes: a `.rvf` file.
  std::string ToBytes() const;
  /// To a read-only database: shows what others have written since; false when there was nothing.
  bool Refresh();
  /// Waits for the calls under way (so do not call it from one) and releases the lock; later calls
  /// throw kClosed. Throws kIo when something written is not on disk (only kBatch and kNone can).
  void Close();

 private:
  explicit VectorDB(std::shared_ptr<internal::Handle> handle);
};

/// Writes to any collections of one database, checked at once and committed at once: all of them
/// or, without a Commit that returns, none.
class Transaction {
 public:
  explicit Transaction(const VectorDB& db);
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  std::string Insert(const Collection& to, const Entry& entry);
  std::vector<std::string> InsertBatch(const Collection& to, std::span<const Entry> entries);
  std::vector<std::string> InsertBatch(const Collection& to, const VectorMatrix& matrix);
  void Delete(const Collection& from, std::string_view id);
  void DeleteBatch(const Collection& from, const std::vector<std::string>& ids);
  void Clear(const Collection& collection);
  /// Throws kNotFound for a dropped collection. What was collected is gone either way.
  void Commit();

 private:
  std::unique_ptr<internal::Staged> staged_;
};

}  // namespace v1
}  // namespace ruvector
