#include "simd/codes.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/codes.cc"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "simd/targets.h"

HWY_BEFORE_NAMESPACE();
namespace ruvector {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
void DotU8(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
           int32_t* sums) noexcept {
  for (size_t r = 0; r < count; ++r) {
    int32_t sum = 0;
    for (size_t i = 0; i < bytes; ++i) sum += int32_t{rows[r][i]} * query[i];
    sums[r] = sum;
  }
}

void DotU4(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
           int32_t* sums) noexcept {
  for (size_t r = 0; r < count; ++r) {
    int32_t sum = 0;
    for (size_t i = 0; i < bytes; ++i)
      sum += int32_t{rows[r][i] & 15} * query[i] + int32_t{rows[r][i] >> 4} * query[bytes + i];
    sums[r] = sum;
  }
}

void DotPlanes(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
               int planes, int32_t* sums) noexcept {
  for (size_t r = 0; r < count; ++r) {
    int32_t sum = 0;
    for (size_t i = 0; i < 8 * bytes; ++i) {
      int32_t code = 0;
      for (int p = 0; p < planes; ++p)
        code = 2 * code + (rows[r][static_cast<size_t>(p) * bytes + i / 8] >> (i % 8) & 1);
      sum += code * query[i];
    }
    sums[r] = sum;
  }
}
#else
// What one vector of bytes at `at` adds to the sums of a row.
struct Bytes {
  const uint8_t* row;
  const int8_t* query;
  template <class D, class Sum>
  HWY_INLINE Sum Add(D d, size_t at, Sum sum) const {
    const hn::RebindToSigned<D> di;
    const hn::RepartitionToWideX2<decltype(di)> d32;
    return hn::SumOfMulQuadAccumulate(d32, hn::LoadU(d, row + at), hn::LoadU(di, query + at), sum);
  }
};
struct Halves {
  const uint8_t* row;
  const int8_t *query, *high_query;
  template <class D, class Sum>
  HWY_INLINE Sum Add(D d, size_t at, Sum sum) const {
    const hn::RebindToSigned<D> di;
    const hn::RepartitionToWideX2<decltype(di)> d32;
    const auto codes = hn::LoadU(d, row + at);
    sum = hn::SumOfMulQuadAccumulate(d32, hn::And(codes, hn::Set(d, uint8_t{15})),
                                     hn::LoadU(di, query + at), sum);
    return hn::SumOfMulQuadAccumulate(d32, hn::ShiftRight<4>(codes), hn::LoadU(di, high_query + at),
                                      sum);
  }
};

template <typename Row>
HWY_INLINE int32_t SumOf(const Row& row, size_t bytes) {
  const hn::ScalableTag<uint8_t> d;
  const hn::RepartitionToWideX2<hn::RebindToSigned<decltype(d)>> d32;
  const size_t lanes = hn::Lanes(d);
  auto s0 = hn::Zero(d32), s1 = s0;
  size_t i = 0;
  for (; i + 2 * lanes <= bytes; i += 2 * lanes) {
    s0 = row.Add(d, i, s0);
    s1 = row.Add(d, i + lanes, s1);
  }
  if (i + lanes <= bytes) {
    s0 = row.Add(d, i, s0);
    i += lanes;
  }
  int32_t sum = hn::ReduceSum(d32, hn::Add(s0, s1));
  if (i == bytes) return sum;
  const hn::CappedTag<uint8_t, kCodePadding> d_tail;
  const hn::RepartitionToWideX2<hn::RebindToSigned<decltype(d_tail)>> d32_tail;
  auto rest = hn::Zero(d32_tail);
  for (; i < bytes; i += hn::Lanes(d_tail)) rest = row.Add(d_tail, i, rest);
  return sum + hn::ReduceSum(d32_tail, rest);
}

void DotU8(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
           int32_t* sums) noexcept {
  for (size_t r = 0; r < count; ++r) sums[r] = SumOf(Bytes{rows[r], query}, bytes);
}

#if HWY_ARCH_X86 && HWY_TARGET > HWY_AVX3_DL && HWY_TARGET < HWY_SSE2
// Before there was an instruction that adds four products to 32 bits, x86 had one that adds two of
// them to 16. Of codes below 16 nothing is lost by that: eight such sums fit, 8 * 2 * 15 * 128.
constexpr size_t kNarrowSums = 8;

template <class D>
HWY_INLINE int32_t SumOfHalves(D d, const Halves& row, size_t begin, size_t end) {
  const hn::RebindToSigned<D> di;
  const hn::RepartitionToWide<decltype(di)> d16;
  const hn::RepartitionToWide<decltype(d16)> d32;
  const auto mask = hn::Set(d, uint8_t{15});
  const auto one = hn::Set(d16, int16_t{1});
  auto sum = hn::Zero(d32);
  for (size_t i = begin; i < end;) {
    const size_t stop = HWY_MIN(end, i + kNarrowSums * hn::Lanes(d));
    auto low = hn::Zero(d16), high = low;
    for (; i < stop; i += hn::Lanes(d)) {
      const auto codes = hn::LoadU(d, row.row + i);
      low = hn::Add(
          low, hn::SatWidenMulPairwiseAdd(d16, hn::And(codes, mask), hn::LoadU(di, row.query + i)));
      high = hn::Add(high, hn::SatWidenMulPairwiseAdd(d16, hn::ShiftRight<4>(codes),
                                                      hn::LoadU(di, row.high_query + i)));
    }
    sum = hn::Add(sum, hn::Add(hn::WidenMulPairwiseAdd(d32, low, one),
                               hn::WidenMulPairwiseAdd(d32, high, one)));
  }
  return hn::ReduceSum(d32, sum);
}

HWY_INLINE int32_t SumOfHalves(const Halves& row, size_t bytes) {
  const hn::ScalableTag<uint8_t> d;
  const size_t whole = bytes - bytes % hn::Lanes(d);
  const int32_t sum = SumOfHalves(d, row, 0, whole);
  if (whole == bytes) return sum;
  return sum + SumOfHalves(hn::CappedTag<uint8_t, kCodePadding>(), row, whole, bytes);
}
#else
HWY_INLINE int32_t SumOfHalves(const Halves& row, size_t bytes) { return SumOf(row, bytes); }
#endif

void DotU4(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
           int32_t* sums) noexcept {
  for (size_t r = 0; r < count; ++r)
    sums[r] = SumOfHalves(Halves{rows[r], query, query + bytes}, bytes);
}

// Codes put together of a bit of each plane.
template <int kPlanes>
struct Planes {
  const uint8_t* row;
  const int8_t* query;
  size_t bytes;
  template <class D, class Sum>
  HWY_INLINE Sum Add(D d, size_t at, Sum sum) const {
    const hn::RebindToSigned<D> di;
    const hn::RepartitionToWideX2<decltype(di)> d32;
    const auto bits = [&](int plane) HWY_ATTR {
      const auto set = hn::LoadMaskBits(d, row + static_cast<size_t>(plane) * bytes + at / 8);
      return hn::IfThenElseZero(set, hn::Set(d, static_cast<uint8_t>(1 << (kPlanes - 1 - plane))));
    };
    auto codes = bits(0);
    if constexpr (kPlanes > 1) codes = hn::Or(codes, bits(1));
    if constexpr (kPlanes > 2) codes = hn::Or(codes, bits(2));
    return hn::SumOfMulQuadAccumulate(d32, codes, hn::LoadU(di, query + at), sum);
  }
};

template <int kPlanes>
void DotSomePlanes(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
                   int32_t* sums) noexcept {
  for (size_t r = 0; r < count; ++r)
    sums[r] = SumOf(Planes<kPlanes>{rows[r], query, bytes}, 8 * bytes);
}

void DotPlanes(const uint8_t* const* rows, size_t count, const int8_t* query, size_t bytes,
               int planes, int32_t* sums) noexcept {
  const auto dot = planes == 1   ? DotSomePlanes<1>
                   : planes == 2 ? DotSomePlanes<2>
                                 : DotSomePlanes<kMostPlanes>;
  dot(rows, count, query, bytes, sums);
}
#endif

CodeKernels Codes() { return {DotU8, DotU4, DotPlanes}; }
const char* CodesTarget() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace ruvector
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruvector {

HWY_EXPORT(Codes);
HWY_EXPORT(CodesTarget);

const CodeKernels& BestCodeKernels() noexcept {
  static const CodeKernels chosen = HWY_DYNAMIC_DISPATCH(Codes)();
  return chosen;
}

std::vector<std::pair<std::string, CodeKernels>> AllCodeKernels() {
  BestCodeKernels();  // chosen before the set of targets is narrowed below
  std::vector<std::pair<std::string, CodeKernels>> all;
  ForEachTarget([&] {
    all.emplace_back(HWY_DYNAMIC_DISPATCH(CodesTarget)(), HWY_DYNAMIC_DISPATCH(Codes)());
  });
  return all;
}

}  // namespace ruvector
#endif  // HWY_ONCE
