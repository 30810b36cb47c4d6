#include "quant/spherical_codec.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "core/coding.h"
#include "core/random.h"
#include "quant/code_math.h"
#include "quant/rotation.h"
#include "simd/codes.h"
#include "simd/distance.h"

namespace ruvector {
namespace {

// The same for all databases: part of the file format.
constexpr uint64_t kSeed = 0x7275766563746f72;
// Grids in standard deviations. 4 bits: the best uniform quantizer of a normal distribution. 8
// bits: to four deviations; the best one goes a little farther, and rows are never that long.
constexpr float kStep4 = 0.3352f, kStep8 = 8.0f / 255;
constexpr int kFits = 2;
constexpr size_t kLine = 64;
// Of so many rows the mean is learned: it misses the mean of all by 1.6 % of a deviation.
constexpr size_t kRowsForMean = 4096, kFewestRowsForMean = 16;
// A mean stays when it takes so much of the squared length from a row in the middle; what is lost
// without it is 5 % more error, where cosine needs no lengths then.
constexpr double kWorthMean = 0.1;

// Whole cache lines, where that saves a larger share of the lines that a row touches than it costs
// memory: rows that begin anywhere touch (padded + 48) / 64 lines.
size_t RowBytes(size_t bytes) {
  const size_t padded = PaddedTo(bytes, kCodePadding), lines = PaddedTo(bytes, kLine);
  return (padded + kLine - kCodePadding) * padded > lines * lines ? lines : padded;
}

class SphericalCodec : public Codec {
 public:
  // `mean` [dimensions], or empty: none.
  SphericalCodec(Metric metric, size_t dimensions, int bits, std::vector<float> mean)
      : metric_(metric),
        dimensions_(dimensions),
        bits_(bits),
        row_bytes_(RowBytes(bits == 8 ? dimensions : (dimensions + 1) / 2)),
        step_((bits == 8 ? kStep8 : kStep4) / std::sqrt(static_cast<float>(dimensions))),
        rotation_(dimensions, kSeed),
        mean_(std::move(mean)) {}

  size_t row_bytes() const override { return row_bytes_; }
  bool wants_lengths() const override { return metric_ != Metric::kCosine || !mean_.empty(); }
  float Length(const float* vector, float scalar) const override {
    return static_cast<float>(std::sqrt(Squares(vector, scalar)));
  }
  void Encode(const float* vector, float scalar, uint8_t* row) const override;
  void Decode(const uint8_t* row, float* vector) const override;
  std::unique_ptr<CodedQuery> NewQuery() const override;
  bool IsCodeOf(const uint8_t* row, const float* vector, float scalar) const override;
  std::string Parameters() const override;

  Metric metric() const { return metric_; }
  const std::vector<float>& mean() const { return mean_; }
  size_t dimensions() const { return dimensions_; }
  int bits() const { return bits_; }
  float centre() const { return bits_ == 8 ? 127.5f : 7.5f; }
  float step() const { return step_; }
  const Rotation& rotation() const { return rotation_; }
  // Places for the query's codes: zeros where a row is padded.
  size_t places() const { return bits_ == 8 ? row_bytes_ : 2 * row_bytes_; }

 private:
  int Code(const uint8_t* row, size_t i) const {
    if (bits_ == 8) return row[i];
    return i < row_bytes_ ? row[i] & 15 : row[i - row_bytes_] >> 4;
  }
  float CodeOf(float x, float inverse_step) const {
    return std::min(std::max(Rounded(x * inverse_step + centre()), 0.0f), 2 * centre());
  }
  // Coordinate i of the vector, of length 1 for cosine, without the mean.
  double Residual(const float* vector, float scalar, size_t i) const {
    if (mean_.empty()) return vector[i];
    return vector[i] * (metric_ == Metric::kCosine ? double{scalar} : 1.0) - mean_[i];
  }
  double Squares(const float* vector, float scalar) const {
    double squares = 0;
    for (size_t i = 0; i < dimensions_; ++i) {
      const double x = Residual(vector, scalar, i);
      squares += x * x;
    }
    return squares;
  }
  std::vector<float> Direction(const float* vector, float scalar) const;

