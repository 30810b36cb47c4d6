#include "core/crc32c.h"

#include <array>

#include "core/coding.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <nmmintrin.h>
#define RUVECTOR_CRC_X86 1
#define RUVECTOR_CRC_TARGET __attribute__((target("sse4.2")))
#elif defined(_M_X64)
#include <intrin.h>
#include <nmmintrin.h>
#define RUVECTOR_CRC_X86 1
#define RUVECTOR_CRC_TARGET
#elif defined(__aarch64__) && defined(__clang__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define RUVECTOR_CRC_ARM 1
#define RUVECTOR_CRC_TARGET
#elif defined(__aarch64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#include <sys/auxv.h>
#define RUVECTOR_CRC_ARM 1
#define RUVECTOR_CRC_TARGET __attribute__((target("+crc")))
#endif

namespace ruvector {

namespace {

constexpr uint32_t kPolynomial = 0x82f63b78u;

using Table = std::array<uint32_t, 256>;
using SliceTables = std::array<Table, 8>;

// tables[k][b]: the checksum state after byte b and k zero bytes, from state 0.
SliceTables MakeSlices() {
  SliceTables tables{};
  for (uint32_t b = 0; b < 256; ++b) {
    uint32_t crc = b;
    for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][b] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t b = 0; b < 256; ++b) {
      const uint32_t previous = tables[k - 1][b];
      tables[k][b] = (previous >> 8) ^ tables[0][previous & 0xff];
    }
  }
  return tables;
}

// Made at first use: as constants they are 8 KB of what a page loads, which nothing compresses.
const SliceTables& Slices() noexcept {
  static const SliceTables slices = MakeSlices();
  return slices;
}

// Works on the inverted value, like everything below.
uint32_t Slice(const uint8_t* p, size_t n, uint32_t state) noexcept {
  const SliceTables& slices = Slices();
  for (; n >= 8; p += 8, n -= 8) {
    const uint32_t low = LoadU32(p) ^ state;
    const uint32_t high = LoadU32(p + 4);
    state = slices[7][low & 0xff] ^ slices[6][low >> 8 & 0xff] ^ slices[5][low >> 16 & 0xff] ^
            slices[4][low >> 24] ^ slices[3][high & 0xff] ^ slices[2][high >> 8 & 0xff] ^
            slices[1][high >> 16 & 0xff] ^ slices[0][high >> 24];
  }
  for (; n > 0; ++p, --n) state = (state >> 8) ^ slices[0][(state ^ *p) & 0xff];
  return state;
}

#if defined(RUVECTOR_CRC_X86) || defined(RUVECTOR_CRC_ARM)

// The instruction has a latency of three cycles and a throughput of one, so three streams run side
// by side; their states are joined by moving the first over the bytes of the second, and so on. The
// move is linear, hence four tables.
constexpr size_t kStream = 1024;

constexpr uint32_t MultiplyModP(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b >> 1) ^ ((b & 1) != 0 ? kPolynomial : 0);
  }
  return product;
}

// What moves a state over `bytes` zero bytes: x^(8 bytes) modulo the polynomial, bit 31 being x^0.
constexpr uint32_t ZeroBytesOperator(size_t bytes) {
  uint32_t result = 0x80000000u;
  uint32_t square = 0x00800000u;
  for (; bytes != 0; bytes >>= 1) {
    if ((bytes & 1) != 0) result = MultiplyModP(square, result);
    square = MultiplyModP(square, square);
  }
  return result;
}

constexpr std::array<Table, 4> MakeShift(size_t bytes) {
  std::array<Table, 4> tables{};
  const uint32_t shift = ZeroBytesOperator(bytes);
  for (uint32_t k = 0; k < 4; ++k) {
    for (uint32_t b = 0; b < 256; ++b) tables[k][b] = MultiplyModP(shift, b << (8 * k));
  }
  return tables;
}

constexpr std::array<Table, 4> kShift = MakeShift(kStream);

inline uint32_t MoveOverStream(uint32_t state) {
  return kShift[0][state & 0xff] ^ kShift[1][state >> 8 & 0xff] ^ kShift[2][state >> 16 & 0xff] ^
         kShift[3][state >> 24];
}

#if defined(RUVECTOR_CRC_X86)
using State = uint64_t;
RUVECTOR_CRC_TARGET inline uint64_t Step8(uint64_t state, uint64_t v) {
  return _mm_crc32_u64(state, v);
}
RUVECTOR_CRC_TARGET inline uint64_t Step1(uint64_t state, uint8_t v) {
  return _mm_crc32_u8(static_cast<uint32_t>(state), v);
}
bool HasInstruction() noexcept {
#if defined(_MSC_VER) && !defined(__clang__)
  int registers[4];
  __cpuid(registers, 1);
  return (registers[2] >> 20 & 1) != 0;
#else
  return __builtin_cpu_supports("sse4.2") != 0;
#endif
}
#else
using State = uint32_t;
#if defined(__clang__)
inline uint32_t Step8(uint32_t state, uint64_t v) { return __crc32cd(state, v); }
inline uint32_t Step1(uint32_t state, uint8_t v) { return __crc32cb(state, v); }
bool HasInstruction() noexcept { return true; }
#else
RUVECTOR_CRC_TARGET inline uint32_t Step8(uint32_t state, uint64_t v) {
  return __builtin_aarch64_crc32cx(state, v);
}
RUVECTOR_CRC_TARGET inline uint32_t Step1(uint32_t state, uint8_t v) {
  return __builtin_aarch64_crc32cb(state, v);
}
bool HasInstruction() noexcept { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#endif
#endif

RUVECTOR_CRC_TARGET uint32_t Instructed(const uint8_t* p, size_t n, uint32_t start) noexcept {
  State a = start;
  for (; n >= 3 * kStream; p += 3 * kStream, n -= 3 * kStream) {
    State b = 0;
    State c = 0;
    for (size_t i = 0; i < kStream; i += 8) {
      a = Step8(a, LoadU64(p + i));
      b = Step8(b, LoadU64(p + kStream + i));
      c = Step8(c, LoadU64(p + 2 * kStream + i));
    }
    const uint32_t ab = MoveOverStream(static_cast<uint32_t>(a)) ^ static_cast<uint32_t>(b);
    a = MoveOverStream(ab) ^ static_cast<uint32_t>(c);
  }
  for (; n >= 8; p += 8, n -= 8) a = Step8(a, LoadU64(p));
  for (; n > 0; ++p, --n) a = Step1(a, *p);
  return static_cast<uint32_t>(a);
}

#endif

}  // namespace

uint32_t Crc32cPortable(const void* data, size_t n, uint32_t crc) noexcept {
  return ~Slice(static_cast<const uint8_t*>(data), n, ~crc);
}

uint32_t Crc32c(const void* data, size_t n, uint32_t crc) noexcept {
#if defined(RUVECTOR_CRC_X86) || defined(RUVECTOR_CRC_ARM)
  static const bool has_instruction = HasInstruction();
  if (has_instruction) return ~Instructed(static_cast<const uint8_t*>(data), n, ~crc);
#endif
  return Crc32cPortable(data, n, crc);
}

}  // namespace ruvector
