#include "query/principal_axes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"
#include "simd/distance.h"

namespace ruvector {
namespace {

// Directions that are turned together: the two, and others so that they part sooner from the rest.
constexpr size_t kBlock = 8;
constexpr int kMostRounds = 40;
// Of what the two explain, from one round to the next: their error is about its root.
constexpr double kSettled = 1e-7;
// Of a length, what is only rounding.
constexpr double kNothing = 1e-6;
constexpr int kMostSweeps = 30;

/// Eigenvectors of a symmetric matrix [n × n] by Jacobi's rotations, the largest eigenvalue first:
/// vectors [n × n], one a row. Source: Golub & Van Loan, "Matrix Computations", section 8.5.
struct Eigen {
  std::vector<double> values, vectors;
};
Eigen Diagonalize(std::vector<double> a, size_t n) {
  std::vector<double> v(n * n, 0);
  for (size_t i = 0; i < n; ++i) v[i * n + i] = 1;
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    double off = 0, all = 0;
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) (i == j ? all : off) += a[i * n + j] * a[i * n + j];
    }
    if (!(off > 1e-30 * all)) break;
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) {
        if (a[p * n + q] == 0) continue;
        const double theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
        const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        for (size_t k = 0; k < n; ++k) {
          const double x = a[k * n + p], y = a[k * n + q];
          a[k * n + p] = c * x - s * y;
          a[k * n + q] = s * x + c * y;
        }
        for (size_t k = 0; k < n; ++k) {
          const double x = a[p * n + k], y = a[q * n + k];
          a[p * n + k] = c * x - s * y;
          a[q * n + k] = s * x + c * y;
          const double e = v[p * n + k], f = v[q * n + k];
          v[p * n + k] = c * e - s * f;
          v[q * n + k] = s * e + c * f;
        }
      }
    }
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t i, size_t j) { return a[i * n + i] > a[j * n + j]; });
  Eigen sorted;
  for (const size_t i : order) {
    sorted.values.push_back(a[i * n + i]);
    sorted.vectors.insert(sorted.vectors.end(), v.begin() + static_cast<long>(i * n),
                          v.begin() + static_cast<long>((i + 1) * n));
  }
  return sorted;
}

/// `count` rows of a matrix, turned by an orthogonal one [count × count].
void Turn(std::vector<float>& rows, size_t count, const std::vector<double>& by) {
  const size_t n = rows.size() / count;
  std::vector<float> turned(rows.size(), 0.0f);
  for (size_t i = 0; i < count; ++i) {
    float* to = &turned[i * n];
    for (size_t j = 0; j < count; ++j) {
      const float factor = static_cast<float>(by[i * count + j]);
      const float* from = &rows[j * n];
      for (size_t k = 0; k < n; ++k) to[k] += factor * from[k];
    }
  }
  rows = std::move(turned);
}

class SubspaceIteration {
 public:
  SubspaceIteration(std::vector<float> rows, size_t dimensions, uint64_t seed)
      : kernels_(BestKernels()),
        rows_(std::move(rows)),
        dimensions_(dimensions),
        count_(rows_.size() / dimensions),
        block_(std::min(kBlock, dimensions)) {
    Center();
    columns_.resize(rows_.size());
    for (size_t i = 0; i < count_; ++i) {
      for (size_t j = 0; j < dimensions_; ++j)
        columns_[j * count_ + i] = rows_[i * dimensions_ + j];
    }
    Rng random(seed);
    directions_.resize(block_ * dimensions_);
    for (float& x : directions_) x = static_cast<float>(random.Normal());
    Orthonormalize();
  }

  PrincipalAxes Run(const Interrupt& interrupt) {
    double before = 0;
    for (int round = 0;; ++round) {
      interrupt.Check();
      Project();
      const double found = values_[0] + (block_ > 1 ? values_[1] : 0);
      if (round == kMostRounds || std::abs(found - before) <= kSettled * found) break;
      before = found;
      // Directions that all rows together pull at.
      for (size_t k = 0; k < block_; ++k) {
        for (size_t j = 0; j < dimensions_; ++j)
          directions_[k * dimensions_ + j] =
              kernels_.dot(&columns_[j * count_], &projected_[k * count_], count_);
      }
      Orthonormalize();
    }
    return Result();
  }

