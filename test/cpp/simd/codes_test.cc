// Every kernel of every instruction set against sums in 64 bits.
#include "simd/codes.h"

#include <algorithm>

#include "core/random.h"
#include "simd/distance.h"
#include "support/catch.h"

namespace ruvector {
namespace {

constexpr size_t kRows = 5;

template <typename T>
std::vector<T> Random(Rng& rng, size_t n) {
  std::vector<T> values(n);
  for (T& v : values) v = static_cast<T>(rng.Next());
  return values;
}

}  // namespace

TEST_CASE("code kernels agree with plain sums on every instruction set, length and alignment",
          "[simd]") {
  Rng rng(12);
  std::vector<size_t> lengths;
  for (size_t n = 0; n <= 20 * kCodePadding; n += kCodePadding) lengths.push_back(n);
  for (const size_t n : {784, 1536, 3072, 65536}) lengths.push_back(n);
  size_t sets = 0;
  for (const auto& [name, kernels] : AllCodeKernels()) {
    ++sets;
    for (const size_t bytes : lengths) {
      for (const size_t shift : {0, 1, 7}) {
        // Exactly as long as it may read, for AddressSanitizer.
        std::vector<std::vector<uint8_t>> codes;
        std::vector<const uint8_t*> rows;
        for (size_t r = 0; r < kRows; ++r) codes.push_back(Random<uint8_t>(rng, shift + bytes));
        if (bytes == 65536) codes[0].assign(shift + bytes, 255);  // the largest sum
        for (const auto& c : codes) rows.push_back(c.data() + shift);
        std::vector<int8_t> query = Random<int8_t>(rng, shift + 2 * bytes);
        for (int8_t& q : query) q = bytes == 65536 ? 127 : std::max<int8_t>(q, -127);
        const int8_t* q = query.data() + shift;
        std::vector<int32_t> sums(kRows);
        CAPTURE(name, bytes, shift);
        kernels.dot_u8(rows.data(), kRows, q, bytes, sums.data());
        for (size_t r = 0; r < kRows; ++r) {
          int64_t truth = 0;
          for (size_t i = 0; i < bytes; ++i) truth += int64_t{rows[r][i]} * q[i];
          REQUIRE(sums[r] == truth);
        }
        kernels.dot_u4(rows.data(), kRows, q, bytes, sums.data());
        for (size_t r = 0; r < kRows; ++r) {
          int64_t truth = 0;
          for (size_t i = 0; i < bytes; ++i)
            truth += int64_t{rows[r][i] & 15} * q[i] + int64_t{rows[r][i] >> 4} * q[bytes + i];
          REQUIRE(sums[r] == truth);
        }
      }
    }
  }
  REQUIRE(sets == AllKernels().size());
}

TEST_CASE("codes in planes of bits have plain sums on every instruction set", "[simd]") {
  Rng rng(13);
  std::vector<size_t> lengths;
  for (size_t n = 0; n <= 70; n += kBitPadding) lengths.push_back(n);
  for (const size_t n : {98, 192, 8192}) lengths.push_back(n);
  for (const auto& [name, kernels] : AllCodeKernels()) {
    for (const size_t bytes : lengths) {
      for (int planes = 1; planes <= kMostPlanes; ++planes) {
        const size_t shift = rng.Below(8), row_bytes = bytes * static_cast<size_t>(planes);
        std::vector<std::vector<uint8_t>> codes;
        std::vector<const uint8_t*> rows;
        // And the 6 bytes that it may read besides.
        for (size_t r = 0; r < kRows; ++r)
          codes.push_back(Random<uint8_t>(rng, shift + row_bytes + 8 - kBitPadding));
        if (bytes == 8192) codes[0].assign(codes[0].size(), 255);
        for (const auto& c : codes) rows.push_back(c.data() + shift);
        std::vector<int8_t> query = Random<int8_t>(rng, shift + 8 * bytes);
        for (int8_t& q : query) q = bytes == 8192 ? -127 : std::max<int8_t>(q, -127);
        const int8_t* q = query.data() + shift;
        std::vector<int32_t> sums(kRows);
        CAPTURE(name, bytes, planes, shift);
        kernels.dot_planes(rows.data(), kRows, q, bytes, planes, sums.data());
        for (size_t r = 0; r < kRows; ++r) {
          int64_t truth = 0;
          for (size_t p = 0; p < static_cast<size_t>(planes); ++p) {
            for (size_t i = 0; i < 8 * bytes; ++i) {
              const int bit = rows[r][p * bytes + i / 8] >> (i % 8) & 1;
              truth += int64_t{bit << (static_cast<size_t>(planes) - 1 - p)} * q[i];
            }
          }
          REQUIRE(sums[r] == truth);
        }
      }
    }
  }
}

}  // namespace ruvector
