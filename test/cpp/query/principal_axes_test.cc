// The two directions in which rows differ most, against eigenvectors of the covariance in double.
#include "query/principal_axes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.h"
#include "support/catch.h"

namespace ruvector::test {
namespace {

struct Truth {
  std::vector<double> mean;
  std::vector<std::vector<double>> axes;
  std::vector<double> explained;
};

// By the power method, thousands of rounds of it, and taking out what was found.
Truth TrueAxes(const std::vector<float>& rows, size_t dimensions) {
  const size_t n = rows.size() / dimensions;
  Truth truth;
  truth.mean.assign(dimensions, 0);
  for (size_t i = 0; i < rows.size(); ++i)
    truth.mean[i % dimensions] += rows[i] / static_cast<double>(n);
  std::vector<double> covariance(dimensions * dimensions, 0);
  for (size_t r = 0; r < n; ++r) {
    for (size_t i = 0; i < dimensions; ++i) {
      for (size_t j = 0; j < dimensions; ++j)
        covariance[i * dimensions + j] +=
            (rows[r * dimensions + i] - truth.mean[i]) * (rows[r * dimensions + j] - truth.mean[j]);
    }
  }
  double trace = 0;
  for (size_t i = 0; i < dimensions; ++i) trace += covariance[i * dimensions + i];
  for (int k = 0; k < 2; ++k) {
    std::vector<double> v(dimensions);
    for (size_t i = 0; i < dimensions; ++i) v[i] = std::cos(static_cast<double>(i + 1));
    double value = 0;
    for (int round = 0; round < 5000; ++round) {
      std::vector<double> next(dimensions, 0);
      for (size_t i = 0; i < dimensions; ++i) {
        for (size_t j = 0; j < dimensions; ++j) next[i] += covariance[i * dimensions + j] * v[j];
      }
      value = 0;
      for (const double x : next) value += x * x;
      value = std::sqrt(value);
      for (size_t i = 0; i < dimensions; ++i) v[i] = next[i] / value;
    }
    for (size_t i = 0; i < dimensions; ++i) {
      for (size_t j = 0; j < dimensions; ++j) covariance[i * dimensions + j] -= value * v[i] * v[j];
    }
    truth.axes.push_back(v);
    truth.explained.push_back(value / trace);
  }
  return truth;
}

// Rows whose values have the spreads 3, 2, 1, 1/2, 1/3 … along directions at right angles to each
// other, around a mean.
std::vector<float> Rows(uint64_t seed, size_t n, size_t dimensions, double size) {
  Rng rng(seed);
  std::vector<std::vector<double>> directions;
  while (directions.size() < dimensions) {
    std::vector<double> d(dimensions);
    for (double& x : d) x = rng.Normal();
    for (int twice = 0; twice < 2; ++twice) {
      for (const auto& other : directions) {
        double along = 0;
        for (size_t i = 0; i < dimensions; ++i) along += d[i] * other[i];
        for (size_t i = 0; i < dimensions; ++i) d[i] -= along * other[i];
      }
      double length = 0;
      for (const double x : d) length += x * x;
      for (double& x : d) x /= std::sqrt(length);
    }
    directions.push_back(d);
  }
  std::vector<float> rows;
  for (size_t r = 0; r < n; ++r) {
    std::vector<double> row(dimensions, 0.7);
    for (size_t k = 0; k < dimensions; ++k) {
      const double spread = k < 2 ? 3.0 - static_cast<double>(k) : 1.0 / static_cast<double>(k - 1);
      const double along = spread * rng.Normal();
      for (size_t i = 0; i < dimensions; ++i) row[i] += along * directions[k][i];
    }
    for (const double x : row) rows.push_back(static_cast<float>(x * size));
  }
  return rows;
}

double Dot(const float* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

TEST_CASE("principal axes: those of the covariance, whatever the size of the values", "[query]") {
  const size_t dimensions = GENERATE(2, 3, 7, 40);
  const double size = GENERATE(1.0, 1e-15, 1e17);
  const std::vector<float> rows = Rows(dimensions, 500, dimensions, size);
  const Truth truth = TrueAxes(rows, dimensions);
  const PrincipalAxes found = FindPrincipalAxes(rows, dimensions, 1, {});
  REQUIRE(found.axes.size() == 2 * dimensions);
  for (size_t k = 0; k < 2; ++k) {
    CAPTURE(dimensions, size, k);
    const float* axis = &found.axes[k * dimensions];
    REQUIRE(std::abs(std::abs(Dot(axis, truth.axes[k].data(), dimensions)) - 1) < 1e-5);
    REQUIRE(std::abs(found.explained[k] - truth.explained[k]) < 1e-5);
    REQUIRE(std::abs(found.origin[k] - Dot(axis, truth.mean.data(), dimensions)) < 1e-5 * size);
    const auto closer = [](float a, float b) { return std::abs(a) < std::abs(b); };
    REQUIRE(*std::max_element(axis, axis + dimensions, closer) > 0);
  }
  const PrincipalAxes again = FindPrincipalAxes(rows, dimensions, 1, {});
  REQUIRE(again.axes == found.axes);
}

TEST_CASE("principal axes: none where rows do not differ", "[query]") {
  const auto is_zero = [](float x) { return x == 0; };
  const size_t dimensions = GENERATE(1, 5, 100);
  for (const size_t n : {0, 1, 2, 9}) {
    CAPTURE(dimensions, n);
    const std::vector<float> rows(n * dimensions, 0.1f);
    const PrincipalAxes found = FindPrincipalAxes(rows, dimensions, 1, {});
    REQUIRE(found.axes.size() == 2 * dimensions);
    REQUIRE(std::all_of(found.axes.begin(), found.axes.end(), is_zero));
    REQUIRE(found.explained[0] == 0);
  }
  // On a line there is one.
  std::vector<float> line;
  for (size_t r = 0; r < 50; ++r) {
    for (size_t i = 0; i < dimensions; ++i)
      line.push_back(static_cast<float>(r) * static_cast<float>(i + 1));
  }
  const PrincipalAxes found = FindPrincipalAxes(line, dimensions, 1, {});
  REQUIRE(std::abs(found.explained[0] - 1) < 1e-5);
  REQUIRE(found.explained[1] == 0);
  REQUIRE(
      std::all_of(found.axes.begin() + static_cast<long>(dimensions), found.axes.end(), is_zero));
  double length = 0;
  for (const float x : found.axes) length += x * x;
  REQUIRE(std::abs(length - 1) < 1e-5);
}

TEST_CASE("principal axes: what is no number stays none, and the call can be ended", "[query]") {
  std::vector<float> rows = Rows(5, 20, 6, 1);
  rows[17] = std::numeric_limits<float>::quiet_NaN();
  const PrincipalAxes found = FindPrincipalAxes(rows, 6, 1, {});
  REQUIRE(std::isnan(found.origin[0]));
  Interrupt interrupt;
  interrupt.cancelled = std::make_shared<std::atomic<bool>>(true);
  REQUIRE_THROWS_AS(FindPrincipalAxes(rows, 6, 1, interrupt), Error);
}

}  // namespace ruvector::test
