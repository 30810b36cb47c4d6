#include "simd/hadamard.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/hadamard.cc"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "simd/targets.h"

HWY_BEFORE_NAMESPACE();
namespace ruvector {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Pairs (a, b) that lie `half` apart, a multiple of the lanes, become (a + b, a - b).
template <class D>
HWY_INLINE void Butterflies(D d, float* x, size_t n, size_t half) {
  const size_t lanes = hn::Lanes(d);
  for (size_t begin = 0; begin < n; begin += 2 * half) {
    float *low = x + begin, *high = low + half;
    for (size_t i = 0; i < half; i += lanes) {
      const auto a = hn::LoadU(d, low + i), b = hn::LoadU(d, high + i);
      hn::StoreU(hn::Add(a, b), d, low + i);
      hn::StoreU(hn::Sub(a, b), d, high + i);
    }
  }
}

#if HWY_TARGET != HWY_SCALAR
// The last two rounds, of four neighbours each.
template <class D>
HWY_INLINE void LastButterflies(D d, float* x, size_t n) {
  HWY_ALIGN static constexpr float kHalves[4] = {1, 1, -1, -1}, kNext[4] = {1, -1, 1, -1};
  const auto halves = hn::LoadDup128(d, kHalves), next = hn::LoadDup128(d, kNext);
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    auto v = hn::LoadU(d, x + i);
    v = hn::MulAdd(v, halves, hn::Shuffle1032(v));
    v = hn::MulAdd(v, next, hn::Shuffle2301(v));
    hn::StoreU(v, d, x + i);
  }
}
#endif

void Hadamard(float* x, size_t n) noexcept {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> d1;
  size_t half = n / 2;
  for (; half >= hn::Lanes(d); half /= 2) Butterflies(d, x, n, half);
#if HWY_TARGET != HWY_SCALAR
  const hn::CappedTag<float, 4> d4;
  for (; half >= 4; half /= 2) Butterflies(d4, x, n, half);
  if (half == 2) {
    if (n >= hn::Lanes(d)) return LastButterflies(d, x, n);
    return LastButterflies(d4, x, n);
  }
#endif
  for (; half >= 1; half /= 2) Butterflies(d1, x, n, half);
}

HadamardKernel HadamardOf() { return Hadamard; }
const char* HadamardTarget() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace ruvector
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruvector {

HWY_EXPORT(HadamardOf);
HWY_EXPORT(HadamardTarget);

HadamardKernel BestHadamardKernel() noexcept {
  static const HadamardKernel chosen = HWY_DYNAMIC_DISPATCH(HadamardOf)();
  return chosen;
}

std::vector<std::pair<std::string, HadamardKernel>> AllHadamardKernels() {
  BestHadamardKernel();  // chosen before the set of targets is narrowed below
  std::vector<std::pair<std::string, HadamardKernel>> all;
  ForEachTarget([&] {
    all.emplace_back(HWY_DYNAMIC_DISPATCH(HadamardTarget)(), HWY_DYNAMIC_DISPATCH(HadamardOf)());
  });
  return all;
}

}  // namespace ruvector
#endif  // HWY_ONCE