  Metric metric_;
  size_t dimensions_;
  int bits_;
  size_t row_bytes_;
  float step_;
  Rotation rotation_;
  std::vector<float> mean_;
};

// P r / |r| for what the mean leaves of the vector; zeros for nothing.
std::vector<float> SphericalCodec::Direction(const float* vector, float scalar) const {
  const double squares = Squares(vector, scalar);
  const double factor = squares > 0 ? 1 / std::sqrt(squares) : 0;
  std::vector<float> x(dimensions_);
  for (size_t i = 0; i < dimensions_; ++i)
    x[i] = static_cast<float>(Residual(vector, scalar, i) * factor);
  rotation_.Apply(x.data());
  return x;
}

void SphericalCodec::Encode(const float* vector, float scalar, uint8_t* row) const {
  std::memset(row, 0, row_bytes_);
  const std::vector<float> x = Direction(vector, scalar);
  // Codes of x made a little longer or shorter, until what they stand for has a product of 1 with
  // it.
  float inverse = 1 / step_;
  for (int fit = 0; fit < kFits; ++fit) {
    float product = 0;
    for (size_t i = 0; i < dimensions_; ++i) product += (CodeOf(x[i], inverse) - centre()) * x[i];
    product *= step_;
    if (!(product > 0.5f && product < 2)) break;
    inverse /= product;
  }
  for (size_t i = 0; i < dimensions_; ++i) {
    const auto code = static_cast<uint8_t>(CodeOf(x[i], inverse));
    if (bits_ == 8 || i < row_bytes_) {
      row[i] = code;
    } else {
      row[i - row_bytes_] = static_cast<uint8_t>(row[i - row_bytes_] | code << 4);
    }
  }
}

void SphericalCodec::Decode(const uint8_t* row, float* vector) const {
  for (size_t i = 0; i < dimensions_; ++i)
    vector[i] = step_ * (static_cast<float>(Code(row, i)) - centre());
  rotation_.Undo(vector);
}

// Another target may round to the next code.
bool SphericalCodec::IsCodeOf(const uint8_t* row, const float* vector, float scalar) const {
  std::vector<uint8_t> own(row_bytes_);
  Encode(vector, scalar, own.data());
  for (size_t i = 0; i < places(); ++i) {
    if (std::abs(Code(row, i) - Code(own.data(), i)) > (i < dimensions_ ? 1 : 0)) return false;
  }
  return true;
}

std::string SphericalCodec::Parameters() const {
  std::string out;
  for (const float x : mean_) PutF32(out, x);
  return out;
}

class SphericalQuery : public CodedQuery {
 public:
  explicit SphericalQuery(const SphericalCodec& codec)
      : codec_(codec),
        kernels_(BestCodeKernels()),
        rotated_(codec.dimensions()),
        codes_(codec.places()),
        share_(codec.metric() == Metric::kCosine ? 0.5f : 1.0f) {}

  void Set(const float* query, float scalar) noexcept override {
    const size_t n = codec_.dimensions();
    const float factor = codec_.metric() == Metric::kCosine ? scalar : 1.0f;
    for (size_t i = 0; i < n; ++i) rotated_[i] = query[i] * factor;
    // Between what the mean leaves of both distances are the same; products are not.
    const float* const mean = codec_.mean().empty() ? nullptr : codec_.mean().data();
    const float mean_dot = mean && codec_.metric() == Metric::kDot
                               ? BestKernels().dot(rotated_.data(), mean, n)
                               : 0.0f;
    if (mean && codec_.metric() != Metric::kDot) {
      for (size_t i = 0; i < n; ++i) rotated_[i] -= mean[i];
    }
    const float squares = BestKernels().dot(rotated_.data(), rotated_.data(), n);
    codec_.rotation().Apply(rotated_.data());
    // Several at once, which the compiler may not do by itself.
    constexpr size_t kLanes = 16;
    float most[kLanes] = {};
    for (size_t i = 0; i < n; ++i)
      most[i % kLanes] = std::max(most[i % kLanes], std::fabs(rotated_[i]));
    const float greatest = *std::max_element(most, most + kLanes);
    const float step = greatest / kMaxQueryCode;
    const float inverse = InverseOf(step);
    int32_t sum = 0;
    for (size_t i = 0; i < n; ++i) {
      codes_[i] = static_cast<int8_t>(Rounded(rotated_[i] * inverse));
      sum += codes_[i];
    }
    product_ = step * codec_.step();
    offset_ = -product_ * codec_.centre() * static_cast<float>(sum);
    base_ = codec_.metric() == Metric::kDot ? -mean_dot : share_ * squares;
  }

  void Distances(const uint8_t* const* rows, const float* lengths, size_t count,
                 float* distances) const noexcept override {
    constexpr size_t kAtOnce = 64;
    int32_t sums[kAtOnce];
    const auto dot = codec_.bits() == 8 ? kernels_.dot_u8 : kernels_.dot_u4;
    for (size_t begin = 0; begin < count; begin += kAtOnce) {
      const size_t n = std::min(kAtOnce, count - begin);
      dot(rows + begin, n, codes_.data(), codec_.row_bytes(), sums);
      for (size_t i = begin; i < begin + n; ++i) {
        const float product = product_ * static_cast<float>(sums[i - begin]) + offset_;
        if (!codec_.wants_lengths()) {
          distances[i] = 1.0f - product;
        } else if (codec_.metric() == Metric::kDot) {
          distances[i] = base_ - lengths[i] * product;
        } else {
          distances[i] = base_ + share_ * lengths[i] * (lengths[i] - 2 * product);
        }
      }
    }
  }

