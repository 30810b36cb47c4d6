// What a caller asks of a database and of its collections when they are opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "collection/options.h"

namespace ruvector {

/// When a transaction is safe.
enum class Durability {
  kSync,   ///< on disk before it is acknowledged
  kBatch,  ///< written before that (it survives a kill of the process), on disk within 100 ms
  kNone,   ///< written at flush, compaction and close
};

/// What a caller asks of a collection; unset fields take the stored value, or the default.
struct CollectionRequest {
  std::optional<size_t> dimensions;
  std::optional<Metric> metric;
  std::optional<IndexKind> index;
  std::optional<Quantization> quantization;
  std::optional<size_t> rerank;  ///< 0 … kMaxEf; together with quantization
  std::optional<size_t> m, ef_construction, ef_search;
  std::optional<size_t> nlist, nprobe;  ///< of an inverted file
  std::optional<uint64_t> seed;
  size_t expected_rows = 0;  ///< to make room for ahead
};

struct DatabaseOptions : CollectionRequest {
  std::string path;  ///< folder, or a container file (read-only); empty: in memory
  bool read_only = false;
  Durability durability = Durability::kSync;
  size_t threads = 0;
  size_t memory_budget = 0;       ///< bytes that rows and field indexes may take; 0: no limit
  bool vectors_in_memory = true;  ///< false: those of sealed segments are read from disk
  SegmentLimits limits;
  bool background = true;  ///< may use a thread of its own to link and merge
};

}  // namespace ruvector
