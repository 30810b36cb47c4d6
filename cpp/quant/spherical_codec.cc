#include "quant/spherical_codec.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <vector>

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

// Whole cache lines, where that saves a larger share of the lines that a row touches than it costs
// memory: rows that begin anywhere touch (padded + 48) / 64 lines.
size_t RowBytes(size_t bytes) {
  const size_t padded = PaddedTo(bytes, kCodePadding), lines = PaddedTo(bytes, kLine);
  return (padded + kLine - kCodePadding) * padded > lines * lines ? lines : padded;
}

class SphericalCodec : public Codec {
 public:
  SphericalCodec(Metric metric, size_t dimensions, int bits)
      : metric_(metric),
        dimensions_(dimensions),
        bits_(bits),
        row_bytes_(RowBytes(bits == 8 ? dimensions : (dimensions + 1) / 2)),
        step_((bits == 8 ? kStep8 : kStep4) / std::sqrt(static_cast<float>(dimensions))),
        rotation_(dimensions, kSeed) {}

  size_t row_bytes() const override { return row_bytes_; }
  bool wants_lengths() const override { return metric_ != Metric::kCosine; }
  void Encode(const float* vector, float scalar, uint8_t* row) const override;
  void Decode(const uint8_t* row, float* vector) const override;
  std::unique_ptr<CodedQuery> NewQuery() const override;
  bool IsCodeOf(const uint8_t* row, const float* vector, float scalar) const override;

  Metric metric() const { return metric_; }
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
  std::vector<float> Direction(const float* vector) const;

  Metric metric_;
  size_t dimensions_;
  int bits_;
  size_t row_bytes_;
  float step_;
  Rotation rotation_;
};

// P v / |v|; zeros for a vector of zeros.
std::vector<float> SphericalCodec::Direction(const float* vector) const {
  double squares = 0;
  for (size_t i = 0; i < dimensions_; ++i) squares += double{vector[i]} * vector[i];
  const double factor = squares > 0 ? 1 / std::sqrt(squares) : 0;
  std::vector<float> x(dimensions_);
  for (size_t i = 0; i < dimensions_; ++i) x[i] = static_cast<float>(vector[i] * factor);
  rotation_.Apply(x.data());
  return x;
}

void SphericalCodec::Encode(const float* vector, float, uint8_t* row) const {
  std::memset(row, 0, row_bytes_);
  const std::vector<float> x = Direction(vector);
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

class SphericalQuery : public CodedQuery {
 public:
  explicit SphericalQuery(const SphericalCodec& codec)
      : codec_(codec),
        kernels_(BestCodeKernels()),
        rotated_(codec.dimensions()),
        codes_(codec.places()) {}

  void Set(const float* query, float scalar) noexcept override {
    const size_t n = codec_.dimensions();
    const float factor = codec_.metric() == Metric::kCosine ? scalar : 1.0f;
    for (size_t i = 0; i < n; ++i) rotated_[i] = query[i] * factor;
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
    base_ = codec_.metric() == Metric::kCosine      ? 1.0f
            : codec_.metric() == Metric::kEuclidean ? squares
                                                    : 0.0f;
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
        if (codec_.metric() == Metric::kCosine) {
          distances[i] = 1.0f - product;
        } else if (codec_.metric() == Metric::kDot) {
          distances[i] = -lengths[i] * product;
        } else {
          distances[i] = base_ + lengths[i] * (lengths[i] - 2 * product);
        }
      }
    }
  }

 private:
  const SphericalCodec& codec_;
  const CodeKernels& kernels_;
  std::vector<float> rotated_;
  std::vector<int8_t> codes_;
  float product_ = 0, offset_ = 0, base_ = 0;
};

std::unique_ptr<CodedQuery> SphericalCodec::NewQuery() const {
  return std::make_unique<SphericalQuery>(*this);
}

}  // namespace

std::unique_ptr<Codec> NewSphericalCodec(Metric metric, size_t dimensions, int bits) {
  return std::make_unique<SphericalCodec>(metric, dimensions, bits);
}

}  // namespace ruvector
