// Rows that are the same on every machine: each comes from a seed of its own, so the first rows of
// a larger set are the smaller set, and what is drawn needs no function of the C library.
//
//   text       [dimensions], length 1: clusters in topics, few strong directions and many weak ones
//   sift-easy  [128], whole numbers 0 … 255, most of them small: image descriptors of few free
//   sift-hard  directions, and of many. hnswlib (M 16, efConstruction 200) needs efSearch 32 and 58
//              for a recall@10 of 0.95 in 100,000 rows (bench/README.md has what was measured).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace ruvector::bench {

/// Steele, Lea, Flood 2014, "Fast Splittable Pseudorandom Number Generators".
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u) { Next(); }
  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  size_t Below(size_t n) { return static_cast<size_t>(Next() % n); }
  /// Nearly normal: twelve uniform numbers of 16 bits added up.
  double Normal() {
    int64_t sum = 0;
    for (int i = 0; i < 3; ++i) {
      for (uint64_t bits = Next(), j = 0; j < 4; ++j, bits >>= 16)
        sum += static_cast<int64_t>(bits & 0xffff);
    }
    return static_cast<double>(sum - 12 * 32768 + 6) / 65536;
  }

 private:
  uint64_t state_;
};

/// Threads: Row may run concurrently.
class Generator {
 public:
  virtual ~Generator() = default;
  /// Row number `row` of stream 0 (the rows) or 1 (the queries), [dimensions].
  virtual void Row(uint64_t stream, uint64_t row, float* out) const = 0;

 protected:
  static Random RandomOf(uint64_t stream, uint64_t row) {
    return Random((stream << 40) + row + 1000);
  }
};

class TextLike : public Generator {
 public:
  explicit TextLike(size_t dimensions) : scale_(dimensions), clusters_(kClusters * dimensions) {
    Random random(4242);
    for (size_t j = 0; j < dimensions; ++j) scale_[j] = std::pow(static_cast<double>(j) + 2, -0.75);
    std::vector<double> topics(kTopics * dimensions);
    for (size_t i = 0; i < topics.size(); ++i) topics[i] = scale_[i % dimensions] * random.Normal();
    for (size_t c = 0; c < kClusters; ++c) {
      const double* topic = &topics[random.Below(kTopics) * dimensions];
      for (size_t j = 0; j < dimensions; ++j)
        clusters_[c * dimensions + j] = 0.6 * topic[j] + 0.7 * scale_[j] * random.Normal();
    }
  }
  void Row(uint64_t stream, uint64_t row, float* out) const override {
    const size_t d = scale_.size();
    Random random = RandomOf(stream, row);
    const double* cluster = &clusters_[random.Below(kClusters) * d];
    double norm = 0;
    for (size_t j = 0; j < d; ++j) {
      const double x = cluster[j] + 0.8 * scale_[j] * random.Normal();
      out[j] = static_cast<float>(x);
      norm += x * x;
    }
    const double factor = 1 / std::sqrt(norm);
    for (size_t j = 0; j < d; ++j) out[j] = static_cast<float>(out[j] * factor);
  }

 private:
  static constexpr size_t kTopics = 48, kClusters = 3000;
  std::vector<double> scale_, clusters_;
};

/// A point of a few free directions around a cluster's centre, spread over 128 values of which
/// what is negative is cut off, as the bins of a histogram of gradients are.
class SiftLike : public Generator {
 public:
  static constexpr size_t kDimensions = 128;

  SiftLike(size_t directions, size_t clusters, double spread, double noise)
      : directions_(directions),
        spread_(spread),
        noise_(noise),
        mix_(kDimensions * directions),
        offset_(kDimensions),
        centers_(clusters * directions) {
    Random random(128);
    const double share = 1 / std::sqrt(static_cast<double>(directions));
    for (double& x : mix_) x = share * random.Normal();
    for (double& x : offset_) x = 0.3 * random.Normal();
    for (double& x : centers_) x = random.Normal();
  }
  void Row(uint64_t stream, uint64_t row, float* out) const override {
    Random random = RandomOf(stream, row);
    const double* center = &centers_[random.Below(centers_.size() / directions_) * directions_];
    std::vector<double> point(directions_);
    for (size_t k = 0; k < directions_; ++k) point[k] = center[k] + spread_ * random.Normal();
    for (size_t j = 0; j < kDimensions; ++j) {
      double x = offset_[j] + noise_ * random.Normal();
      for (size_t k = 0; k < directions_; ++k) x += mix_[j * directions_ + k] * point[k];
      const double scaled = 60 * x + 10;
      out[j] = static_cast<float>(scaled <= 0 ? 0 : scaled >= 255 ? 255 : std::floor(scaled));
    }
  }

 private:
  size_t directions_;
  double spread_, noise_;
  std::vector<double> mix_, offset_, centers_;
};

inline std::unique_ptr<Generator> NewGenerator(const std::string& kind, size_t dimensions) {
  if (kind == "text") return std::make_unique<TextLike>(dimensions);
  if (dimensions != SiftLike::kDimensions)
    throw std::invalid_argument("kind " + kind + " has 128 dimensions, or there is no such kind");
  if (kind == "sift-easy") return std::make_unique<SiftLike>(23, 4000, 0.72, 0.1);
  if (kind == "sift-hard") return std::make_unique<SiftLike>(30, 10000, 0.8, 0.15);
  throw std::invalid_argument("kind " + kind + ": expected text, sift-easy or sift-hard");
}

}  // namespace ruvector::bench
