// Rows to learn from, and estimates against distances in double.
#pragma once

#include <cmath>
#include <cstring>
#include <vector>

#include "core/random.h"
#include "quant/codec.h"
#include "support/catch.h"

namespace ruvector::test {

inline double Dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

inline double Exact(Metric metric, const std::vector<float>& a, const std::vector<float>& b) {
  double l2 = 0, l1 = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = double{a[i]} - b[i];
    l2 += difference * difference;
    l1 += std::abs(difference);
  }
  switch (metric) {
    case Metric::kCosine:
      return 1 - Dot(a, b) / std::sqrt(Dot(a, a)) / std::sqrt(Dot(b, b));
    case Metric::kEuclidean:
      return l2;
    case Metric::kDot:
      return -Dot(a, b);
    case Metric::kManhattan:
      return l1;
  }
  return 0;
}

inline float ScalarOf(const std::vector<float>& v) {
  return static_cast<float>(1 / std::sqrt(Dot(v, v)));
}

// As unlike as what users bring: centred, all of one sign, with few large values.
inline std::vector<float> RandomVector(Rng& rng, size_t dimensions, int kind) {
  std::vector<float> v(dimensions);
  for (float& x : v) {
    const double g = rng.Normal();
    x = static_cast<float>(kind == 0 ? g : kind == 1 ? 2 + g : g * g * g);
  }
  return v;
}

class Rows : public TrainingRows {
 public:
  explicit Rows(std::vector<std::vector<float>> vectors) : vectors_(std::move(vectors)) {
    for (const auto& v : vectors_) scalars_.push_back(Dot(v, v) > 0 ? ScalarOf(v) : 0);
  }
  Rows(uint64_t seed, size_t count, size_t dimensions, int kind)
      : Rows(Random(seed, count, dimensions, kind)) {}

  size_t rows() const override { return vectors_.size(); }
  const float* Vector(size_t row) const override { return vectors_[row].data(); }
  float Scalar(size_t row) const override { return scalars_[row]; }
  const std::vector<float>& Row(size_t row) const { return vectors_[row]; }

 private:
  static std::vector<std::vector<float>> Random(uint64_t seed, size_t count, size_t dimensions,
                                                int kind) {
    Rng rng(seed);
    std::vector<std::vector<float>> vectors;
    for (size_t r = 0; r < count; ++r) vectors.push_back(RandomVector(rng, dimensions, kind));
    return vectors;
  }
  std::vector<std::vector<float>> vectors_;
  std::vector<float> scalars_;
};

inline std::vector<double> MeanOf(const Rows& rows, Metric metric) {
  std::vector<double> mean(rows.Row(0).size());
  for (size_t r = 0; r < rows.rows(); ++r) {
    for (size_t i = 0; i < mean.size(); ++i) {
      mean[i] += rows.Row(r)[i] * (metric == Metric::kCosine ? double{rows.Scalar(r)} : 1.0) /
                 static_cast<double>(rows.rows());
    }
  }
  return mean;
}

inline std::unique_ptr<Codec> Finish(std::unique_ptr<CodecLearner> learner, size_t threads = 1) {
  while (learner->Step(threads)) {
  }
  return learner->Take();
}

inline std::vector<uint8_t> Encoded(const Codec& codec, const std::vector<float>& v) {
  std::vector<uint8_t> row(codec.row_bytes());
  codec.Encode(v.data(), Dot(v, v) > 0 ? ScalarOf(v) : 0, row.data());
  return row;
}

inline double Estimate(const Codec& codec, const CodedQuery& query, const std::vector<float>& v) {
  const std::vector<uint8_t> row = Encoded(codec, v);
  const uint8_t* rows[] = {row.data()};
  float estimate = NAN;
  query.Distances(rows, nullptr, 1, &estimate);
  return estimate;
}

}  // namespace ruvector::test
