#include "quant/product_codec.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "core/coding.h"
#include "core/parallel.h"
#include "quant/k_means.h"

namespace ruvector {
namespace {

// Rows to learn from, for each centroid.
constexpr size_t kRowsPerCentroid = 64;
constexpr size_t kHalf = 16;  // centroids that half a byte tells apart

size_t BeginOf(size_t place, size_t dimensions, size_t subspaces) {
  return place * dimensions / subspaces;
}

class ProductCodec : public Codec {
 public:
  ProductCodec(Metric metric, size_t dimensions, size_t k, std::vector<Codebook> codebooks)
      : metric_(metric), dimensions_(dimensions), k_(k), codebooks_(std::move(codebooks)) {}

  size_t row_bytes() const override { return halves() ? (places() + 1) / 2 : places(); }
  void Encode(const float* vector, float scalar, uint8_t* row) const override;
  void Decode(const uint8_t* row, float* vector) const override;
  std::unique_ptr<CodedQuery> NewQuery() const override;
  bool IsCodeOf(const uint8_t* row, const float* vector, float scalar) const override;
  std::string Parameters() const override;

  Metric metric() const { return metric_; }
  size_t dimensions() const { return dimensions_; }
  size_t places() const { return codebooks_.size(); }
  bool halves() const { return k_ <= kHalf; }
  size_t table_width() const { return halves() ? kHalf : kMostCentroids; }
  const Codebook& codebook(size_t place) const { return codebooks_[place]; }

 private:
  size_t Code(const uint8_t* row, size_t place) const {
    return halves() ? row[place / 2] >> (place % 2 * 4) & 15 : row[place];
  }
  std::vector<float> Scaled(const float* vector, float scalar) const {
    const float factor = metric_ == Metric::kCosine ? scalar : 1.0f;
    std::vector<float> scaled(vector, vector + dimensions_);
    for (float& x : scaled) x *= factor;
    return scaled;
  }

  Metric metric_;
  size_t dimensions_, k_;
  std::vector<Codebook> codebooks_;  // by place
};

void ProductCodec::Encode(const float* vector, float scalar, uint8_t* row) const {
  const std::vector<float> scaled = Scaled(vector, scalar);
  std::fill_n(row, row_bytes(), uint8_t{0});
  const float* x = scaled.data();
  for (size_t place = 0; place < places(); ++place) {
    float distance;
    const size_t code = codebooks_[place].Closest(x, &distance);
    if (halves()) {
      row[place / 2] = static_cast<uint8_t>(row[place / 2] | code << (place % 2 * 4));
    } else {
      row[place] = static_cast<uint8_t>(code);
    }
    x += codebooks_[place].width;
  }
}

void ProductCodec::Decode(const uint8_t* row, float* vector) const {
  for (size_t place = 0; place < places(); ++place) {
    const Codebook& codebook = codebooks_[place];
    const size_t code = std::min(Code(row, place), k_ - 1);
    for (size_t i = 0; i < codebook.width; ++i)
      *vector++ = codebook.values[i * codebook.count + code];
  }
}

// No centroid is closer than the coded ones, but for rounding.
bool ProductCodec::IsCodeOf(const uint8_t* row, const float* vector, float scalar) const {
  const std::vector<float> scaled = Scaled(vector, scalar);
  const float* x = scaled.data();
  for (size_t place = 0; place < places(); ++place) {
    const Codebook& codebook = codebooks_[place];
    const size_t code = Code(row, place);
    if (code >= k_) return false;
    float least;
    codebook.Closest(x, &least);
    double distance = 0, squares = 0;
    for (size_t i = 0; i < codebook.width; ++i) {
      const double difference = double{x[i]} - codebook.values[i * codebook.count + code];
      distance += difference * difference;
      squares += double{x[i]} * x[i];
    }
    // In floats the squares of the smallest numbers are nothing.
    const double nothing = static_cast<double>(codebook.width) * std::numeric_limits<float>::min();
    if (!(distance <= least * 1.001 + squares * 1e-6 + nothing)) return false;
    x += codebook.width;
  }
  return true;
}

std::string ProductCodec::Parameters() const {
  std::string out;
  for (const Codebook& codebook : codebooks_) {
    for (size_t c = 0; c < k_; ++c) {
      for (size_t i = 0; i < codebook.width; ++i)
        PutF32(out, codebook.values[i * codebook.count + c]);
    }
  }
  return out;
}

// Distances in tables are whole numbers on one scale for all places, from each place's least on:
// half the bytes of floats, which searches have to keep near.
class ProductQuery : public CodedQuery {
 public:
  explicit ProductQuery(const ProductCodec& codec)
      : codec_(codec),
        kernels_(BestCentroidKernels()),
        scaled_(codec.dimensions()),
        exact_(codec.places() * codec.table_width()),
        tables_(exact_.size()) {}

