#include "core/random.h"

#include <cmath>
#include <set>
#include <vector>

#include "support/catch.h"

namespace ruvector {
namespace {

TEST_CASE("random: known values, the same on every target") {
  // SplitMix64 from seed 1234567, as published with the algorithm.
  CHECK(SplitMix64(1234567) == 6457827717110365317u);
  CHECK(SplitMix64(1234567 + 0x9e3779b97f4a7c15u) == 3203168211198807973u);
  CHECK(Mix64(0) == 0);
  CHECK(Mix64(1234567 + 0x9e3779b97f4a7c15u) == SplitMix64(1234567));

  // Pinned: a change of these changes every seeded graph.
  Rng rng(1);
  CHECK(rng.Next() == 0xb3f2af6d0fc710c5u);
  CHECK(rng.Next() == 0x853b559647364ceau);
  CHECK(rng.Uniform() == 0.5741057000197225);
  CHECK(rng.Normal() == 0.14357203674443619);

  CHECK(HashBytes("") == Mix64(0xcbf29ce484222325u));
  // FNV-1a 64 of "a" and "foobar", from its authors' test vectors.
  CHECK(HashBytes("a") == Mix64(0xaf63dc4c8601ec8cu));
  CHECK(HashBytes("foobar") == Mix64(0x85944171f73967e8u));
}

TEST_CASE("random: uniform and bounded numbers stay in range and spread") {
  Rng rng(3);
  double sum = 0;
  for (int i = 0; i < 100000; ++i) {
    const double u = rng.Uniform();
    REQUIRE((u >= 0 && u < 1));
    sum += u;
  }
  CHECK(std::abs(sum / 100000 - 0.5) < 0.005);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[rng.Below(7)];
  for (const int count : counts) CHECK(std::abs(count - 10000) < 500);
  CHECK(rng.Below(1) == 0);
  CHECK(rng.Below(UINT64_MAX) < UINT64_MAX);
}

TEST_CASE("random: normal numbers have the moments and tails of a normal distribution") {
  Rng rng(5);
  const int n = 200000;
  double m1 = 0;
  double m2 = 0;
  double m4 = 0;
  int beyond_one = 0;
  int beyond_three = 0;
  for (int i = 0; i < n; ++i) {
    const double x = rng.Normal();
    m1 += x;
    m2 += x * x;
    m4 += x * x * x * x;
    beyond_one += std::abs(x) > 1;
    beyond_three += std::abs(x) > 3;
  }
  CHECK(std::abs(m1 / n) < 0.01);
  CHECK(std::abs(m2 / n - 1) < 0.02);
  CHECK(std::abs(m4 / n - 3) < 0.1);
  CHECK(std::abs(beyond_one / double{n} - 0.31731) < 0.005);
  CHECK(std::abs(beyond_three / double{n} - 0.0027) < 0.0006);
}

TEST_CASE("random: entropy does not repeat and fills all of it") {
  std::set<uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(RandomU64());
  CHECK(seen.size() == 100);
  std::vector<uint8_t> bytes(100000);
  FillRandomBytes(bytes.data(), bytes.size());
  std::vector<int> counts(256);
  for (const uint8_t b : bytes) ++counts[b];
  for (const int count : counts) CHECK(count > 200);
  FillRandomBytes(nullptr, 0);
}

}  // namespace
}  // namespace ruvector
