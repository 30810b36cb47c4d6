// Lists of rows around centroids: that each row is in the right one, that they repeat, and what few
// or equal rows give.
#include "index/list_builder.h"

#include <set>

#include "support/catch.h"
#include "support/learned.h"

namespace ruvector::test {
namespace {

constexpr size_t kDimensions = 12;

InvertedLists ListsOf(const MetricSpace& space, const TrainingRows& rows, size_t lists,
                      size_t threads = 1) {
  ListBuilder builder(space, rows, lists, 7);
  while (builder.Step(threads)) {
  }
  return builder.Take();
}

// As the header says, in double.
double FromCentroid(Metric metric, const TrainingRows& rows, size_t row, const float* centroid) {
  double sum = 0;
  for (size_t i = 0; i < kDimensions; ++i) {
    double x = rows.Vector(row)[i];
    if (metric == Metric::kCosine) x *= rows.Scalar(row);
    const double difference = x - centroid[i];
    sum += metric == Metric::kManhattan ? std::abs(difference) : difference * difference;
  }
  return sum;
}

struct Centroids {
  const InvertedLists& made;
  size_t lists() const { return made.count(); }
  const float* Centroid(size_t list) const { return made.centroids.data() + list * kDimensions; }
};

}  // namespace

TEST_CASE("lists: every row is in the list of its closest centroid, once", "[index]") {
  const auto metric =
      GENERATE(Metric::kCosine, Metric::kEuclidean, Metric::kDot, Metric::kManhattan);
  const int kind = GENERATE(0, 1, 2);
  const Rows rows(3, 900, kDimensions, kind);
  const MetricSpace space(metric, kDimensions);
  const size_t lists = GENERATE(1, 17, 60);
  const InvertedLists made = ListsOf(space, rows, lists);
  REQUIRE(made.count() == lists);
  REQUIRE(made.centroids.size() == lists * kDimensions);
  REQUIRE(made.offsets.front() == 0);
  REQUIRE(made.offsets.back() == rows.rows());
  std::set<Slot> seen;
  size_t filled = 0;
  for (size_t list = 0; list < lists; ++list) {
    REQUIRE(made.offsets[list] <= made.offsets[list + 1]);
    filled += made.offsets[list] < made.offsets[list + 1];
    for (uint32_t at = made.offsets[list]; at < made.offsets[list + 1]; ++at) {
      const Slot row = made.rows[at];
      REQUIRE(seen.insert(row).second);
      if (at > made.offsets[list]) REQUIRE(made.rows[at - 1] < row);
      const Centroids centroids{made};
      const double own = FromCentroid(metric, rows, row, centroids.Centroid(list));
      double least = own;
      for (size_t other = 0; other < lists; ++other)
        least = std::min(least, FromCentroid(metric, rows, row, centroids.Centroid(other)));
      REQUIRE(own <= least + 1e-4 * (1 + least));
    }
  }
  REQUIRE(seen.size() == rows.rows());
  REQUIRE(filled >= (lists + 1) / 2);
}

TEST_CASE("lists: the same on any number of threads", "[index][threads]") {
  const Rows rows(4, 700, kDimensions, 2);
  const MetricSpace space(Metric::kCosine, kDimensions);
  const InvertedLists one = ListsOf(space, rows, 20, 1), three = ListsOf(space, rows, 20, 3);
  CHECK(one.centroids == three.centroids);
  CHECK(one.offsets == three.offsets);
  CHECK(one.rows == three.rows);
}

TEST_CASE("lists: as many as rows, and of rows that are all equal", "[index]") {
  const MetricSpace space(Metric::kEuclidean, kDimensions);
  const Rows few(5, 6, kDimensions, 0);
  const InvertedLists each = ListsOf(space, few, 6);
  for (size_t list = 0; list < 6; ++list) CHECK(each.offsets[list] == list);
  Rng rng(1);
  const Rows equal(std::vector<std::vector<float>>(50, RandomVector(rng, kDimensions, 0)));
  const InvertedLists same = ListsOf(space, equal, 9);
  CHECK(same.offsets.back() == 50);
  for (const float x : same.centroids) CHECK(std::isfinite(x));
}

TEST_CASE("lists: the longest vectors there are", "[index]") {
  const auto metric =
      GENERATE(Metric::kCosine, Metric::kEuclidean, Metric::kDot, Metric::kManhattan);
  Rng rng(6);
  std::vector<std::vector<float>> vectors;
  for (int i = 0; i < 80; ++i) {
    vectors.push_back(RandomVector(rng, kDimensions, i % 3));
    for (float& x : vectors.back()) x *= i % 2 == 0 ? 2e16f : 1e-16f;
  }
  const InvertedLists made = ListsOf(MetricSpace(metric, kDimensions), Rows(vectors), 8);
  CHECK(made.offsets.back() == 80);
  for (const float x : made.centroids) CHECK(std::isfinite(x));
}

TEST_CASE("lists come closest first, and those of no distance last", "[index]") {
  const auto metric =
      GENERATE(Metric::kCosine, Metric::kEuclidean, Metric::kDot, Metric::kManhattan);
  const Rows rows(8, 400, kDimensions, 1);
  const MetricSpace space(metric, kDimensions);
  InvertedLists made = ListsOf(space, rows, 25);
  made.centroids[3 * kDimensions] = NAN;
  const Centroids centroids{made};
  ListOrder order(centroids, rows.Vector(11), rows.Scalar(11), space);
  std::set<uint32_t> seen;
  double before = -INFINITY;
  while (!order.empty()) {
    const uint32_t list = order.Next();
    REQUIRE(seen.insert(list).second);
    if (list == 3) {
      CHECK(order.empty());
      break;
    }
    const float* c = centroids.Centroid(list);
    double d = FromCentroid(metric, rows, 11, c);
    if (metric == Metric::kDot) {
      d = 0;
      for (size_t i = 0; i < kDimensions; ++i) d -= double{rows.Vector(11)[i]} * c[i];
    }
    CHECK(d >= before - 1e-4 * (1 + std::abs(d)));
    before = d;
  }
  CHECK(seen.size() == 25);
}

TEST_CASE("lists: as many and as many of them read as rows suggest", "[index]") {
  CHECK(DefaultLists(1) == 1);
  CHECK(DefaultLists(3) == 3);
  CHECK(DefaultLists(256) == 32);
  CHECK(DefaultLists(100'000) == 632);
  CHECK(DefaultLists(size_t{1} << 31) == kMaxLists);
  for (const size_t lists : {1, 2, 32, 632, 65536}) {
    CHECK(DefaultProbes(lists) >= 1);
    CHECK(DefaultProbes(lists) <= lists);
  }
}

}  // namespace ruvector::test
