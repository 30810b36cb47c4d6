// What a collection and a search can be asked for, with defaults and limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/interrupt.h"
#include "core/types.h"
#include "index/hnsw_builder.h"
#include "query/filter.h"
#include "query/filter_rows.h"

namespace ruvector {

enum class IndexKind {
  kAuto,  ///< scanned up to kFlatRows rows, a graph beyond
  kFlat,  ///< always scanned: exact
  kHnsw,  ///< a graph from kFirstLinkedRows rows
  kIvf,   ///< lists, of sealed segments from kFirstLinkedRows rows
};

/// Rows up to which scanning beats a graph.
inline constexpr size_t kFlatRows = 10000;
/// With fewer rows than this a graph or lists would be slower than a scan, and less exact.
inline constexpr size_t kFirstLinkedRows = 256;
inline constexpr size_t kEfSearchDefault = 100;
inline constexpr size_t kDefaultK = 10;
/// However many rows are expected, not more than this is taken before they come.
inline constexpr size_t kMaxReservedBytes = size_t{128} << 20;

/// Where vectors stay on disk: what a growing segment, all in memory, may take, and a merge.
inline constexpr uint64_t kSealBytesOnDisk = uint64_t{64} << 20;
inline constexpr uint64_t kMergeBytesOnDisk = uint64_t{512} << 20;

/// When the growing segment is sealed and sealed ones are merged. Tests set them low.
struct SegmentLimits {
  /// A growing segment beyond this is sealed for good: its next rewrite would take seconds.
  uint64_t seal_bytes = sizeof(void*) == 4 ? uint64_t{256} << 20 : uint64_t{1} << 30;
  /// One beyond this is sealed when it is opened again. The next row, of the log or new, would have
  /// to wait until all of it is copied, which in a browser is a page's first search.
  uint64_t thaw_bytes = sizeof(void*) == 4 ? uint64_t{16} << 20 : uint64_t{1} << 30;
  /// Segments are not merged into larger ones than this: a merge happens in memory.
  uint64_t merge_bytes = sizeof(void*) == 4 ? uint64_t{512} << 20 : uint64_t{4} << 30;
  /// Fewer deleted rows than this are not worth a rewrite.
  size_t least_deleted = 4096;
};

struct CollectionOptions {
  size_t dimensions = 0;  ///< 1 … kMaxDimensions
  Metric metric = Metric::kCosine;
  IndexKind index = IndexKind::kAuto;
  HnswParameters hnsw;                              ///< its quantization: of growing segments
  Quantization quantization = Quantization::kNone;  ///< of sealed ones; kAuto: where codes pay
  std::optional<size_t> rerank;                     ///< rows measured again after a walk by codes
  size_t ef_search = kEfSearchDefault;              ///< 1 … kMaxEf, of searches that do not say
  size_t nlist = 0;    ///< lists of a segment, 1 … kMaxLists, at most its rows; 0: DefaultLists
  size_t nprobe = 0;   ///< lists read by searches that do not say; 0: DefaultProbes
  size_t threads = 0;  ///< that link rows; 0: DefaultThreads()
  size_t expected_rows = 0;       ///< made room for ahead, up to kMaxReservedBytes
  size_t memory_budget = 0;       ///< bytes that rows and field indexes may take; 0: no limit
  bool vectors_in_memory = true;  ///< false: of sealed segments they are read from disk
  SegmentLimits limits;
};

struct SearchRequest {
  const float* vector = nullptr;    ///< [dimensions]
  size_t k = kDefaultK;             ///< 1 … kMaxK; fewer hits when fewer rows match
  std::optional<size_t> ef_search;  ///< candidates looked at; at least k are
  std::optional<size_t> nprobe;     ///< lists read, 1 … kMaxLists
  std::optional<double> recall;     ///< 0 … 1, in place of both: as many as find this share
  bool exact = false;               ///< scan every row
  const Filter* filter = nullptr;
  std::string_view exclude;  ///< the id of a row that is no hit; empty: none
  std::optional<double> min_similarity;
  bool include_vectors = false;
  bool include_metadata = true;
  Interrupt interrupt;
};

/// How a segment's part of a search is answered.
enum class Strategy {
  kNone,          ///< no row of it matches
  kScan,          ///< every matching row is measured
  kCodeScan,      ///< … by its codes, and the closest again by their vectors
  kWalk,          ///< its graph is walked, as if all rows matched
  kFilteredWalk,  ///< its graph is walked until enough matching rows are found
  kProbe,         ///< the lists closest to the query are read, until enough matches are seen
};

/// What was done for a search.
struct Explanation {
  struct Segment {
    bool growing = false;
    size_t rows = 0;
    size_t matches = 0;  ///< live rows that match
    Strategy strategy = Strategy::kNone;
    size_t ef = 0;         ///< of a walk
    size_t probed = 0;     ///< lists that a probe read
    std::string codes;     ///< that the walk or probe went by: "none", "scalar8", …
    size_t distances = 0;  ///< rows whose distance was estimated or measured
    size_t reranked = 0;   ///< rows of it that were measured again by their vectors
  };
  std::vector<Segment> segments;
  FilterWork filter;
  bool scanned_again = false;  ///< the walks found too few rows that match
  size_t hits = 0;
};

struct Hit {
  std::string id;
  float distance = 0;
  std::string metadata;       ///< JSON text; empty: none, or not asked for
  std::vector<float> vector;  ///< empty unless asked for
};

/// A row as stored.
struct Row {
  std::string id;
  std::string metadata;
  std::vector<float> vector;
};

}  // namespace ruvector
