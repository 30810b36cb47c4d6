// What a collection and a search can be asked for, with defaults and limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/types.h"
#include "index/hnsw_builder.h"
#include "query/filter.h"

namespace ruvector {

enum class IndexKind {
  kAuto,  ///< scanned up to kFlatRows rows, a graph beyond
  kFlat,  ///< always scanned: exact
  kHnsw,  ///< a graph from kFirstLinkedRows rows
};

/// Rows up to which scanning beats a graph.
inline constexpr size_t kFlatRows = 10000;
/// With fewer rows than this the graph would be slower than a scan, and less exact.
inline constexpr size_t kFirstLinkedRows = 256;
inline constexpr size_t kEfSearchDefault = 100;
inline constexpr size_t kDefaultK = 10;
/// However many rows are expected, not more than this is taken before they come.
inline constexpr size_t kMaxReservedBytes = size_t{128} << 20;

struct CollectionOptions {
  size_t dimensions = 0;  ///< 1 … kMaxDimensions
  Metric metric = Metric::kCosine;
  IndexKind index = IndexKind::kAuto;
  HnswParameters hnsw;
  size_t ef_search = kEfSearchDefault;  ///< 1 … kMaxEf, of searches that do not say
  size_t threads = 0;                   ///< that link rows; 0: DefaultThreads()
  size_t expected_rows = 0;             ///< made room for ahead, up to kMaxReservedBytes
};

struct SearchRequest {
  const float* vector = nullptr;    ///< [dimensions]
  size_t k = kDefaultK;             ///< 1 … kMaxK; fewer hits when fewer rows match
  std::optional<size_t> ef_search;  ///< candidates looked at; at least k are
  bool exact = false;               ///< scan every row
  const Filter* filter = nullptr;
  std::optional<double> min_similarity;
  bool include_vectors = false;
  bool include_metadata = true;
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
