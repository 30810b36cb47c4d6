// Words every layer shares, and the limits of the product in one place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ruvector {

/// A row inside one segment, 0 … rows - 1. Users never see it.
using Slot = uint32_t;
inline constexpr Slot kNoSlot = 0xffffffffu;

/// How far apart two vectors are; smaller is closer, always.
///   cosine     1 - cos(a, b), 0 … 2; zero vectors are refused
///   euclidean  true L2
///   dot        -<a, b>
///   manhattan  L1
enum class Metric : uint8_t { kCosine = 0, kEuclidean = 1, kDot = 2, kManhattan = 3 };

inline constexpr size_t kMaxDimensions = 65536;
inline constexpr size_t kMaxK = 65536;
inline constexpr size_t kMaxEf = 65536;
inline constexpr size_t kMaxLists = 65536;  ///< of a segment
inline constexpr size_t kMaxIdBytes = 65535;
inline constexpr size_t kMaxMetadataBytes = size_t{1} << 20;
inline constexpr size_t kMaxJsonDepth = 128;
inline constexpr size_t kMaxFilterDepth = 64;
inline constexpr size_t kMaxFilterConditions = 1024;

}  // namespace ruvector
