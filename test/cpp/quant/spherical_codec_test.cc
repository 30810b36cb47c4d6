// Codes of directions against the vectors they stand for, in double.
#include "quant/spherical_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "core/random.h"
#include "support/catch.h"
#include "support/learned.h"

namespace ruvector {
namespace {

constexpr Metric kMetrics[] = {Metric::kCosine, Metric::kEuclidean, Metric::kDot};

// Centred; all of one sign; with few large values; one value alone: the rotation makes all alike.
std::vector<float> RandomVector(Rng& rng, size_t dimensions, int kind) {
  std::vector<float> v(dimensions);
  for (float& x : v) {
    const double g = rng.Normal();
    x = static_cast<float>(kind == 0 ? g : kind == 1 ? 5 + std::abs(g) : kind == 2 ? g * g * g : 0);
  }
  if (kind == 3) v[rng.Next() % dimensions] = static_cast<float>(1 + rng.Uniform());
  return v;
}

double Length(const std::vector<float>& v) { return std::sqrt(test::Dot(v, v)); }
float ScalarOf(const std::vector<float>& v) { return static_cast<float>(1 / Length(v)); }

double Exact(Metric metric, const std::vector<float>& a, const std::vector<float>& b) {
  const double dot = test::Dot(a, b);
  if (metric == Metric::kCosine) return 1 - dot / (Length(a) * Length(b));
  if (metric == Metric::kDot) return -dot;
  return test::Dot(a, a) + test::Dot(b, b) - 2 * dot;
}

struct Coded {
  std::vector<uint8_t> row;
  float length;
};

Coded Encode(const Codec& codec, const std::vector<float>& v) {
  const float scalar = Length(v) > 0 ? ScalarOf(v) : 0;
  Coded coded{std::vector<uint8_t>(codec.row_bytes()), codec.Length(v.data(), scalar)};
  codec.Encode(v.data(), scalar, coded.row.data());
  return coded;
}

float Estimate(const Codec& codec, const CodedQuery& query, const Coded& coded) {
  const uint8_t* row = coded.row.data();
  float estimate = NAN;
  query.Distances(&row, codec.wants_lengths() ? &coded.length : nullptr, 1, &estimate);
  return estimate;
}

}  // namespace

TEST_CASE("codes of directions estimate products without bias, of any rows alike", "[quant]") {
  Rng rng(15);
  for (const int bits : {8, 4}) {
    for (const Metric metric : kMetrics) {
      for (const size_t dimensions : {1, 3, 16, 17, 100, 128, 300, 1000}) {
        const auto codec = NewSphericalCodec(metric, dimensions, bits);
        CHECK(codec->wants_lengths() == (metric != Metric::kCosine));
        const auto query = codec->NewQuery();
        for (int kind = 0; kind < 4; ++kind) {
          CAPTURE(bits, static_cast<int>(metric), dimensions, kind);
          const std::vector<float> q = RandomVector(rng, dimensions, kind);
          query->Set(q.data(), ScalarOf(q));
          double bias = 0, squares = 0;
          const int count = 300;
          for (int r = 0; r < count; ++r) {
            const std::vector<float> v = RandomVector(rng, dimensions, kind);
            const float estimate = Estimate(*codec, *query, Encode(*codec, v));
            // In units of the product of both lengths.
            const double unit = metric == Metric::kCosine ? 1 : Length(v) * Length(q);
            const double twice = metric == Metric::kEuclidean ? 2 : 1;
            const double rounding = 1e-6 * (test::Dot(v, v) + test::Dot(q, q));
            const double missed = std::abs(estimate - Exact(metric, v, q)) - rounding;
            const double error = std::max(missed, 0.0) / (unit * twice);
            bias += estimate - Exact(metric, v, q);
            squares += error * error;
          }
          // The grid misses 0.107 (4 bits), 0.009 (8 bits) of a deviation, and the query's codes
          // 0.008.
          const double root = std::sqrt(static_cast<double>(dimensions));
          const double missed = (bits == 8 ? 0.013 : 0.11) / root;
          const double few = dimensions < 100 ? 3 : 1.3;
          // Single values, turned in other than a power of two of dimensions, are not quite normal.
          const double more = kind == 3 ? 0.006 : 0;
          CHECK(std::sqrt(squares / count) <= few * missed + more);
          if (dimensions >= 100 && kind == 0 && metric == Metric::kCosine)
            CHECK(std::abs(bias / count) <= missed / 4);
        }
      }
    }
  }
}

TEST_CASE("a decoded row points where the vector does", "[quant]") {
  Rng rng(16);
  for (const int bits : {8, 4}) {
    const auto codec = NewSphericalCodec(Metric::kEuclidean, 200, bits);
    for (int kind = 0; kind < 4; ++kind) {
      const std::vector<float> v = RandomVector(rng, 200, kind);
      std::vector<float> decoded(200);
      codec->Decode(Encode(*codec, v).row.data(), decoded.data());
      // What is left of the other direction has a length of 0.107 or 0.009.
      CHECK(test::Dot(decoded, v) / Length(v) == Approx(1.0).margin(bits == 8 ? 0.002 : 0.01));
      CHECK(Length(decoded) == Approx(1.0).margin(bits == 8 ? 0.002 : 0.02));
    }
  }
}

TEST_CASE("directions of vectors of zeros, and of the longest and shortest there are", "[quant]") {
  for (const int bits : {8, 4}) {
    for (const Metric metric : kMetrics) {
      for (const float x : {0.0f, 1.0f, -1e-17f, 1e17f, 1e-40f}) {
        if (metric == Metric::kCosine && std::abs(x) < 1e-18f) continue;
        CAPTURE(bits, static_cast<int>(metric), x);
        const auto codec = NewSphericalCodec(metric, 40, bits);
        const std::vector<float> v(40, x);
        const auto query = codec->NewQuery();
        query->Set(v.data(), x == 0 ? 0 : ScalarOf(v));
        const float estimate = Estimate(*codec, *query, Encode(*codec, v));
        const double unit = metric == Metric::kCosine ? 1 : test::Dot(v, v);
        CHECK(std::abs(estimate - Exact(metric, v, v)) <=
              2 * (bits == 8 ? 0.005 : 0.05) * unit + 1e-37);
      }
    }
  }
}

TEST_CASE("codes of a direction are known from those of another", "[quant]") {
  Rng rng(17);
  for (const int bits : {8, 4}) {
    const auto codec = NewSphericalCodec(Metric::kCosine, 100, bits);
    const std::vector<float> v = RandomVector(rng, 100, 0), other = RandomVector(rng, 100, 0);
    Coded coded = Encode(*codec, v);
    CHECK(codec->IsCodeOf(coded.row.data(), v.data(), ScalarOf(v)));
    CHECK(!codec->IsCodeOf(coded.row.data(), other.data(), ScalarOf(other)));
    coded.row[7] = static_cast<uint8_t>(coded.row[7] ^ 0x88);
    CHECK(!codec->IsCodeOf(coded.row.data(), v.data(), ScalarOf(v)));
    coded = Encode(*codec, v);
    coded.row.back() = 1;  // padding
    CHECK(!codec->IsCodeOf(coded.row.data(), v.data(), ScalarOf(v)));
  }
}

TEST_CASE("rows of directions fill cache lines where that pays", "[quant]") {
  const auto bytes = [](size_t dimensions, int bits) {
    return NewSphericalCodec(Metric::kCosine, dimensions, bits)->row_bytes();
  };
  CHECK(bytes(384, 8) == 384);
  CHECK(bytes(384, 4) == 192);
  CHECK(bytes(128, 4) == 64);
  CHECK(bytes(100, 8) == 128);
  CHECK(bytes(300, 8) == 320);
  CHECK(bytes(784, 4) == 400);
  CHECK(bytes(10, 8) == 16);
}

TEST_CASE("many directions at once have the distances of each alone, also where lengths lie",
          "[quant]") {
  Rng rng(18);
  const auto codec = NewSphericalCodec(Metric::kEuclidean, 50, 4);
  std::vector<Coded> coded;
  std::vector<const uint8_t*> rows;
  std::vector<float> together;
  for (int r = 0; r < 200; ++r) coded.push_back(Encode(*codec, RandomVector(rng, 50, 0)));
  for (const Coded& c : coded) {
    rows.push_back(c.row.data());
    together.push_back(c.length);
  }
  const auto query = codec->NewQuery();
  const std::vector<float> q = RandomVector(rng, 50, 0);
  query->Set(q.data(), 0);
  query->Distances(rows.data(), together.data(), rows.size(), together.data());
  for (size_t i = 0; i < rows.size(); ++i) CHECK(Estimate(*codec, *query, coded[i]) == together[i]);
}

namespace {

// Around a place `far` deviations from the origin.
test::Rows FarRows(uint64_t seed, size_t count, size_t dimensions, double far) {
  Rng rng(seed);
  std::vector<std::vector<float>> rows(count, std::vector<float>(dimensions));
  for (auto& row : rows) {
    for (size_t d = 0; d < dimensions; ++d)
      row[d] = static_cast<float>((d % 3 == 0 ? -far : far) + rng.Normal());
  }
  return test::Rows(std::move(rows));
}

std::unique_ptr<Codec> Learned(const TrainingRows& rows, Metric metric, size_t dimensions,
                               int bits) {
  return test::Finish(NewSphericalLearner(metric, dimensions, bits, 7, rows));
}

}  // namespace

TEST_CASE("directions from a mean: errors are those of what it leaves", "[quant]") {
  constexpr size_t kDimensions = 128;
  const test::Rows rows = FarRows(1, 500, kDimensions, 20);
  const test::Rows queries = FarRows(2, 20, kDimensions, 20);
  for (const int bits : {8, 4}) {
    for (const Metric metric : kMetrics) {
      CAPTURE(bits, static_cast<int>(metric));
      const auto codec = Learned(rows, metric, kDimensions, bits);
      CHECK(codec->wants_lengths());
      CHECK(codec->Parameters().size() == kDimensions * sizeof(float));
      const auto plain = NewSphericalCodec(metric, kDimensions, bits);
      const auto query = codec->NewQuery(), of_plain = plain->NewQuery();
      double error = 0, plain_error = 0;
      for (size_t i = 0; i < queries.rows(); ++i) {
        const std::vector<float>& q = queries.Row(i);
        query->Set(q.data(), ScalarOf(q));
        of_plain->Set(q.data(), ScalarOf(q));
        for (size_t r = 0; r < rows.rows(); ++r) {
          const double exact = Exact(metric, rows.Row(r), q);
          const double off = Estimate(*codec, *query, Encode(*codec, rows.Row(r))) - exact;
          const double plain_off = Estimate(*plain, *of_plain, Encode(*plain, rows.Row(r))) - exact;
          error += off * off;
          plain_error += plain_off * plain_off;
        }
      }
      const double count = static_cast<double>(rows.rows() * queries.rows());
      const double root = std::sqrt(static_cast<double>(kDimensions));
      // Lengths of what is left: √128; of rows and queries: 20 times as much. Units as above.
      const double unit = metric == Metric::kCosine      ? 1.0 / (20 * 20)
                          : metric == Metric::kEuclidean ? 2.0 * kDimensions
                                                         : 20.0 * kDimensions;
      CHECK(std::sqrt(error / count) <= 1.3 * (bits == 8 ? 0.015 : 0.11) / root * unit + 1e-6);
      CHECK(plain_error >= (metric == Metric::kDot ? 9 : 900) * error);
    }
  }
}

TEST_CASE("a mean that takes little, or is that of few far rows, is not kept", "[quant]") {
  for (const Metric metric : kMetrics) {
    for (const double far : {0.0, 0.2, 0.5, 3.0}) {
      const auto codec = Learned(FarRows(3, 2000, 64, far), metric, 64, 4);
      CAPTURE(static_cast<int>(metric), far);
      // Its share of the squared length is far² / (1 + far²): 0, 0.04, 0.2, 0.9.
      CHECK(codec->Parameters().empty() == (far < 0.3));
      CHECK(codec->wants_lengths() == (far > 0.3 || metric != Metric::kCosine));
    }
    CHECK(Learned(FarRows(4, 15, 64, 3), metric, 64, 4)->Parameters().empty());
    CHECK(!Learned(FarRows(4, 16, 64, 3), metric, 64, 4)->Parameters().empty());
  }
  std::vector<std::vector<float>> rows;
  Rng rng(5);
  for (int i = 0; i < 1000; ++i) {
    rows.push_back(RandomVector(rng, 64, 0));
    if (i % 100 == 0) rows.back()[1] = 1e17f;
  }
  CHECK(Learned(test::Rows(rows), Metric::kEuclidean, 64, 4)->Parameters().empty());
}

TEST_CASE("a codec with a mean is made anew of its parameters, and of nothing else", "[quant]") {
  constexpr size_t kDimensions = 50;
  const test::Rows rows = FarRows(6, 300, kDimensions, 4);
  for (const Metric metric : kMetrics) {
    const auto codec = Learned(rows, metric, kDimensions, 4);
    const std::string parameters = codec->Parameters();
    const auto read = ReadSphericalCodec(metric, kDimensions, 4, parameters);
    REQUIRE(read);
    CHECK(read->wants_lengths());
    CHECK(read->Parameters() == parameters);
    for (size_t r = 0; r < rows.rows(); ++r) {
      const Coded coded = Encode(*codec, rows.Row(r)), again = Encode(*read, rows.Row(r));
      CHECK(coded.row == again.row);
      CHECK(coded.length == again.length);
      CHECK(read->IsCodeOf(coded.row.data(), rows.Row(r).data(), ScalarOf(rows.Row(r))));
      const auto& other = rows.Row((r + 1) % rows.rows());
      CHECK(!read->IsCodeOf(coded.row.data(), other.data(), ScalarOf(other)));
    }
    for (const float bad : {NAN, INFINITY, -INFINITY, 1e19f}) {
      std::string changed = parameters;
      std::memcpy(changed.data() + 8, &bad, sizeof bad);
      CHECK(ReadSphericalCodec(metric, kDimensions, 4, changed) == nullptr);
    }
    CHECK(ReadSphericalCodec(metric, kDimensions, 4, "") == nullptr);
    CHECK(ReadSphericalCodec(metric, kDimensions, 4, parameters + "abcd") == nullptr);
    CHECK(ReadSphericalCodec(metric, kDimensions, 4, parameters.substr(1)) == nullptr);
  }
}

}  // namespace ruvector
