#include "simd/centroids.h"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/centroids.cc"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "simd/targets.h"

HWY_BEFORE_NAMESPACE();
namespace ruvector {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Two vectors of centroids at a time; f(sum, x, c) adds a coordinate.
template <typename F>
HWY_INLINE void EachCentroid(const float* x, const float* codebook, size_t width, size_t count,
                             float* out, const F& f) {
  const hn::CappedTag<float, kCentroidPadding / 2> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t c = 0; c < count; c += 2 * lanes) {
    auto s0 = hn::Zero(d), s1 = s0;
    for (size_t i = 0; i < width; ++i) {
      const auto value = hn::Set(d, x[i]);
      const float* row = codebook + i * count + c;
      s0 = f(s0, value, hn::LoadU(d, row));
      s1 = f(s1, value, hn::LoadU(d, row + lanes));
    }
    hn::StoreU(s0, d, out + c);
    hn::StoreU(s1, d, out + c + lanes);
  }
}

void CentroidsL2Squared(const float* x, const float* codebook, size_t width, size_t count,
                        float* distances) noexcept {
  EachCentroid(x, codebook, width, count, distances, [](auto sum, auto a, auto b) HWY_ATTR {
    const auto difference = hn::Sub(a, b);
    return hn::MulAdd(difference, difference, sum);
  });
}
void CentroidsDot(const float* x, const float* codebook, size_t width, size_t count,
                  float* products) noexcept {
  EachCentroid(x, codebook, width, count, products,
               [](auto sum, auto a, auto b) HWY_ATTR { return hn::MulAdd(a, b, sum); });
}
void CentroidsL1(const float* x, const float* codebook, size_t width, size_t count,
                 float* distances) noexcept {
  EachCentroid(x, codebook, width, count, distances,
               [](auto sum, auto a, auto b) HWY_ATTR { return hn::Add(sum, hn::AbsDiff(a, b)); });
}

// Each lane keeps its best; places in floats, exact up to 2^24.
size_t CentroidsClosest(const float* x, const float* codebook, size_t width, size_t count,
                        float* distance) noexcept {
  const hn::CappedTag<float, kCentroidPadding> d;
  const size_t lanes = hn::Lanes(d);
  auto best = hn::Set(d, std::numeric_limits<float>::infinity()), place = hn::Zero(d);
  auto here = hn::Iota(d, 0.0f);
  for (size_t c = 0; c < count; c += lanes) {
    auto sum = hn::Zero(d);
    for (size_t i = 0; i < width; ++i) {
      const auto difference = hn::Sub(hn::Set(d, x[i]), hn::LoadU(d, codebook + i * count + c));
      sum = hn::MulAdd(difference, difference, sum);
    }
    const auto closer = hn::Lt(sum, best);
    best = hn::IfThenElse(closer, sum, best);
    place = hn::IfThenElse(closer, here, place);
    here = hn::Add(here, hn::Set(d, static_cast<float>(lanes)));
  }
  const auto least = hn::Set(d, hn::ReduceMin(d, best));
  const auto first = hn::IfThenElse(hn::Eq(best, least), place, hn::Set(d, 65536.0f));
  *distance = hn::GetLane(least);
  // None is where no distance is a number.
  const float at = hn::ReduceMin(d, first);
  return at < static_cast<float>(count) ? static_cast<size_t>(at) : 0;
}

CentroidKernels Centroids() {
  return {CentroidsL2Squared, CentroidsDot, CentroidsL1, CentroidsClosest};
}
const char* CentroidsTarget() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace ruvector
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruvector {

HWY_EXPORT(Centroids);
HWY_EXPORT(CentroidsTarget);

const CentroidKernels& BestCentroidKernels() noexcept {
  static const CentroidKernels chosen = HWY_DYNAMIC_DISPATCH(Centroids)();
  return chosen;
}

std::vector<std::pair<std::string, CentroidKernels>> AllCentroidKernels() {
  BestCentroidKernels();  // chosen before the set of targets is narrowed below
  std::vector<std::pair<std::string, CentroidKernels>> all;
  ForEachTarget([&] {
    all.emplace_back(HWY_DYNAMIC_DISPATCH(CentroidsTarget)(), HWY_DYNAMIC_DISPATCH(Centroids)());
  });
  return all;
}

}  // namespace ruvector
#endif  // HWY_ONCE
