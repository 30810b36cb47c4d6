// Codecs against the vectors they stand for, in double.
#include "quant/scalar_codec.h"

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "simd/codes.h"
#include "support/catch.h"

namespace ruvector {
namespace {

constexpr Metric kMetrics[] = {Metric::kCosine, Metric::kEuclidean, Metric::kDot,
                               Metric::kManhattan};

double Exact(Metric metric, const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0, l2 = 0, l1 = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    dot += x * y;
    l2 += (x - y) * (x - y);
    l1 += std::abs(x - y);
    aa += x * x;
    bb += y * y;
  }
  switch (metric) {
    case Metric::kCosine:
      return 1 - dot / std::sqrt(aa * bb);
    case Metric::kEuclidean:
      return l2;
    case Metric::kDot:
      return -dot;
    case Metric::kManhattan:
      return l1;
  }
  return 0;
}

float ScalarOf(const std::vector<float>& v) {
  double sum = 0;
  for (const float x : v) sum += double{x} * x;
  return static_cast<float>(1 / std::sqrt(sum));
}

// Rows and queries as unlike as what users bring: centred, all of one sign, with few large values.
std::vector<float> RandomVector(Rng& rng, size_t dimensions, int kind) {
  std::vector<float> v(dimensions);
  for (float& x : v) {
    const double g = rng.Normal();
    x = static_cast<float>(kind == 0 ? g : kind == 1 ? 5 + std::abs(g) : g * g * g);
  }
  return v;
}

std::pair<double, double> MeanAndDeviation(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, std::sqrt(squares / static_cast<double>(values.size()))};
}

}  // namespace

TEST_CASE("scalar codes estimate every metric, in few dimensions and in many", "[quant]") {
  Rng rng(5);
  for (const int bits : {8, 4}) {
    for (const Metric metric : kMetrics) {
      for (const size_t dimensions : {1, 3, 16, 17, 100, 384, 1000}) {
        const auto codec = NewScalarCodec(metric, dimensions, bits);
        const auto query = codec->NewQuery();
        for (int kind = 0; kind < 3; ++kind) {
          CAPTURE(bits, static_cast<int>(metric), dimensions, kind);
          const std::vector<float> q = RandomVector(rng, dimensions, kind);
          query->Set(q.data(), ScalarOf(q));
          std::vector<double> truths, errors;
          for (int r = 0; r < 70; ++r) {
            const std::vector<float> v = RandomVector(rng, dimensions, kind);
            std::vector<uint8_t> row(codec->row_bytes());
            codec->Encode(v.data(), ScalarOf(v), row.data());
            const uint8_t* rows[] = {row.data()};
            float estimate = 0;
            query->Distances(rows, nullptr, 1, &estimate);
            const double truth = Exact(metric, v, q);
            truths.push_back(truth);
            errors.push_back(estimate - truth);
          }
          // What all estimates have in common does no harm to their order. Of what tells rows
          // apart, the rest is a small part; of few dimensions, rounding is all there is.
          const double share = bits == 8 ? (kind == 2 ? 0.08 : 0.03) : (kind == 2 ? 0.6 : 0.3);
          const auto [mean, spread] = MeanAndDeviation(truths);
          const auto [common, error] = MeanAndDeviation(errors);
          const double rounding =
              dimensions < 16 ? (bits == 8 ? 0.02 : 0.3) * (1 + std::abs(mean)) : 1e-6;
          CHECK(error <= share * spread + rounding);
          // Manhattan: every coordinate's error adds to a distance.
          if (bits == 8)
            CHECK(std::abs(common) <= 0.1 * spread + 0.002 * std::abs(mean) + rounding);
        }
      }
    }
  }
}

TEST_CASE("a decoded row is the vector but for half a step or little more", "[quant]") {
  Rng rng(6);
  for (const Metric metric : kMetrics) {
    const auto codec = NewScalarCodec(metric, 100, 8);
    const std::vector<float> v = RandomVector(rng, 100, 0);
    const float length = metric == Metric::kCosine ? ScalarOf(v) : 1.0f;
    std::vector<uint8_t> row(codec->row_bytes());
    codec->Encode(v.data(), ScalarOf(v), row.data());
    std::vector<float> decoded(100);
    codec->Decode(row.data(), decoded.data());
    const auto [least, greatest] = std::minmax_element(v.begin(), v.end());
    const float half = (*greatest - *least) / 255 / 2 * length;
    for (size_t i = 0; i < 100; ++i) CHECK(std::abs(decoded[i] - v[i] * length) <= half * 1.2f);
  }
}

TEST_CASE("codes of vectors without any spread, and of the longest there are", "[quant]") {
  for (const int bits : {8, 4}) {
    for (const Metric metric : kMetrics) {
      for (const float x : {0.0f, 1.0f, -1e-17f, 1e17f, 1e-40f}) {
        if (metric == Metric::kCosine && std::abs(x) < 1e-18f) continue;
        CAPTURE(bits, static_cast<int>(metric), x);
        const auto codec = NewScalarCodec(metric, 40, bits);
        const std::vector<float> v(40, x);
        std::vector<uint8_t> row(codec->row_bytes());
        codec->Encode(v.data(), x == 0 ? 0 : ScalarOf(v), row.data());
        const auto query = codec->NewQuery();
        query->Set(v.data(), x == 0 ? 0 : ScalarOf(v));
        const uint8_t* rows[] = {row.data()};
        float estimate = NAN;
        query->Distances(rows, nullptr, 1, &estimate);
        const double truth = Exact(metric, v, v);
        const double scale = std::abs(Exact(Metric::kDot, v, v)) + 1;
        const double unit = metric == Metric::kCosine ? 1 : scale;
        CHECK(std::abs(estimate - truth) <= 1e-4 * unit);
      }
    }
  }
}

TEST_CASE("many rows at once have the distances of each alone", "[quant]") {
  Rng rng(7);
  const auto codec = NewScalarCodec(Metric::kEuclidean, 50, 8);
  std::vector<std::vector<uint8_t>> coded(200, std::vector<uint8_t>(codec->row_bytes()));
  std::vector<const uint8_t*> rows;
  for (auto& row : coded) {
    const std::vector<float> v = RandomVector(rng, 50, 0);
    codec->Encode(v.data(), 0, row.data());
    rows.push_back(row.data());
  }
  const auto query = codec->NewQuery();
  const std::vector<float> q = RandomVector(rng, 50, 0);
  query->Set(q.data(), 0);
  std::vector<float> together(rows.size());
  query->Distances(rows.data(), nullptr, rows.size(), together.data());
  for (size_t i = 0; i < rows.size(); ++i) {
    float alone = 0;
    query->Distances(&rows[i], nullptr, 1, &alone);
    CHECK(alone == together[i]);
  }
}

}  // namespace ruvector
