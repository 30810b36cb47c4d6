#include "index/list_builder.h"

#include <cmath>

#include "core/parallel.h"
#include "core/random.h"

namespace ruvector {
namespace {

// More rows than this for each centroid move it little.
constexpr size_t kRowsPerCentroid = 40;
constexpr int kMostRounds = 8;
// A round that takes away less than this share of the error is the last.
constexpr double kLeastGain = 0.005;
// Products of coordinates that a thread takes in one step: some milliseconds.
constexpr size_t kProductsPerStep = size_t{1} << 25;

}  // namespace

size_t DefaultLists(size_t rows) {
  const double root = std::sqrt(static_cast<double>(rows));
  return std::clamp<size_t>(static_cast<size_t>(2 * root), 1, std::min(rows, kMaxLists));
}

size_t DefaultProbes(size_t lists) {
  const double root = std::sqrt(static_cast<double>(lists));
  return std::min(lists, static_cast<size_t>(std::ceil(1.75 * root)));
}

ListBuilder::ListBuilder(const MetricSpace& space, const TrainingRows& rows, size_t lists,
                         uint64_t seed)
    : space_(space), rows_(rows), lists_(lists), seed_(seed) {}

size_t ListBuilder::Slice(size_t threads) const {
  return std::max<size_t>(kProductsPerStep / (lists_ * space_.dimensions()), 1) *
         std::max<size_t>(threads, 1);
}

// Rows, each as likely, none twice; the first of them are the first centroids.
void ListBuilder::Sample() {
  const size_t n = rows_.rows(), width = space_.dimensions();
  const size_t wanted = std::min(n, lists_ * kRowsPerCentroid);
  sample_.resize(n);
  for (size_t i = 0; i < n; ++i) sample_[i] = static_cast<Slot>(i);
  Rng rng(seed_);
  for (size_t i = 0; i < wanted; ++i)
    std::swap(sample_[i], sample_[i + static_cast<size_t>(rng.Below(n - i))]);
  sample_.resize(wanted);
  sample_.shrink_to_fit();
  closest_.resize(wanted);
  distances_.resize(wanted);
  half_norms_.resize(lists_);
  made_.centroids.resize(lists_ * width);
  for (size_t c = 0; c < lists_; ++c) {
    const float* v = rows_.Vector(sample_[c]);
    const float scale = space_.metric() == Metric::kCosine ? rows_.Scalar(sample_[c]) : 1.0f;
    for (size_t i = 0; i < width; ++i) made_.centroids[c * width + i] = v[i] * scale;
  }
  MeasureCentroids();
}

void ListBuilder::MeasureCentroids() {
  const size_t width = space_.dimensions();
  for (size_t c = 0; c < lists_; ++c) {
    const float* v = made_.centroids.data() + c * width;
    half_norms_[c] = space_.kernels().dot(v, v, width) / 2;
  }
}

uint32_t ListBuilder::Closest(size_t row, float* distance) const {
  const size_t width = space_.dimensions();
  const DistanceKernels& kernels = space_.kernels();
  const float* v = rows_.Vector(row);
  const float scalar = rows_.Scalar(row);
  float least = std::numeric_limits<float>::infinity();
  uint32_t best = 0;
  const auto choose = [&](const auto& measure) {
    for (size_t c = 0; c < lists_; ++c) {
      const float d = measure(c, made_.centroids.data() + c * width);
      if (!(d < least)) continue;
      least = d;
      best = static_cast<uint32_t>(c);
    }
  };
  switch (space_.metric()) {
    case Metric::kCosine:
      // |v / |v| - c|² = 1 - 2 <v, c> / |v| + |c|²
      choose([&](size_t c, const float* at) {
        return half_norms_[c] - scalar * kernels.dot(v, at, width);
      });
      least = std::max(1 + 2 * least, 0.0f);
      break;
    case Metric::kEuclidean:
    case Metric::kDot:
      choose([&](size_t, const float* at) { return kernels.l2_squared(v, at, width); });
      break;
    case Metric::kManhattan:
      choose([&](size_t, const float* at) { return kernels.l1(v, at, width); });
      break;
  }
  *distance = least;
  return best;
}

// Centroids move into the middle of the rows closest to them; false when they are good enough.
bool ListBuilder::EndRound() {
  const size_t width = space_.dimensions();
  std::vector<double> sums(lists_ * width);
  std::vector<size_t> sizes(lists_);
  double error = 0;
  for (size_t i = 0; i < sample_.size(); ++i) {
    const float* v = rows_.Vector(sample_[i]);
    const double scale = space_.metric() == Metric::kCosine ? rows_.Scalar(sample_[i]) : 1.0;
    double* sum = sums.data() + closest_[i] * width;
    for (size_t d = 0; d < width; ++d) sum[d] += scale * v[d];
    ++sizes[closest_[i]];
    error += distances_[i];
  }
  for (size_t c = 0; c < lists_; ++c) {
    float* centroid = made_.centroids.data() + c * width;
    if (sizes[c] > 0) {
      const double share = 1 / static_cast<double>(sizes[c]);
      for (size_t d = 0; d < width; ++d)
        centroid[d] = static_cast<float>(sums[c * width + d] * share);
      continue;
    }
    // It goes to the row that is farthest from its own.
    const auto farthest = std::max_element(distances_.begin(), distances_.end());
    const Slot row = sample_[static_cast<size_t>(farthest - distances_.begin())];
    const float scale = space_.metric() == Metric::kCosine ? rows_.Scalar(row) : 1.0f;
    for (size_t d = 0; d < width; ++d) centroid[d] = rows_.Vector(row)[d] * scale;
    *farthest = 0;
  }
  MeasureCentroids();
  const bool gains = ++rounds_ == 1 || error < error_ * (1 - kLeastGain);
  error_ = error;
  return gains && rounds_ < kMostRounds;
}

// Counting sort of the rows by their lists.
void ListBuilder::MakeLists() {
  made_.offsets.assign(lists_ + 1, 0);
  for (const uint32_t list : closest_) ++made_.offsets[list + 1];
  for (size_t c = 0; c < lists_; ++c) made_.offsets[c + 1] += made_.offsets[c];
  made_.rows.resize(closest_.size());
  std::vector<uint32_t> next(made_.offsets.begin(), made_.offsets.end() - 1);
  for (size_t row = 0; row < closest_.size(); ++row)
    made_.rows[next[closest_[row]]++] = static_cast<Slot>(row);
}

bool ListBuilder::Step(size_t threads) {
  if (sample_.empty() && !learned_) {
    Sample();
    return true;
  }
  const size_t all = learned_ ? rows_.rows() : sample_.size();
  const size_t end = std::min(at_ + Slice(threads), all);
  ParallelFor(threads, at_, end, [this](size_t i) {
    float distance;
    closest_[i] = Closest(learned_ ? i : sample_[i], learned_ ? &distance : &distances_[i]);
  });
  at_ = end;
  if (at_ < all) return true;
  at_ = 0;
  if (learned_) {
    MakeLists();
    return false;
  }
  if (EndRound()) return true;
  learned_ = true;
  closest_.resize(rows_.rows());
  sample_ = {};
  distances_ = {};
  return true;
}

}  // namespace ruvector
