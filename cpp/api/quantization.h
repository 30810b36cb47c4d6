// Which codes searches walk a graph or read lists by. Part of ruvector.h, into which CMake copies
// it.
#pragma once

#include <cstddef>
#include <optional>

namespace ruvector {
inline namespace v1 {

/// Codes that searches walk the graph or read the lists by; the closest rows are measured again by
/// their vectors. kAuto: kScalar8 from 64 dimensions on, but for kManhattan; of 4,096 or more rows
/// Compact tries kSpherical4, and keeps it where it finds what is closest. Given for a database
/// that exists it concerns rows to come, until Compact codes all anew. All but kScalar and
/// kSpherical learn from rows: Compact gives their codes, and rows added since have those that
/// kAuto begins with until the next one. kSpherical, the fastest, learns the mean of rows then, and
/// nothing where they lie around the origin.
struct Quantization {
  /// Not for kManhattan: kSpherical, kRotated, kBinary, kTiered.
  enum class Type { kAuto, kNone, kScalar, kRotated, kBinary, kTiered, kProduct, kSpherical };
  Type type = Type::kAuto;
  /// A dimension: kSpherical and kScalar 8 (0 means that) or 4, kRotated 1 … 8 (0: 4).
  size_t bits = 0;
  /// kProduct: short vectors that a vector is cut into, 1 … dimensions (0: a quarter of them), and
  /// centroids that stand for each, 2 … 256 (0: 256); up to 16 take half a byte each.
  size_t subspaces = 0, k = 0;
  /// Rows that are measured again, 0 … 65,536, at least as many as there are to be hits. 0: none,
  /// and distances are estimates. By default as many as bench/README.md says for each type.
  std::optional<size_t> rerank = {};

  bool operator==(const Quantization&) const = default;
  static const Quantization kAuto, kNone, kScalar8, kScalar4, kSpherical8, kSpherical4;
};
inline const Quantization Quantization::kAuto{};
inline const Quantization Quantization::kNone{Type::kNone};
inline const Quantization Quantization::kScalar8{Type::kScalar, 8};
inline const Quantization Quantization::kScalar4{Type::kScalar, 4};
inline const Quantization Quantization::kSpherical8{Type::kSpherical, 8};
inline const Quantization Quantization::kSpherical4{Type::kSpherical, 4};

}  // namespace v1
}  // namespace ruvector
