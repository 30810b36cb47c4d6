// Entries as points of a plane, for drawing them. Part of ruvector.h, into which CMake copies it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ruvector {
inline namespace v1 {

struct ProjectionOptions {
  /// In MongoDB's language; empty: all entries.
  std::string filter = {};
  /// 1 … 1,048,576. Where more match, every so many-th is taken.
  size_t limit = 10000;
  const std::atomic<bool>* cancelled = nullptr;          ///< as in LongCall
  std::optional<std::chrono::nanoseconds> timeout = {};  ///< as in LongCall
};

/// The two directions in which entries differ most: principal components, learned from up to 4,096
/// of them. Under cosine all have length 1.
struct Projection {
  /// In order of insertion.
  std::vector<std::string> ids = {};
  /// Entry v is at <v, axis> - origin of each axis.
  std::vector<float> x = {};
  std::vector<float> y = {};
  struct Axis {
    std::vector<float> direction = {};
    float origin = 0;
    float explained = 0;  ///< share of the variance, 0 … 1
  };
  Axis axes[2] = {};
  size_t total = 0;  ///< entries that match
};

}  // namespace v1
}  // namespace ruvector
