// Rotated and binary codes against the vectors they stand for, in double.
#include "quant/rotated_codec.h"

#include <cmath>
#include <limits>

#include "quant/rotation.h"
#include "support/learned.h"

namespace ruvector::test {
namespace {

constexpr Metric kMetrics[] = {Metric::kCosine, Metric::kEuclidean, Metric::kDot};

std::unique_ptr<Codec> Learn(const Rows& rows, Metric metric, size_t dimensions, int bits,
                             bool rotated = true, uint64_t seed = 42) {
  return Finish(NewRotatedLearner(metric, dimensions, bits, rotated, seed, rows));
}

}  // namespace

TEST_CASE("a rotation keeps lengths and angles, mixes, and can be undone", "[quant]") {
  Rng rng(1);
  for (size_t dimensions = 1; dimensions <= 130; ++dimensions) {
    const Rotation rotation(dimensions, dimensions);
    const std::vector<float> a = RandomVector(rng, dimensions, 0),
                             b = RandomVector(rng, dimensions, 1);
    std::vector<float> ra = a, rb = b;
    rotation.Apply(ra.data());
    rotation.Apply(rb.data());
    CAPTURE(dimensions);
    CHECK(Dot(ra, rb) == Approx(Dot(a, b)).margin(1e-4 * std::sqrt(Dot(a, a) * Dot(b, b))));
    CHECK(Dot(rb, rb) == Approx(Dot(b, b)).epsilon(1e-5));
    rotation.Undo(ra.data());
    for (size_t i = 0; i < dimensions; ++i) CHECK(ra[i] == Approx(a[i]).margin(1e-5));
  }
  // One coordinate goes to all, none of them with much of it.
  for (const size_t dimensions : {64, 100, 384, 784, 1000}) {
    for (const size_t at : {size_t{0}, dimensions / 2, dimensions - 1}) {
      std::vector<float> unit(dimensions);
      unit[at] = 1;
      Rotation(dimensions, 7).Apply(unit.data());
      float greatest = 0;
      for (const float x : unit) greatest = std::max(greatest, std::abs(x));
      CAPTURE(dimensions, at);
      CHECK(greatest < 6 / std::sqrt(static_cast<float>(dimensions)));
    }
  }
}

TEST_CASE("rotated codes estimate without bias, and better with every bit", "[quant]") {
  constexpr size_t kDimensions = 96;
  constexpr int kSeeds = 300;
  for (const Metric metric : kMetrics) {
    const Rows rows(11, 40, kDimensions, 1);
    Rng rng(12);
    const std::vector<float> q = RandomVector(rng, kDimensions, 1);
    double last = std::numeric_limits<double>::infinity();
    for (int bits = 1; bits <= 8; ++bits) {
      double bias = 0, squares = 0;
      const size_t n = size_t{kSeeds} * rows.rows();
      for (int seed = 0; seed < kSeeds; ++seed) {
        const auto codec = Learn(rows, metric, kDimensions, bits, true, 1000u + seed);
        const auto query = codec->NewQuery();
        query->Set(q.data(), ScalarOf(q));
        for (size_t r = 0; r < rows.rows(); ++r) {
          const double error =
              Estimate(*codec, *query, rows.Row(r)) - Exact(metric, rows.Row(r), q);
          bias += error / static_cast<double>(n);
          squares += error * error / static_cast<double>(n);
        }
      }
      const double deviation = std::sqrt(squares);
      CAPTURE(static_cast<int>(metric), bits, bias, deviation, last);
      // Rows share rotations, so that their errors are not independent: one term a seed.
      CHECK(std::abs(bias) < 4 * deviation / std::sqrt(double{kSeeds}));
      // Half of it, until the query's own 8 bits are what is left.
      CHECK(deviation < (bits <= 6 ? 0.75 : 1.1) * last);
      last = deviation;
    }
  }
}

TEST_CASE("rotated and binary codes in every dimension: estimates are those of the decoded rows",
          "[quant]") {
  for (size_t dimensions = 1; dimensions <= 130; ++dimensions) {
    for (int bits = 0; bits <= 8; ++bits) {
      const Metric metric = kMetrics[(dimensions + static_cast<size_t>(bits)) % 3];
      const int kind = static_cast<int>(dimensions % 3);
      const Rows rows(dimensions, 20, dimensions, kind);
      // No bits: binary.
      const auto codec = Learn(rows, metric, dimensions, std::max(bits, 1), bits > 0);
      const auto query = codec->NewQuery();
      Rng rng(dimensions);
      const std::vector<float> q = RandomVector(rng, dimensions, kind);
      query->Set(q.data(), ScalarOf(q));
      CAPTURE(dimensions, bits, static_cast<int>(metric));
      const auto read =
          ReadRotatedCodec(metric, dimensions, std::max(bits, 1), bits > 0, codec->Parameters());
      REQUIRE(read);
      for (size_t r = 0; r < rows.rows(); ++r) {
        const std::vector<float>& v = rows.Row(r);
        const std::vector<uint8_t> row = Encoded(*codec, v);
        CHECK(Encoded(*read, v) == row);
        CHECK(codec->IsCodeOf(row.data(), v.data(), ScalarOf(v)));
        std::vector<float> decoded(dimensions);
        codec->Decode(row.data(), decoded.data());
        // A distance is a constant of v, one of q, and a product; a decoded row has the product.
        std::vector<double> unit(v.begin(), v.end()), to(q.begin(), q.end());
        if (metric == Metric::kCosine) {
          for (double& x : unit) x *= double{ScalarOf(v)};
          for (double& x : to) x *= double{ScalarOf(q)};
        }
        const std::vector<double> mean = MeanOf(rows, metric);
        double left = 0, from_query = 0, product = 0, mean_v = 0, mean_q = 0, mean_mean = 0;
        for (size_t i = 0; i < dimensions; ++i) {
          left += (unit[i] - mean[i]) * (unit[i] - mean[i]);
          from_query += (to[i] - mean[i]) * (to[i] - mean[i]);
          product += (decoded[i] - mean[i]) * (to[i] - mean[i]);
          mean_v += mean[i] * unit[i];
          mean_q += mean[i] * to[i];
          mean_mean += mean[i] * mean[i];
        }
        const double truth = metric == Metric::kEuclidean ? left + from_query - 2 * product
                             : metric == Metric::kCosine  ? (left + from_query) / 2 - product
                                                          : mean_mean - mean_v - mean_q - product;
        double length = 0;
        for (size_t i = 0; i < dimensions; ++i)
          length += (decoded[i] - mean[i]) * (decoded[i] - mean[i]);
        // The query's codes are off by half a step of at most |q - c| / 127 each.
        const double rounding =
            (metric == Metric::kEuclidean ? 2 : 1) *
                std::sqrt(length * from_query * static_cast<double>(dimensions)) / 254 +
            1e-4 * (left + from_query + std::abs(mean_v) + std::abs(mean_q));
        CHECK(std::abs(Estimate(*codec, *query, v) - truth) <= rounding + 1e-6);
      }
    }
  }
}

TEST_CASE("rotated codes of rows without any spread, of the longest and of the shortest",
          "[quant]") {
  for (const Metric metric : kMetrics) {
    for (int bits = 0; bits <= 8; ++bits) {
      for (const float x : {0.0f, 1.0f, -1e-17f, 1e-19f, 1e17f}) {
        if (metric == Metric::kCosine && x == 0) continue;
        const std::vector<float> v(40, x);
        std::vector<float> other(40, x);
        other[3] = -x;
        const std::vector<float>* const both[] = {&v, &other};
        const Rows rows({v, v, v, other});
        const auto codec = Learn(rows, metric, 40, std::max(bits, 1), bits > 0);
        const auto query = codec->NewQuery();
        CAPTURE(bits, static_cast<int>(metric), x);
        for (const auto* q : both) {
          query->Set(q->data(), x == 0 ? 0 : ScalarOf(*q));
          for (const auto* row : both) {
            const double truth = Exact(metric, *row, *q);
            const double scale =
                metric == Metric::kCosine ? 1 : std::abs(Exact(Metric::kDot, v, v)) + 1e-37;
            CHECK(std::abs(Estimate(*codec, *query, *row) - truth) <=
                  (bits > 2 ? 0.05 : 0.5) * scale);
            const std::vector<uint8_t> coded = Encoded(*codec, *row);
            CHECK(codec->IsCodeOf(coded.data(), row->data(), x == 0 ? 0 : ScalarOf(*row)));
          }
        }
      }
    }
  }
}

TEST_CASE("a row that is another's, or no row at all, is told from the vector's own", "[quant]") {
  for (const Metric metric : kMetrics) {
    for (const int bits : {0, 1, 3, 4, 8}) {
      const Rows rows(3, 30, 64, 0);
      const auto codec = Learn(rows, metric, 64, std::max(bits, 1), bits > 0);
      CAPTURE(bits, static_cast<int>(metric));
      for (size_t r = 0; r < rows.rows(); ++r) {
        const std::vector<float>& v = rows.Row(r);
        std::vector<uint8_t> row = Encoded(*codec, rows.Row((r + 1) % rows.rows()));
        CHECK(!codec->IsCodeOf(row.data(), v.data(), ScalarOf(v)));
        row = Encoded(*codec, v);
        for (const size_t last : {4, 8}) {  // the factors
          std::vector<uint8_t> damaged = row;
          const float nan = std::numeric_limits<float>::quiet_NaN();
          std::memcpy(damaged.data() + damaged.size() - last, &nan, sizeof nan);
          CHECK(!codec->IsCodeOf(damaged.data(), v.data(), ScalarOf(v)));
        }
      }
    }
  }
}

TEST_CASE("parameters of rotated codes that no codec wrote are refused", "[quant]") {
  const Rows rows(3, 30, 20, 0);
  const std::string good = Learn(rows, Metric::kDot, 20, 4)->Parameters();
  const auto read = [](std::string_view bytes, bool rotated = true) {
    return ReadRotatedCodec(Metric::kDot, 20, rotated ? 4 : 1, rotated, bytes) != nullptr;
  };
  CHECK(read(good));
  CHECK(!read(good, false));
  CHECK(!read(""));
  CHECK(!read(good.substr(1)));
  CHECK(!read(good + 'x'));
  for (const float x :
       {std::numeric_limits<float>::quiet_NaN(), 2e18f, std::numeric_limits<float>::infinity()}) {
    std::string bad = good;
    std::memcpy(bad.data() + 8 + 4 * 19, &x, sizeof x);
    CHECK(!read(bad));
  }
}

}  // namespace ruvector::test
