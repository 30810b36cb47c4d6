// Source of the shape: several independent accumulators hide the latency of fused multiply-add (as
// hwy/contrib/dot does).
#include "simd/distance.h"

#include <cmath>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/distance.cc"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "simd/targets.h"

HWY_BEFORE_NAMESPACE();
namespace ruvector {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Accumulates f(sum, a, b) over both vectors with four sums; the tail is read masked, as zeros.
template <typename F>
HWY_INLINE float Accumulate(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, size_t n,
                            const F& f) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    s0 = f(s0, hn::LoadU(d, a + i), hn::LoadU(d, b + i));
    s1 = f(s1, hn::LoadU(d, a + i + lanes), hn::LoadU(d, b + i + lanes));
    s2 = f(s2, hn::LoadU(d, a + i + 2 * lanes), hn::LoadU(d, b + i + 2 * lanes));
    s3 = f(s3, hn::LoadU(d, a + i + 3 * lanes), hn::LoadU(d, b + i + 3 * lanes));
  }
  for (; i + lanes <= n; i += lanes) s0 = f(s0, hn::LoadU(d, a + i), hn::LoadU(d, b + i));
  if (i < n) s1 = f(s1, hn::LoadN(d, a + i, n - i), hn::LoadN(d, b + i, n - i));
  return hn::ReduceSum(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)));
}

float L2Squared(const float* a, const float* b, size_t n) noexcept {
  return Accumulate(a, b, n, [](auto sum, auto x, auto y) HWY_ATTR {
    const auto diff = hn::Sub(x, y);
    return hn::MulAdd(diff, diff, sum);
  });
}

float Dot(const float* a, const float* b, size_t n) noexcept {
  return Accumulate(a, b, n,
                    [](auto sum, auto x, auto y) HWY_ATTR { return hn::MulAdd(x, y, sum); });
}

float L1(const float* a, const float* b, size_t n) noexcept {
  return Accumulate(
      a, b, n, [](auto sum, auto x, auto y) HWY_ATTR { return hn::Add(sum, hn::AbsDiff(x, y)); });
}

DistanceKernels Kernels() { return {L2Squared, Dot, L1}; }
const char* Name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace ruvector
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruvector {

HWY_EXPORT(Kernels);
HWY_EXPORT(Name);

namespace {

struct Chosen {
  DistanceKernels kernels;
  const char* name;
};

const Chosen& Best() noexcept {
  static const Chosen chosen = {HWY_DYNAMIC_DISPATCH(Kernels)(), HWY_DYNAMIC_DISPATCH(Name)()};
  return chosen;
}

}  // namespace

const DistanceKernels& BestKernels() noexcept { return Best().kernels; }
const char* KernelTarget() noexcept { return Best().name; }

std::vector<std::pair<std::string, DistanceKernels>> AllKernels() {
  Best();  // chosen before the set of targets is narrowed below
  std::vector<std::pair<std::string, DistanceKernels>> all;
  ForEachTarget(
      [&] { all.emplace_back(HWY_DYNAMIC_DISPATCH(Name)(), HWY_DYNAMIC_DISPATCH(Kernels)()); });
  return all;
}

}  // namespace ruvector
#endif  // HWY_ONCE
