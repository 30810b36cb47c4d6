// Every kernel for distances and codes (simd/distance.h, codes.h) for every instruction set of this
// build and CPU, and plain loops beside them, as things to time; centroids.h and hadamard.h have
// tests only. The data stays in the L1 cache. A kernel added to those two needs a case here;
// kUnmeasured counts those that have none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "simd/codes.h"
#include "simd/distance.h"

namespace ruvector::bench {

/// Rows that one call of KernelCase::run goes through: a few rows, many times over.
inline constexpr size_t kRows = 4, kTimes = 64;
inline constexpr size_t kDimensions[] = {128, 384, 768, 1536};
inline constexpr size_t kUnmeasured =
    (sizeof(DistanceKernels) + sizeof(CodeKernels)) / sizeof(void (*)()) - 6;

struct KernelCase {
  std::string kernel;
  std::string target;  // "plain": what the others are compared with
  size_t dimensions;
  std::function<double()> run;  // kRows · kTimes rows; returns what must not be optimized away
};

// The plain loops; the file that includes this is compiled without automatic vectorization.
namespace plain {

inline float L2Squared(const float* a, const float* b, size_t n) noexcept {
  float sum = 0;
  for (size_t i = 0; i < n; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}
inline float Dot(const float* a, const float* b, size_t n) noexcept {
  float sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}
inline float L1(const float* a, const float* b, size_t n) noexcept {
  float sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] < b[i] ? b[i] - a[i] : a[i] - b[i];
  return sum;
}
inline void DotU8(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
                  int32_t* sums) noexcept {
  for (size_t r = 0; r < count; ++r) {
    sums[r] = 0;
    for (size_t i = 0; i < bytes; ++i) sums[r] += rows[r][i] * query[i];
  }
}
inline void DotU4(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
                  int32_t* sums) noexcept {
  for (size_t r = 0; r < count; ++r) {
    sums[r] = 0;
    for (size_t i = 0; i < bytes; ++i)
      sums[r] += (rows[r][i] & 15) * query[i] + (rows[r][i] >> 4) * query[bytes + i];
  }
}

inline void DotPlanes(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
                      int planes, int32_t* sums) noexcept {
  for (size_t r = 0; r < count; ++r) {
    sums[r] = 0;
    for (int p = 0; p < planes; ++p) {
      const uint8_t* plane = rows[r] + static_cast<size_t>(p) * bytes;
      int32_t sum = 0;
      for (size_t i = 0; i < 8 * bytes; ++i) sum += (plane[i / 8] >> (i % 8) & 1) * query[i];
      sums[r] = 2 * sums[r] + sum;
    }
  }
}

}  // namespace plain

inline KernelCase PairCase(const char* kernel, const std::string& target, size_t n,
                           float (*distance)(const float*, const float*, size_t) noexcept) {
  auto values = std::make_shared<std::vector<float>>((kRows + 1) * n);
  for (size_t i = 0; i < values->size(); ++i)
    (*values)[i] = static_cast<float>(i * 2654435761u % 1000) / 500 - 1;
  return {kernel, target, n, [values, distance, n] {
            float sum = 0;
            const float* query = values->data();
            for (size_t t = 0; t < kTimes; ++t) {
              for (size_t r = 1; r <= kRows; ++r) sum += distance(query, query + r * n, n);
            }
            return static_cast<double>(sum);
          }};
}

/// Codes of `bytes` a row, and as many query values as that holds.
inline KernelCase CodeCase(const char* kernel, const std::string& target, size_t dimensions,
                           size_t bytes,
                           void (*dot)(const uint8_t* const*, size_t, const int8_t*, size_t,
                                       int32_t*) noexcept) {
  auto codes = std::make_shared<std::vector<uint8_t>>(kRows * bytes);
  auto query = std::make_shared<std::vector<int8_t>>(dimensions);
  for (size_t i = 0; i < codes->size(); ++i)
    (*codes)[i] = static_cast<uint8_t>(i * 2654435761u >> 8);
  for (size_t i = 0; i < dimensions; ++i) (*query)[i] = static_cast<int8_t>(i * 40503u >> 4);
  return {kernel, target, dimensions, [codes, query, bytes, dot] {
            const uint8_t* rows[kRows];
            for (size_t r = 0; r < kRows; ++r) rows[r] = codes->data() + r * bytes;
            int32_t sums[kRows];
            double sum = 0;
            for (size_t t = 0; t < kTimes; ++t) {
              dot(rows, kRows, query->data(), bytes, sums);
              sum += sums[t % kRows];
            }
            return sum;
          }};
}

/// Two planes of bits.
inline KernelCase PlanesCase(const std::string& target, size_t dimensions,
                             decltype(CodeKernels::dot_planes) dot) {
  constexpr int kPlanes = 2;
  constexpr size_t kReadable = 8;  // behind the last row
  const size_t bytes = dimensions / 8;
  auto codes = std::make_shared<std::vector<uint8_t>>(kRows * kPlanes * bytes + kReadable);
  auto query = std::make_shared<std::vector<int8_t>>(dimensions);
  for (size_t i = 0; i < codes->size(); ++i)
    (*codes)[i] = static_cast<uint8_t>(i * 2654435761u >> 8);
  for (size_t i = 0; i < dimensions; ++i) (*query)[i] = static_cast<int8_t>(i * 40503u >> 4);
  return {"dot_planes", target, dimensions, [codes, query, bytes, dot] {
            const uint8_t* rows[kRows];
            for (size_t r = 0; r < kRows; ++r) rows[r] = codes->data() + r * kPlanes * bytes;
            int32_t sums[kRows];
            double sum = 0;
            for (size_t t = 0; t < kTimes; ++t) {
              dot(rows, kRows, query->data(), bytes, kPlanes, sums);
              sum += sums[t % kRows];
            }
            return sum;
          }};
}

inline std::vector<KernelCase> AllKernelCases() {
  std::vector<KernelCase> cases;
  auto distances = AllKernels();
  auto codes = AllCodeKernels();
  distances.emplace_back("plain", DistanceKernels{plain::L2Squared, plain::Dot, plain::L1});
  codes.emplace_back("plain", CodeKernels{});
  codes.back().second.dot_u8 = plain::DotU8;
  codes.back().second.dot_u4 = plain::DotU4;
  codes.back().second.dot_planes = plain::DotPlanes;
  for (const size_t n : kDimensions) {
    for (const auto& [target, kernels] : distances) {
      cases.push_back(PairCase("l2_squared", target, n, kernels.l2_squared));
      cases.push_back(PairCase("dot", target, n, kernels.dot));
      cases.push_back(PairCase("l1", target, n, kernels.l1));
    }
    for (const auto& [target, kernels] : codes) {
      cases.push_back(CodeCase("dot_u8", target, n, n, kernels.dot_u8));
      cases.push_back(PlanesCase(target, n, kernels.dot_planes));
      cases.push_back(CodeCase("dot_u4", target, n, n / 2, kernels.dot_u4));
    }
  }
  return cases;
}

}  // namespace ruvector::bench
