// Kinds of rows, kind and unkind to codes: what `auto` has to choose codes for.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/random.h"

namespace ruvector::test {

/// Makes row `i`, [dimensions], never all zeros.
using RowMaker = std::function<void(Rng&, size_t i, std::vector<float>& row)>;

struct RowKind {
  std::string name;
  RowMaker make;
};

/// A number that belongs to `group` and `dimension`, about standard normal.
inline double Fixed(uint64_t group, size_t dimension) {
  const uint64_t bits = SplitMix64(group * 1000003 + dimension * 7919 + 1);
  double sum = 0;
  for (int shift = 0; shift < 64; shift += 16) sum += static_cast<double>(bits >> shift & 0xffff);
  return (sum / 65536 - 2) * 1.7320508;
}

inline RowMaker Gaussian(double scale = 1) {
  return [scale](Rng& rng, size_t, std::vector<float>& row) {
    for (float& x : row) x = static_cast<float>(scale * rng.Normal());
  };
}

/// `make`, moved by the place of one of `groups` groups, `apart` times a standard normal number in
/// each dimension.
inline RowMaker Grouped(size_t groups, double apart, const RowMaker& make) {
  return [=](Rng& rng, size_t i, std::vector<float>& row) {
    const uint64_t group = 5 + rng.Below(groups);
    make(rng, i, row);
    for (size_t d = 0; d < row.size(); ++d) row[d] += static_cast<float>(apart * Fixed(group, d));
  };
}

/// `make`, times what `factor` gives.
inline RowMaker Scaled(const RowMaker& make, const std::function<double(Rng&, size_t)>& factor) {
  return [=](Rng& rng, size_t i, std::vector<float>& row) {
    make(rng, i, row);
    const auto by = static_cast<float>(factor(rng, i));
    for (float& x : row) x *= by;
  };
}

inline std::vector<RowKind> RowKinds() {
  const auto of_dimensions = [](const std::function<double(Rng&, size_t)>& coordinate) {
    return [=](Rng& rng, size_t, std::vector<float>& row) {
      for (size_t d = 0; d < row.size(); ++d) row[d] = static_cast<float>(coordinate(rng, d));
    };
  };
  return {
      {"gaussian", Gaussian()},
      {"text-like",  // topics, few strong directions and many weak ones
       [](Rng& rng, size_t, std::vector<float>& row) {
         const uint64_t topic = 100 + rng.Below(200);
         for (size_t d = 0; d < row.size(); ++d) {
           const double scale = 1 / std::sqrt(1.0 + static_cast<double>(d));
           row[d] = static_cast<float>(scale * (0.8 * Fixed(topic, d) + 0.6 * rng.Normal()));
         }
       }},
      {"a group 3 deviations away", Grouped(1, 3, Gaussian())},
      {"a group 100 deviations away", Grouped(1, 100, Gaussian())},
      {"a group 100,000 deviations away", Grouped(1, 1e5, Gaussian())},
      {"2 tight groups", Grouped(2, 1, Gaussian(0.02))},
      {"8 tight groups", Grouped(8, 1, Gaussian(0.02))},
      {"64 tight groups", Grouped(64, 1, Gaussian(0.02))},
      {"512 tight groups", Grouped(512, 1, Gaussian(0.02))},
      {"8 groups", Grouped(8, 1, Gaussian(0.3))},
      {"a crowd far away and few around it",
       [](Rng& rng, size_t i, std::vector<float>& row) {
         const bool crowd = rng.Below(10) > 0;
         crowd ? Grouped(1, 3, Gaussian(0.05))(rng, i, row) : Gaussian()(rng, i, row);
       }},
      {"lengths of many sizes",
       Scaled(Gaussian(), [](Rng& rng, size_t) { return std::exp(2 * rng.Normal()); })},
      {"lengths without a mean",
       Scaled(Gaussian(),
              [](Rng& rng, size_t) { return 1 / std::max(1e-4, std::abs(rng.Normal())); })},
      {"few very long ones",
       Scaled(Gaussian(), [](Rng&, size_t i) { return i % 500 == 7 ? 1e6 : 1; })},
      {"one-hot",
       [](Rng& rng, size_t, std::vector<float>& row) {
         std::fill(row.begin(), row.end(), 0.0f);
         row[rng.Below(row.size())] = 1;
       }},
      {"sparse",
       [](Rng& rng, size_t, std::vector<float>& row) {
         std::fill(row.begin(), row.end(), 0.0f);
         for (int n = 0; n < 6; ++n)
           row[rng.Below(row.size())] += static_cast<float>(0.1 + std::abs(rng.Normal()));
       }},
      {"duplicates", Grouped(100, 1, Gaussian(0))},
      {"almost duplicates", Grouped(40, 1, Gaussian(1e-3))},
      {"constant dimensions",
       of_dimensions([](Rng& rng, size_t d) { return d % 4 > 0 ? 7 : rng.Normal(); })},
      {"one dimension that tells all",
       of_dimensions([](Rng& rng, size_t d) { return (d == 3 ? 5 : 1e-3) * rng.Normal(); })},
      {"six free directions",
       [](Rng& rng, size_t, std::vector<float>& row) {
         std::fill(row.begin(), row.end(), 0.0f);
         for (uint64_t n = 0; n < 6; ++n) {
           const double along = rng.Normal();
           for (size_t d = 0; d < row.size(); ++d)
             row[d] += static_cast<float>(along * Fixed(50 + n, d));
         }
       }},
      {"bits", of_dimensions([](Rng& rng, size_t) { return static_cast<double>(rng.Below(2)); })},
      {"bytes", Grouped(30, 25, of_dimensions([](Rng& rng, size_t) {
                          return std::floor(100 + 30 * rng.Normal());
                        }))},
      {"paths",  // each value close to the one before
       [](Rng& rng, size_t, std::vector<float>& row) {
         double x = 0;
         for (float& at : row) at = static_cast<float>(x += rng.Normal());
       }},
  };
}

}  // namespace ruvector::test