  void Set(const float* query, float scalar) noexcept override {
    const Metric metric = codec_.metric();
    const float factor = metric == Metric::kCosine ? scalar : 1.0f;
    for (size_t i = 0; i < scaled_.size(); ++i) scaled_[i] = query[i] * factor;
    const auto fill = metric == Metric::kDot         ? kernels_.dot
                      : metric == Metric::kManhattan ? kernels_.l1
                                                     : kernels_.l2_squared;
    // Of vectors of length 1, |a - b|² is twice the distance.
    const float sign = metric == Metric::kCosine ? 0.5f : metric == Metric::kDot ? -1.0f : 1.0f;
    const float* x = scaled_.data();
    const size_t width = codec_.table_width();
    double base = 0;
    float range = 0;
    for (size_t place = 0; place < codec_.places(); ++place) {
      const Codebook& codebook = codec_.codebook(place);
      float* table = exact_.data() + place * width;
      fill(x, codebook.values.data(), codebook.width, codebook.count, table);
      x += codebook.width;
      float least = sign * table[0], greatest = least;
      for (size_t c = 0; c < codebook.count; ++c) {
        table[c] *= sign;
        least = std::min(least, table[c]);
        greatest = std::max(greatest, table[c]);
      }
      for (size_t c = 0; c < codebook.count; ++c) table[c] -= least;
      base += least;
      range = std::max(range, greatest - least);
    }
    constexpr float kMost = std::numeric_limits<Entry>::max();
    step_ = range / kMost;
    const double inverse = step_ > 0 ? 1 / double{step_} : 0;
    for (size_t i = 0; i < exact_.size(); ++i)
      tables_[i] = static_cast<Entry>(std::min(exact_[i] * inverse + 0.5, double{kMost}));
    base_ = static_cast<float>(base);
  }

  void Distances(const uint8_t* const* rows, const float*, size_t count,
                 float* distances) const noexcept override {
    for (size_t r = 0; r < count; ++r) {
      const uint32_t sum = codec_.halves() ? SumOfHalves(rows[r]) : SumOfBytes(rows[r]);
      distances[r] = base_ + step_ * static_cast<float>(sum);
    }
  }

 private:
  // Sums of 65,536 of them fit 32 bits; entries of 8 bits were measured to cost recall.
  using Entry = uint16_t;

  uint32_t SumOfBytes(const uint8_t* row) const noexcept {
    const Entry* table = tables_.data();
    const size_t places = codec_.places();
    uint32_t sums[4] = {};
    size_t p = 0;
    for (; p + 4 <= places; p += 4, table += 4 * kMostCentroids) {
      for (size_t i = 0; i < 4; ++i) sums[i] += table[i * kMostCentroids + row[p + i]];
    }
    for (; p < places; ++p, table += kMostCentroids) sums[0] += table[row[p]];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
  uint32_t SumOfHalves(const uint8_t* row) const noexcept {
    const Entry* table = tables_.data();
    const size_t places = codec_.places();
    uint32_t sums[2] = {};
    size_t p = 0;
    for (; p + 2 <= places; p += 2, table += 2 * kHalf) {
      sums[0] += table[row[p / 2] & 15];
      sums[1] += table[kHalf + (row[p / 2] >> 4)];
    }
    if (p < places) sums[0] += table[row[p / 2] & 15];
    return sums[0] + sums[1];
  }

  const ProductCodec& codec_;
  const CentroidKernels& kernels_;
  std::vector<float> scaled_;
  std::vector<float> exact_;   // [places × table_width]; zeros behind the padded centroids
  std::vector<Entry> tables_;  // the same on the scale
  float base_ = 0, step_ = 0;
};

std::unique_ptr<CodedQuery> ProductCodec::NewQuery() const {
  return std::make_unique<ProductQuery>(*this);
}

// The places one after the other, on every thread one.
class ProductLearner : public CodecLearner {
 public:
  ProductLearner(Metric metric, size_t dimensions, size_t subspaces, size_t k, uint64_t seed,
                 const TrainingRows& rows)
      : metric_(metric), dimensions_(dimensions), k_(k), seed_(seed), rows_(rows) {
    codebooks_.resize(subspaces);
  }

