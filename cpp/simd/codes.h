// Sums over quantized rows, for the best instruction set of this CPU. What a code stands for is
// known to quant/ only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ruvector {

/// Codes of a row are padded with zeros to a multiple of this many bytes, so that no sum needs to
/// look at single ones.
inline constexpr size_t kCodePadding = 16;
/// The same for planes of bits.
inline constexpr size_t kBitPadding = 2;
inline constexpr int kMostPlanes = 3;

/// Each takes `count` rows of codes, at any alignment, and one query, and writes `count` sums:
/// exact in int32 for up to 65,536 codes.
struct CodeKernels {
  /// Σ code · q, codes u8 [bytes], query s8 [bytes], bytes a multiple of kCodePadding.
  void (*dot_u8)(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
                 int32_t* sums) noexcept;
  /// The same for two codes of 4 bits a byte: byte i holds code i in its low half and code bytes +
  /// i in its high half. query s8 [2 × bytes].
  void (*dot_u4)(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
                 int32_t* sums) noexcept;
  /// The same for codes of 1 to kMostPlanes bits in planes, the highest first, of `bytes` bytes
  /// each, a multiple of kBitPadding: bit j of byte i of a plane is of code 8 i + j. query s8 [8 ×
  /// bytes]. 8 bytes from a row's last 2 on must be readable.
  void (*dot_planes)(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
                     int planes, int32_t* sums) noexcept;
};

/// Of the best instruction set; plain function pointers. Threads: any.
const CodeKernels& BestCodeKernels() noexcept;

/// Of every set this build carries and this CPU runs, for tests; see AllKernels.
std::vector<std::pair<std::string, CodeKernels>> AllCodeKernels();

}  // namespace ruvector
