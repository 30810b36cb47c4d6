// Every kernel of every instruction set against sums in double.
#include "simd/centroids.h"

#include <cmath>

#include "core/random.h"
#include "simd/distance.h"
#include "support/catch.h"

namespace ruvector {

TEST_CASE("distances to centroids agree with double on every instruction set", "[simd]") {
  Rng rng(3);
  size_t sets = 0;
  for (const auto& [name, kernels] : AllCentroidKernels()) {
    ++sets;
    for (const size_t width : {0, 1, 2, 3, 4, 7, 16, 100}) {
      for (const size_t count : {16, 32, 48, 256}) {
        std::vector<float> x(width + 1), codebook(width * count + 1);
        for (float& value : x) value = static_cast<float>(rng.Normal());
        for (float& value : codebook) value = static_cast<float>(rng.Normal());
        const float *at = x.data() + 1, *centroids = codebook.data() + 1;
        std::vector<float> l2(count), dot(count), l1(count);
        kernels.l2_squared(at, centroids, width, count, l2.data());
        kernels.dot(at, centroids, width, count, dot.data());
        kernels.l1(at, centroids, width, count, l1.data());
        CAPTURE(name, width, count);
        size_t best = 0;
        for (size_t c = 0; c < count; ++c) {
          double squares = 0, products = 0, differences = 0, scale = 0;
          for (size_t i = 0; i < width; ++i) {
            const double a = at[i], b = centroids[i * count + c];
            squares += (a - b) * (a - b);
            products += a * b;
            differences += std::abs(a - b);
            scale += a * a + b * b + 1;
          }
          REQUIRE(std::abs(l2[c] - squares) <= 1e-6 * scale);
          REQUIRE(std::abs(dot[c] - products) <= 1e-6 * scale);
          REQUIRE(std::abs(l1[c] - differences) <= 1e-6 * scale);
          if (l2[c] < l2[best]) best = c;
        }
        float distance = -1;
        const size_t closest = kernels.closest(at, centroids, width, count, &distance);
        REQUIRE(closest == best);
        REQUIRE(distance == Approx(l2[best]).epsilon(1e-6));
      }
    }
    // Of equals the first.
    const std::vector<float> same(48, 2.0f);
    const float two = 2;
    float distance = -1;
    REQUIRE(kernels.closest(&two, same.data(), 1, 48, &distance) == 0);
    REQUIRE(distance == 0);
  }
  REQUIRE(sets == AllKernels().size());
}

}  // namespace ruvector
