// When measuring again may stop: what is left out must not belong among the closest.
#include "collection/reranking.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/random.h"
#include "support/catch.h"

namespace ruvector::test {
namespace {

struct Row {
  float estimate, distance;
};

// The first rows of a growing neighbourhood, as a codec with such errors ranks them.
std::vector<Row> Ranked(Rng& rng, size_t n, float deviation, float bias) {
  std::vector<Row> rows;
  float distance = 10;
  for (size_t i = 0; i < n; ++i) {
    distance += 0.1f * static_cast<float>(rng.Uniform());
    const float error = deviation * static_cast<float>(rng.Normal());
    rows.push_back({distance + bias + error, distance});
  }
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return a.estimate < b.estimate; });
  return rows;
}

size_t Measured(const std::vector<Row>& rows, size_t limit) {
  std::vector<float> room(limit);
  RerankBound bound(limit, room.data());
  size_t n = 0;
  for (; n < rows.size() && !bound.Beyond(rows[n].estimate); ++n)
    bound.Add(rows[n].estimate, rows[n].distance);
  return n;
}

}  // namespace

TEST_CASE("rows whose estimates are beyond the errors seen are not measured again", "[search]") {
  Rng rng(11);
  constexpr size_t kRows = 200, kRounds = 500;
  for (const size_t limit : {1, 10, 50}) {
    for (const float bias : {0.0f, -0.3f, 0.3f}) {
      size_t before = 0;
      for (const float deviation : {0.0f, 0.05f, 0.5f}) {
        size_t measured = 0, missed = 0;
        for (size_t round = 0; round < kRounds; ++round) {
          std::vector<Row> rows = Ranked(rng, kRows, deviation, bias);
          const size_t n = Measured(rows, limit);
          measured += n;
          std::vector<float> truth, found;
          for (size_t i = 0; i < rows.size(); ++i) {
            truth.push_back(rows[i].distance);
            if (i < n) found.push_back(rows[i].distance);
          }
          std::sort(truth.begin(), truth.end());
          std::sort(found.begin(), found.end());
          REQUIRE(found.size() >= limit);
          for (size_t i = 0; i < limit; ++i) missed += truth[i] != found[i];
        }
        CAPTURE(limit, bias, deviation, measured, missed);
        CHECK(missed * 1000 <= limit * kRounds);  // 0.1 %
        CHECK(measured > before);                 // the larger the errors, the more
        CHECK(measured < kRows * kRounds * 3 / 5);
        before = measured;
      }
    }
  }
}

TEST_CASE("rows that err alike do not end measuring again", "[search]") {
  // Copies of one vector, or rows of one tight group, have nearly one error, and show nothing of
  // those of other rows: here one that is closest, and was estimated to be farther.
  Rng rng(12);
  constexpr size_t kRounds = 2000;
  for (const float spread : {0.0f, 0.0001f}) {
    for (const size_t limit : {1, 10}) {
      size_t missed = 0;
      for (size_t round = 0; round < kRounds; ++round) {
        const float shared = 0.005f * static_cast<float>(rng.Normal());
        std::vector<Row> rows;
        for (int i = 0; i < 20; ++i) {
          const float apart = spread * static_cast<float>(rng.Uniform());
          rows.push_back({0.1f + apart, 0.1f + apart + shared});
        }
        std::sort(rows.begin(), rows.end(),
                  [](const Row& a, const Row& b) { return a.estimate < b.estimate; });
        rows.push_back({0.1f + 2 * spread + 0.0001f, 0.1f + shared - 0.001f});
        missed += Measured(rows, limit) < rows.size();
      }
      CAPTURE(spread, limit, missed);
      CHECK(missed * 100 <= (spread > 0 ? 2 : 0) * kRounds);
    }
  }
}

TEST_CASE("estimates that are no numbers are measured again", "[search]") {
  std::vector<float> room(10);
  RerankBound bound(10, room.data());
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(bound.Beyond(NAN));
    bound.Add(NAN, 1.0f + static_cast<float>(i));
  }
  CHECK_FALSE(bound.Beyond(1e30f));
}

}  // namespace ruvector::test
