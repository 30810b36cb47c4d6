// Every kernel of every instruction set against sums in double.
#include "simd/distance.h"

#include <cmath>

#include "core/random.h"
#include "support/catch.h"

namespace ruvector {
namespace {

struct Truth {
  double l2_squared = 0, dot = 0, l1 = 0;
  double dot_scale = 0;  // Σ|a·b|: what rounding is relative to
};

Truth Exact(const float* a, const float* b, size_t n) {
  Truth t;
  for (size_t i = 0; i < n; ++i) {
    const double x = a[i], y = b[i];
    t.l2_squared += (x - y) * (x - y);
    t.dot += x * y;
    t.dot_scale += std::abs(x * y);
    t.l1 += std::abs(x - y);
  }
  return t;
}

}  // namespace

TEST_CASE("distance kernels agree with double on every instruction set, length and alignment",
          "[simd]") {
  Rng rng(11);
  std::vector<float> a(2048), b(2048);
  for (float& x : a) x = static_cast<float>(rng.Normal());
  for (float& x : b) x = static_cast<float>(rng.Normal());
  std::vector<size_t> lengths;
  for (size_t n = 0; n <= 3 * 64 + 1; ++n) lengths.push_back(n);
  for (size_t n : {256, 384, 784, 1000, 1536}) lengths.push_back(n);

  std::string names;
  for (const auto& [name, kernels] : AllKernels()) {
    names += name + " ";
    for (const size_t n : lengths) {
      for (const size_t shift : {0, 1, 3}) {
        const float *x = a.data() + shift, *y = b.data() + 2 * shift;
        const Truth t = Exact(x, y, n);
        const double tolerance = 2e-7 * std::sqrt(static_cast<double>(n) + 1) + 1e-7;
        CAPTURE(name, n, shift);
        REQUIRE(std::abs(kernels.l2_squared(x, y, n) - t.l2_squared) <= tolerance * t.l2_squared);
        REQUIRE(std::abs(kernels.dot(x, y, n) - t.dot) <= tolerance * t.dot_scale);
        REQUIRE(std::abs(kernels.l1(x, y, n) - t.l1) <= tolerance * t.l1);
      }
    }
  }
  WARN("instruction sets: " << names << "- chosen: " << KernelTarget());
  REQUIRE(names.find(KernelTarget()) != std::string::npos);
}

TEST_CASE("a tail reads nothing past the end", "[simd]") {
  // The sanitizers see any read beyond these exact allocations; here NaN around the vector must not
  // leak in.
  for (const auto& [name, kernels] : AllKernels()) {
    for (size_t n = 0; n < 70; ++n) {
      std::vector<float> padded(n + 64, NAN);
      for (size_t i = 0; i < n; ++i) padded[i] = 1.0f;
      const std::vector<float> exact(padded.begin(), padded.begin() + static_cast<long>(n));
      CAPTURE(name, n);
      REQUIRE(kernels.dot(padded.data(), exact.data(), n) == static_cast<float>(n));
      REQUIRE(kernels.l1(padded.data(), exact.data(), n) == 0.0f);
      REQUIRE(kernels.l2_squared(padded.data(), exact.data(), n) == 0.0f);
    }
  }
}

}  // namespace ruvector
