// Small arithmetic that codecs share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace ruvector {

inline size_t PaddedTo(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

/// To the nearest whole number, ties to even, for |x| < 2^22: the sum has no room for fractions.
/// Unlike std::nearbyint this is no call, and four at once where the compiler sees it.
inline float Rounded(float x) {
  constexpr float kNoFractions = 0x1.8p23f;
  return (x + kNoFractions) - kNoFractions;
}

/// 1 / step; 0 for 0 and for the smallest floats, which have none.
inline float InverseOf(float step) {
  return step >= std::numeric_limits<float>::min() ? 1 / step : 0;
}

/// Of codes of queries: 8 bits, one for the sign.
inline constexpr float kMaxQueryCode = 127;

}  // namespace ruvector