 private:
  // The mean becomes 0, and the values small: squares of what users may insert overflow.
  void Center() {
    float largest = 0;
    for (const float x : rows_) largest = std::max(largest, std::abs(x));
    scale_ = largest > 0 ? largest : 1;
    mean_.assign(dimensions_, 0.0);
    for (size_t i = 0; i < count_; ++i) {
      for (size_t j = 0; j < dimensions_; ++j) mean_[j] += rows_[i * dimensions_ + j];
    }
    for (double& x : mean_) x /= static_cast<double>(count_);
    double squares = 0;
    for (size_t i = 0; i < count_; ++i) {
      for (size_t j = 0; j < dimensions_; ++j) {
        float& x = rows_[i * dimensions_ + j];
        squares += (x / scale_) * (x / scale_);
        x = static_cast<float>((x - mean_[j]) / scale_);
        variance_ += static_cast<double>(x) * x;
      }
    }
    if (!(variance_ <= kNothing * kNothing * squares)) return;  // no number passes on
    variance_ = 0;
    std::fill(rows_.begin(), rows_.end(), 0.0f);
  }

  // Gram and Schmidt, twice: once leaves errors where directions nearly coincide.
  void Orthonormalize() {
    for (size_t k = 0; k < block_; ++k) {
      float* d = &directions_[k * dimensions_];
      const float whole = kernels_.dot(d, d, dimensions_);
      for (size_t i = 0; i < 2 * k; ++i) {
        const float* other = &directions_[i % k * dimensions_];
        const float along = kernels_.dot(d, other, dimensions_);
        for (size_t j = 0; j < dimensions_; ++j) d[j] -= along * other[j];
      }
      const float left = kernels_.dot(d, d, dimensions_);
      // What is left of a direction that the others span is rounding.
      const float factor = left > kNothing * kNothing * whole ? 1 / std::sqrt(left) : 0.0f;
      for (size_t j = 0; j < dimensions_; ++j) d[j] *= factor;
    }
  }

  // Rows onto the directions, and these turned so that they stand in order of their variance.
  void Project() {
    projected_.resize(block_ * count_);
    for (size_t i = 0; i < count_; ++i) {
      for (size_t k = 0; k < block_; ++k)
        projected_[k * count_ + i] =
            kernels_.dot(&rows_[i * dimensions_], &directions_[k * dimensions_], dimensions_);
    }
    std::vector<double> inner(block_ * block_);
    for (size_t i = 0; i < block_; ++i) {
      for (size_t j = 0; j <= i; ++j) {
        inner[i * block_ + j] = inner[j * block_ + i] =
            kernels_.dot(&projected_[i * count_], &projected_[j * count_], count_);
      }
    }
    const Eigen eigen = Diagonalize(std::move(inner), block_);
    values_ = eigen.values;
    Turn(directions_, block_, eigen.vectors);
    Turn(projected_, block_, eigen.vectors);
  }

  PrincipalAxes Result() const {
    PrincipalAxes result;
    result.axes.assign(2 * dimensions_, 0.0f);
    for (size_t k = 0; k < std::min<size_t>(2, block_); ++k) {
      if (values_[k] <= kNothing * kNothing * variance_) break;
      const float* direction = &directions_[k * dimensions_];
      const float* peak =
          std::max_element(direction, direction + dimensions_,
                           [](float a, float b) { return std::abs(a) < std::abs(b); });
      double origin = 0;
      for (size_t j = 0; j < dimensions_; ++j) {
        const float x = *peak < 0 ? -direction[j] : direction[j];
        result.axes[k * dimensions_ + j] = x;
        origin += mean_[j] * x;
      }
      result.origin[k] = static_cast<float>(origin);
      result.explained[k] = static_cast<float>(std::min(1.0, values_[k] / variance_));
    }
    return result;
  }

  const DistanceKernels& kernels_;
  std::vector<float> rows_;  // [count × dimensions]
  size_t dimensions_, count_, block_;
  std::vector<float> columns_;  // [dimensions × count]
  std::vector<double> mean_;
  float scale_ = 1;
  double variance_ = 0;            // of all rows together, scaled
  std::vector<float> directions_;  // [block × dimensions]
  std::vector<float> projected_;   // [block × count]
  std::vector<double> values_;     // [block]
};

}  // namespace

PrincipalAxes FindPrincipalAxes(std::vector<float> rows, size_t dimensions, uint64_t seed,
                                const Interrupt& interrupt) {
  if (rows.size() < dimensions) {
    PrincipalAxes nothing;
    nothing.axes.assign(2 * dimensions, 0.0f);
    return nothing;
  }
  return SubspaceIteration(std::move(rows), dimensions, seed).Run(interrupt);
}

}  // namespace ruvector
