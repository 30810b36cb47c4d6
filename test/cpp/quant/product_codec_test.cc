// Product codes against the vectors they stand for, in double, and the centroids they learn.
#include "quant/product_codec.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "quant/k_means.h"
#include "support/learned.h"

namespace ruvector::test {
namespace {

constexpr Metric kMetrics[] = {Metric::kCosine, Metric::kEuclidean, Metric::kDot,
                               Metric::kManhattan};

std::unique_ptr<Codec> Learn(const Rows& rows, Metric metric, size_t dimensions, size_t subspaces,
                             size_t k, size_t threads = 1) {
  return Finish(NewProductLearner(metric, dimensions, subspaces, k, 42, rows), threads);
}

double DistanceTo(const std::vector<float>& v, const std::vector<float>& decoded) {
  double sum = 0;
  for (size_t i = 0; i < v.size(); ++i) sum += std::pow(double{v[i]} - decoded[i], 2);
  return sum;
}

double MissedBy(const Codec& codec, const Rows& rows) {
  double sum = 0;
  for (size_t r = 0; r < rows.rows(); ++r) {
    std::vector<float> decoded(rows.Row(r).size());
    codec.Decode(Encoded(codec, rows.Row(r)).data(), decoded.data());
    sum += DistanceTo(rows.Row(r), decoded);
  }
  return sum;
}

}  // namespace

TEST_CASE("product codes in every dimension: estimates are those of the decoded rows", "[quant]") {
  for (size_t dimensions = 1; dimensions <= 130; ++dimensions) {
    const Metric metric = kMetrics[dimensions % 4];
    const Rows rows(dimensions, 40, dimensions, static_cast<int>(dimensions % 3));
    Rng rng(dimensions);
    // Of every width, also such that the dimensions are no multiple of it.
    for (const size_t subspaces :
         {size_t{1}, (dimensions + 3) / 4, dimensions * 2 / 3 + 1, dimensions}) {
      if (subspaces > dimensions) continue;
      for (const size_t k : {size_t{16}, size_t{33}}) {
        const auto codec = Learn(rows, metric, dimensions, subspaces, k);
        CHECK(codec->row_bytes() == (k > 16 ? subspaces : (subspaces + 1) / 2));
        const auto query = codec->NewQuery();
        const std::vector<float> q = RandomVector(rng, dimensions, 0);
        query->Set(q.data(), ScalarOf(q));
        const auto read = ReadProductCodec(metric, dimensions, subspaces, k, codec->Parameters());
        REQUIRE(read);
        CAPTURE(dimensions, subspaces, k, static_cast<int>(metric));
        std::vector<float> to = q;
        for (float& x : to) x *= metric == Metric::kCosine ? ScalarOf(q) : 1;
        // Half of |a - b|² for cosine.
        const Metric inner = metric == Metric::kCosine ? Metric::kEuclidean : metric;
        const double share = metric == Metric::kCosine ? 0.5 : 1;
        std::vector<double> truths, estimates;
        double greatest = 0;  // distance in any subspace
        for (size_t r = 0; r < rows.rows(); ++r) {
          const std::vector<float>& v = rows.Row(r);
          const std::vector<uint8_t> row = Encoded(*codec, v);
          CHECK(Encoded(*read, v) == row);
          CHECK(codec->IsCodeOf(row.data(), v.data(), ScalarOf(v)));
          std::vector<float> decoded(dimensions);
          codec->Decode(row.data(), decoded.data());
          truths.push_back(share * Exact(inner, decoded, to));
          estimates.push_back(Estimate(*codec, *query, v));
          for (size_t m = 0; m < subspaces; ++m) {
            const auto part = [&](const std::vector<float>& all) {
              return std::vector<float>(
                  all.begin() + static_cast<long>(m * dimensions / subspaces),
                  all.begin() + static_cast<long>((m + 1) * dimensions / subspaces));
            };
            greatest = std::max(greatest, std::abs(Exact(inner, part(decoded), part(to))));
          }
        }
        // Tables have 65,536 steps, from the least to the greatest of any subspace.
        const double rounding = 2 * greatest * static_cast<double>(subspaces) / 65535;
        for (size_t r = 0; r < rows.rows(); ++r) {
          CHECK(std::abs(estimates[r] - truths[r]) <=
                rounding + 1e-5 * (std::abs(truths[r]) + greatest));
        }
      }
    }
  }
}

TEST_CASE("product codes miss less with more subspaces and with more centroids", "[quant]") {
  const Rows rows(4, 600, 50, 1);
  double last = std::numeric_limits<double>::infinity();
  for (const size_t subspaces : {1, 5, 12, 25, 50}) {
    const double missed = MissedBy(*Learn(rows, Metric::kEuclidean, 50, subspaces, 16), rows);
    CHECK(missed < 0.9 * last);
    last = missed;
  }
  last = std::numeric_limits<double>::infinity();
  for (const size_t k : {2, 5, 16, 17, 100, 256}) {
    const double missed = MissedBy(*Learn(rows, Metric::kEuclidean, 50, 10, k), rows);
    CHECK(missed < 0.99 * last);
    last = missed;
  }
}

TEST_CASE("centroids of points in groups are the groups' means, whichever are chosen first",
          "[quant]") {
  // 20 far groups of 30 points: a seeding by chance would leave some without a centroid.
  Rng rng(9);
  std::vector<float> points;
  for (int g = 0; g < 20; ++g) {
    for (int i = 0; i < 30; ++i) {
      points.push_back(static_cast<float>(100 * g + 0.1 * rng.Normal()));
      points.push_back(static_cast<float>(-50 * g + 0.1 * rng.Normal()));
    }
  }
  for (uint64_t seed = 0; seed < 20; ++seed) {
    KMeans k_means(points, 2, 20, seed);
    while (k_means.Step()) {
    }
    std::set<size_t> used;
    for (size_t p = 0; p < 600; ++p) {
      float distance;
      used.insert(k_means.codebook().Closest(points.data() + 2 * p, &distance));
      CHECK(distance < 1);
    }
    CHECK(used.size() == 20);
  }
}

TEST_CASE("centroids of few different points, and of as many points as there are centroids",
          "[quant]") {
  for (const size_t different : {1, 3, 16}) {
    std::vector<float> points;
    for (size_t p = 0; p < 16; ++p) points.push_back(static_cast<float>(p % different));
    KMeans k_means(points, 1, 16, 1);
    while (k_means.Step()) {
    }
    CHECK(!k_means.Step());
    for (const float& x : points) {
      float distance;
      k_means.codebook().Closest(&x, &distance);
      CHECK(distance == 0);
    }
  }
}

TEST_CASE("the same rows and seed give the same product codes on any number of threads",
          "[quant]") {
  const Rows rows(6, 300, 30, 2);
  const std::string one = Learn(rows, Metric::kCosine, 30, 7, 20)->Parameters();
  CHECK(Learn(rows, Metric::kCosine, 30, 7, 20, 3)->Parameters() == one);
}

TEST_CASE("product codes of rows without any spread, of the longest and of the shortest",
          "[quant]") {
  for (const Metric metric : kMetrics) {
    for (const float x : {0.0f, 1.0f, -1e-17f, 1e-19f, 1e17f}) {
      if (metric == Metric::kCosine && x == 0) continue;
      const std::vector<float> v(40, x);
      std::vector<float> other(40, x);
      other[3] = -x;
      std::vector<std::vector<float>> some(15, v);
      some.push_back(other);
      const Rows rows(some);
      const auto codec = Learn(rows, metric, 40, 10, 16);
      const auto query = codec->NewQuery();
      query->Set(v.data(), x == 0 ? 0 : ScalarOf(v));
      CAPTURE(static_cast<int>(metric), x);
      for (size_t r = 0; r < rows.rows(); ++r) {
        const std::vector<float>& row = rows.Row(r);
        const double unit = metric == Metric::kCosine      ? 1
                            : metric == Metric::kManhattan ? 40 * std::abs(double{x}) + 1e-37
                                                           : Dot(v, v) + 1e-37;
        CHECK(std::abs(Estimate(*codec, *query, row) - Exact(metric, row, v)) <= 1e-4 * unit);
        const std::vector<uint8_t> coded = Encoded(*codec, row);
        CHECK(codec->IsCodeOf(coded.data(), row.data(), x == 0 ? 0 : ScalarOf(row)));
      }
    }
  }
}

TEST_CASE("product codes of other rows, and codes of no centroid, are told", "[quant]") {
  const Rows rows(3, 60, 24, 0);
  for (const size_t k : {10, 16, 40}) {
    const auto codec = Learn(rows, Metric::kEuclidean, 24, 7, k);
    const auto query = codec->NewQuery();
    query->Set(rows.Row(0).data(), 0);
    for (size_t r = 0; r < rows.rows(); ++r) {
      const std::vector<uint8_t> other = Encoded(*codec, rows.Row((r + 1) % rows.rows()));
      CHECK(!codec->IsCodeOf(other.data(), rows.Row(r).data(), 0));
    }
    const std::vector<uint8_t> none(codec->row_bytes(), 255);
    if (k != 16) CHECK(!codec->IsCodeOf(none.data(), rows.Row(0).data(), 0));
    std::vector<float> decoded(24);
    codec->Decode(none.data(), decoded.data());
    const uint8_t* row[] = {none.data()};
    float estimate = NAN;
    query->Distances(row, nullptr, 1, &estimate);
    CHECK(estimate >= 0);
  }
}

TEST_CASE("parameters of product codes that no codec wrote are refused", "[quant]") {
  const Rows rows(3, 30, 20, 0);
  const std::string good = Learn(rows, Metric::kDot, 20, 6, 16)->Parameters();
  const auto read = [](std::string_view bytes, size_t subspaces = 6, size_t k = 16) {
    return ReadProductCodec(Metric::kDot, 20, subspaces, k, bytes) != nullptr;
  };
  CHECK(read(good));
  CHECK(!read(""));
  CHECK(!read(good.substr(1)));
  CHECK(!read(good + 'x'));
  CHECK(!read(good, 21));
  CHECK(!read(good, 0));
  CHECK(!read(good, 6, 15));
  CHECK(!read(std::string(20 * 4 * 257, '\0'), 6, 257));
  for (const float x :
       {std::numeric_limits<float>::quiet_NaN(), 2e18f, std::numeric_limits<float>::infinity()}) {
    std::string bad = good;
    std::memcpy(bad.data() + 4 * 33, &x, sizeof x);
    CHECK(!read(bad));
  }
}

}  // namespace ruvector::test
