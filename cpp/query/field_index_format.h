// How the bytes of a field index begin and hold numbers; shared by field_index*.cc only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/json.h"

namespace ruvector::field_index_format {

// flags, rows, numbers, strings, rows in lists, bytes of strings: u32 each.
inline constexpr size_t kHeaderBytes = 24;
inline constexpr uint32_t kHasLongStrings = 1;
inline constexpr uint32_t kMissingIsComplement = 2;

enum NumberKind : uint8_t { kInt64 = 0, kUint64 = 1, kDouble = 2 };

/// The number of a kind that has these bits.
inline Json NumberOf(uint8_t kind, uint64_t bits) {
  if (kind == kUint64) return Json(bits);
  if (kind == kInt64) return Json(static_cast<int64_t>(bits));
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return Json(value);
}

/// No infinity, and not what is no number.
inline bool IsNumber(uint8_t kind, uint64_t bits) {
  constexpr uint64_t kExponent = uint64_t{0x7ff} << 52;
  return kind != kDouble || (bits & kExponent) != kExponent;
}

inline uint64_t BitsOf(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

}  // namespace ruvector::field_index_format