  bool Step(size_t threads) override {
    constexpr int kStepsAtOnce = 4;
    if (at_work_.empty()) {
      if (next_ == codebooks_.size()) return false;
      const size_t end = std::min(next_ + threads, codebooks_.size());
      std::vector<std::unique_ptr<KMeans>> begun(end - next_);
      ParallelFor(threads, next_, end,
                  [&](size_t place) { begun[place - next_] = KMeansOf(place); });
      at_work_ = std::move(begun);
      return true;
    }
    std::vector<uint8_t> more(at_work_.size());
    ParallelFor(threads, 0, at_work_.size(), [&](size_t i) {
      more[i] = 1;
      for (int step = 0; step < kStepsAtOnce && more[i] != 0; ++step) more[i] = at_work_[i]->Step();
    });
    for (size_t i = 0; i < more.size(); ++i) {
      if (more[i] != 0) return true;
    }
    for (const auto& k_means : at_work_) codebooks_[next_++] = std::move(k_means->codebook());
    at_work_.clear();
    return next_ < codebooks_.size();
  }
  std::unique_ptr<Codec> Take() override {
    return std::make_unique<ProductCodec>(metric_, dimensions_, k_, std::move(codebooks_));
  }

 private:
  std::unique_ptr<KMeans> KMeansOf(size_t place) const {
    const size_t begin = BeginOf(place, dimensions_, codebooks_.size());
    const size_t width = BeginOf(place + 1, dimensions_, codebooks_.size()) - begin;
    const size_t n = std::min(rows_.rows(), kRowsPerCentroid * k_);
    std::vector<float> points;
    points.reserve(n * width);
    for (size_t i = 0; i < n; ++i) {
      const size_t row = static_cast<size_t>(uint64_t{i} * rows_.rows() / n);  // evenly spread
      const float* x = rows_.Vector(row) + begin;
      const float factor = metric_ == Metric::kCosine ? rows_.Scalar(row) : 1.0f;
      for (size_t d = 0; d < width; ++d) points.push_back(x[d] * factor);
    }
    return std::make_unique<KMeans>(std::move(points), width, k_, SplitMix64(seed_ + place));
  }

  Metric metric_;
  size_t dimensions_, k_;
  uint64_t seed_;
  const TrainingRows& rows_;
  std::vector<Codebook> codebooks_;
  std::vector<std::unique_ptr<KMeans>> at_work_;  // of places next_ …
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<CodecLearner> NewProductLearner(Metric metric, size_t dimensions, size_t subspaces,
                                                size_t k, uint64_t seed, const TrainingRows& rows) {
  return std::make_unique<ProductLearner>(metric, dimensions, subspaces, k, seed, rows);
}

std::unique_ptr<Codec> ReadProductCodec(Metric metric, size_t dimensions, size_t subspaces,
                                        size_t k, std::string_view parameters) {
  if (subspaces == 0 || subspaces > dimensions || k < 2 || k > kMostCentroids) return nullptr;
  if (parameters.size() != k * dimensions * sizeof(float)) return nullptr;
  std::vector<Codebook> codebooks(subspaces);
  const char* at = parameters.data();
  for (size_t place = 0; place < subspaces; ++place) {
    Codebook& codebook = codebooks[place];
    codebook.width =
        BeginOf(place + 1, dimensions, subspaces) - BeginOf(place, dimensions, subspaces);
    codebook.count = (k + kCentroidPadding - 1) / kCentroidPadding * kCentroidPadding;
    codebook.values.resize(codebook.width * codebook.count);
    for (size_t c = 0; c < k; ++c) {
      double squares = 0;
      for (size_t i = 0; i < codebook.width; ++i, at += sizeof(float)) {
        const float x = LoadF32(at);
        squares += double{x} * x;
        codebook.values[i * codebook.count + c] = x;
      }
      // A mean of parts of vectors is not longer than the longest; nor is what is no number less.
      if (!(squares <= 1.001e36)) return nullptr;
    }
    for (size_t i = 0; i < codebook.width; ++i) {
      float* row = codebook.values.data() + i * codebook.count;
      std::fill(row + k, row + codebook.count, row[0]);
    }
  }
  return std::make_unique<ProductCodec>(metric, dimensions, k, std::move(codebooks));
}

}  // namespace ruvector
