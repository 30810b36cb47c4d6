// The Hadamard transform of every instruction set against its definition.
#include "simd/hadamard.h"

#include <bit>
#include <cmath>

#include "core/random.h"
#include "simd/distance.h"
#include "support/catch.h"

namespace ruvector {

TEST_CASE("the Hadamard transform is that of its definition on every instruction set", "[simd]") {
  Rng rng(4);
  const auto all = AllHadamardKernels();
  for (size_t n = 1; n <= 2048; n *= 2) {
    std::vector<float> x(n + 1);
    for (float& value : x) value = static_cast<float>(rng.Normal());
    std::vector<float> first;
    for (const auto& [name, transform] : all) {
      CAPTURE(name, n);
      std::vector<float> y = x;
      transform(y.data() + 1, n);
      REQUIRE(y[0] == x[0]);
      if (first.empty()) first = y;
      REQUIRE(y == first);
    }
    for (size_t i = 0; i<n; i += n> 64 ? 37 : 1) {
      double sum = 0;
      for (size_t j = 0; j < n; ++j) sum += (std::popcount(i & j) % 2 == 0 ? 1 : -1) * x[j + 1];
      REQUIRE(std::abs(first[i + 1] - sum) <= 1e-5 * std::sqrt(static_cast<double>(n)) * 4);
    }
  }
  REQUIRE(all.size() == AllKernels().size());
}

}  // namespace ruvector
