// How the bytes of a field index begin; shared by field_index*.cc only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ruvector::field_index_format {

// flags, rows, numbers, strings, rows in lists, bytes of strings: u32 each.
inline constexpr size_t kHeaderBytes = 24;
inline constexpr uint32_t kHasLongStrings = 1;
inline constexpr uint32_t kMissingIsComplement = 2;

enum NumberKind : uint8_t { kInt64 = 0, kUint64 = 1, kDouble = 2 };

}  // namespace ruvector::field_index_format
