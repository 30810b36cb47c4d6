#include "quant/k_means.h"

#include <algorithm>
#include <limits>

#include "quant/code_math.h"

namespace ruvector {
namespace {

constexpr int kMostRounds = 12;
// A round that takes away less than this share of the error is the last.
constexpr double kLeastGain = 0.002;

}  // namespace

KMeans::KMeans(std::vector<float> points, size_t width, size_t k, uint64_t seed)
    : points_(std::move(points)),
      n_(points_.size() / width),
      padded_(PaddedTo(n_, kCentroidPadding)),
      k_(k),
      columns_(width * padded_),
      rng_(seed),
      codebook_{width, PaddedTo(k, kCentroidPadding), {}},
      distances_(padded_),
      nearest_(n_, std::numeric_limits<float>::max()) {
  codebook_.values.resize(width * codebook_.count);
  for (size_t p = 0; p < n_; ++p) {
    for (size_t i = 0; i < width; ++i) columns_[i * padded_ + p] = points_[p * width + i];
  }
}

void KMeans::Put(size_t centroid, const double* values) {
  for (size_t i = 0; i < codebook_.width; ++i) {
    float* row = codebook_.values.data() + i * codebook_.count;
    row[centroid] = static_cast<float>(values[i]);
    for (size_t c = k_; centroid == 0 && c < codebook_.count; ++c) row[c] = row[0];
  }
}

// A point, each as likely as its squared distance to the centroids there are.
void KMeans::Seed() {
  const size_t width = codebook_.width;
  double sum = 0;
  for (const float d : nearest_) sum += d;
  size_t chosen = static_cast<size_t>(rng_.Below(n_));
  if (seeded_ > 0 && sum > 0) {
    double left = rng_.Uniform() * sum;
    for (size_t p = 0; p < n_; ++p) {
      if (!(nearest_[p] > 0)) continue;
      chosen = p;
      left -= nearest_[p];
      if (left < 0) break;
    }
  }
  const float* x = points_.data() + chosen * width;
  const std::vector<double> values(x, x + width);
  Put(seeded_, values.data());
  BestCentroidKernels().l2_squared(x, columns_.data(), width, padded_, distances_.data());
  for (size_t p = 0; p < n_; ++p) nearest_[p] = std::min(nearest_[p], distances_[p]);
  ++seeded_;
}

bool KMeans::Round() {
  const size_t width = codebook_.width;
  std::vector<double> sums(k_ * width);
  std::vector<size_t> sizes(k_);
  double error = 0;
  for (size_t p = 0; p < n_; ++p) {
    const float* x = points_.data() + p * width;
    const size_t c = codebook_.Closest(x, &nearest_[p]);
    error += nearest_[p];
    ++sizes[c];
    for (size_t i = 0; i < width; ++i) sums[c * width + i] += x[i];
  }
  for (size_t c = 0; c < k_; ++c) {
    double* values = sums.data() + c * width;
    if (sizes[c] > 0) {
      for (size_t i = 0; i < width; ++i) values[i] /= static_cast<double>(sizes[c]);
    } else {
      // It goes to the point that is farthest from its own.
      const auto farthest = std::max_element(nearest_.begin(), nearest_.end());
      const float* x = points_.data() + static_cast<size_t>(farthest - nearest_.begin()) * width;
      std::copy(x, x + width, values);
      *farthest = 0;
    }
    Put(c, values);
  }
  const bool gains = ++rounds_ == 1 || error < error_ * (1 - kLeastGain);
  error_ = error;
  return gains && rounds_ < kMostRounds;
}

bool KMeans::Step() {
  if (done_) return false;
  constexpr size_t kSeedsAtOnce = 32;
  if (seeded_ < k_) {
    for (size_t i = 0; i < kSeedsAtOnce && seeded_ < k_; ++i) Seed();
    return true;
  }
  done_ = !Round();
  return !done_;
}

}  // namespace ruvector
