// What searches go by: a graph, lists, or every row. Part of ruvector.h, into which CMake copies it.
#pragma once

#include <cstddef>
#include <optional>

namespace ruvector {
inline namespace v1 {

/// kAuto: exact scans up to 10,000 rows, a graph beyond; kFlat: always exact; kHnsw: a graph from
/// 256 rows on; kIvf: lists of rows around centroids: rows come into them when a merge or Compact
/// seals them, from 256 on, and are scanned until then.
enum class Index { kAuto, kFlat, kHnsw, kIvf };

/// Not for kIvf.
struct HnswConfig {
  /// Links of a row, 2 … 512; 16 by default. Fixed when a collection is made.
  std::optional<size_t> m = {};
  /// Candidates looked at when a row is linked, 1 … 65,536; 200 by default.
  std::optional<size_t> ef_construction = {};
  /// Candidates looked at by a search that does not say, 1 … 65,536; 100 by default.
  std::optional<size_t> ef_search = {};
  /// Rows to make room for ahead, up to 128 MB; there may be more.
  size_t max_elements = 0;
};

/// For kIvf only.
struct IvfConfig {
  /// Lists of a segment, 1 … 65,536, at most its rows; by default twice the square root of these. Given
  /// for a database that exists it concerns rows to come, until Compact makes all lists anew.
  std::optional<size_t> nlist = {};
  /// Lists that a search reads which does not say, 1 … 65,536; by default 1.75 √nlist.
  std::optional<size_t> nprobe = {};
};

}  // namespace v1
}  // namespace ruvector