 private:
  const SphericalCodec& codec_;
  const CodeKernels& kernels_;
  std::vector<float> rotated_;
  std::vector<int8_t> codes_;
  float share_;  // of |a - b|² that is the distance
  float product_ = 0, offset_ = 0, base_ = 0;
};

std::unique_ptr<CodedQuery> SphericalCodec::NewQuery() const {
  return std::make_unique<SphericalQuery>(*this);
}

class SphericalLearner : public CodecLearner {
 public:
  SphericalLearner(Metric metric, size_t dimensions, int bits, uint64_t seed,
                   const TrainingRows& rows)
      : metric_(metric),
        bits_(bits),
        rows_(rows),
        wanted_(std::min(rows.rows(), kRowsForMean)),
        rng_(seed),
        sums_(dimensions) {
    before_.reserve(wanted_);
    after_.reserve(wanted_);
  }

  bool Step(size_t) override {
    constexpr size_t kSlice = 512;
    if (wanted_ < kFewestRowsForMean) return false;
    if (sample_.size() < wanted_) {
      for (size_t n = 0; n < kSlice && sample_.size() < wanted_; ++n) Sum();
    } else {
      for (size_t n = 0; n < kSlice && after_.size() < wanted_; ++n)
        Compare(sample_[after_.size()]);
    }
    return after_.size() < wanted_;
  }

  std::unique_ptr<Codec> Take() override {
    return std::make_unique<SphericalCodec>(metric_, sums_.size(), bits_,
                                            WorthMean() ? Mean() : std::vector<float>());
  }

 private:
  double FactorOf(size_t row) const {
    return metric_ == Metric::kCosine ? double{rows_.Scalar(row)} : 1.0;
  }
  // One row of each part of the rows: those that came together may be alike.
  void Sum() {
    const uint64_t i = sample_.size(), begin = i * rows_.rows() / wanted_;
    const uint64_t row = begin + rng_.Below((i + 1) * rows_.rows() / wanted_ - begin);
    const float* vector = rows_.Vector(static_cast<size_t>(row));
    const double factor = FactorOf(static_cast<size_t>(row));
    double squares = 0;
    for (size_t d = 0; d < sums_.size(); ++d) {
      const double x = factor * vector[d];
      sums_[d] += x;
      squares += x * x;
    }
    sample_.push_back(static_cast<size_t>(row));
    before_.push_back(squares);
  }
  void Compare(size_t row) {
    const float* vector = rows_.Vector(row);
    const double factor = FactorOf(row), share = 1 / static_cast<double>(wanted_);
    double squares = 0;
    for (size_t d = 0; d < sums_.size(); ++d) {
      const double x = factor * vector[d] - share * sums_[d];
      squares += x * x;
    }
    after_.push_back(squares);
  }
  // By medians: a few rows far away move a mean to where no row is.
  bool WorthMean() {
    if (after_.empty()) return false;
    const auto median = [](std::vector<double>& values) {
      const auto middle = values.begin() + static_cast<long>(values.size() / 2);
      std::nth_element(values.begin(), middle, values.end());
      return *middle;
    };
    return median(after_) < (1 - kWorthMean) * median(before_);
  }
  std::vector<float> Mean() const {
    std::vector<float> mean(sums_.size());
    for (size_t d = 0; d < mean.size(); ++d)
      mean[d] = static_cast<float>(sums_[d] / static_cast<double>(wanted_));
    return mean;
  }

  Metric metric_;
  int bits_;
  const TrainingRows& rows_;
  size_t wanted_;
  Rng rng_;
  std::vector<double> sums_;  // [dimensions]
  std::vector<size_t> sample_;
  std::vector<double> before_, after_;  // squared lengths, with and without the mean
};

}  // namespace

std::unique_ptr<Codec> NewSphericalCodec(Metric metric, size_t dimensions, int bits) {
  return std::make_unique<SphericalCodec>(metric, dimensions, bits, std::vector<float>());
}

std::unique_ptr<CodecLearner> NewSphericalLearner(Metric metric, size_t dimensions, int bits,
                                                  uint64_t seed, const TrainingRows& rows) {
  return std::make_unique<SphericalLearner>(metric, dimensions, bits, seed, rows);
}

std::unique_ptr<Codec> ReadSphericalCodec(Metric metric, size_t dimensions, int bits,
                                          std::string_view parameters) {
  if (parameters.size() != dimensions * sizeof(float)) return nullptr;
  std::vector<float> mean(dimensions);
  double squares = 0;
  for (size_t i = 0; i < dimensions; ++i) {
    mean[i] = LoadF32(parameters.data() + i * sizeof(float));
    squares += double{mean[i]} * mean[i];
  }
  // No mean of vectors is longer than the longest; what is no number is not less either.
  if (!(squares <= 1.001e36)) return nullptr;
  return std::make_unique<SphericalCodec>(metric, dimensions, bits, std::move(mean));
}

}  // namespace ruvector
