#include "quant/scalar_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "quant/code_math.h"
#include "simd/codes.h"
#include "simd/distance.h"

namespace ruvector {
namespace {

struct Header {
  float step, sum, bias;  // sum: of the vector; Manhattan: low
};

constexpr int kFits = 3;

class ScalarCodec : public Codec {
 public:
  ScalarCodec(Metric metric, size_t dimensions, int bits)
      : metric_(metric),
        dimensions_(dimensions),
        bits_(bits),
        code_bytes_(PaddedTo(bits == 8 ? dimensions : (dimensions + 1) / 2, kCodePadding)) {}

  size_t row_bytes() const override { return sizeof(Header) + code_bytes_; }
  void Encode(const float* vector, float scalar, uint8_t* row) const noexcept override;
  void Decode(const uint8_t* row, float* vector) const noexcept override;
  std::unique_ptr<CodedQuery> NewQuery() const override;
  bool IsCodeOf(const uint8_t* row, const float* vector, float scalar) const override;

  Metric metric() const { return metric_; }
  size_t dimensions() const { return dimensions_; }
  size_t code_bytes() const { return code_bytes_; }
  int bits() const { return bits_; }
  float most() const { return bits_ == 8 ? 255.0f : 15.0f; }
  // Places for codes and for the query's: of 4 bits, two a byte.
  size_t places() const { return bits_ == 8 ? code_bytes_ : 2 * code_bytes_; }

  struct Scale {
    float step, low;
  };
  static Header HeaderOf(const uint8_t* row) {
    Header h;
    std::memcpy(&h, row, sizeof h);
    return h;
  }
  int Code(const uint8_t* codes, size_t i) const {
    if (bits_ == 8) return codes[i];
    return i < code_bytes_ ? codes[i] & 15 : codes[i - code_bytes_] >> 4;
  }

 private:
  Scale Fit(const float* vector) const noexcept;
  // What stored sums are multiplied by.
  float FactorOf(float scalar) const {
    switch (metric_) {
      case Metric::kCosine:
        return -scalar;
      case Metric::kEuclidean:
        return -2;
      case Metric::kDot:
        return -1;
      case Metric::kManhattan:
        break;
    }
    return 1;
  }

  Metric metric_;
  size_t dimensions_;
  int bits_;
  size_t code_bytes_;
};

float CodeOf(float x, float low, float inverse_step, float most) {
  return std::min(std::max(Rounded((x - low) * inverse_step), 0.0f), most);
}

// The whole range for 8 bits; for 4 a step and low that leave less error, found by turns from
// there: codes for a scale, then the scale that fits these codes best (linear regression). A start
// that clips the few large values was measured to cost recall: they tell rows apart.
ScalarCodec::Scale ScalarCodec::Fit(const float* vector) const noexcept {
  float least = vector[0], greatest = vector[0];
  double sum = 0;
  for (size_t i = 0; i < dimensions_; ++i) {
    least = std::min(least, vector[i]);
    greatest = std::max(greatest, vector[i]);
    sum += vector[i];
  }
  Scale scale{(greatest - least) / most(), least};
  if (bits_ == 8 || !(scale.step > 0)) return scale;
  const double n = static_cast<double>(dimensions_), mean = sum / n;
  for (int fit = 0; fit < kFits; ++fit) {
    double codes = 0, code_squares = 0, products = 0;
    for (size_t i = 0; i < dimensions_; ++i) {
      const double code = CodeOf(vector[i], scale.low, 1 / scale.step, most());
      codes += code;
      code_squares += code * code;
      products += code * vector[i];
    }
    const double spread = code_squares - codes * codes / n;
    const double step = (products - codes * mean) / spread;
    if (!(spread > 0) || !(step > 0)) break;
    scale = {static_cast<float>(step), static_cast<float>(mean - step * codes / n)};
  }
  return scale;
}

void ScalarCodec::Encode(const float* vector, float scalar, uint8_t* row) const noexcept {
  const Scale scale = Fit(vector);
  uint8_t* codes = row + sizeof(Header);
  std::memset(codes, 0, code_bytes_);
  const float inverse = InverseOf(scale.step);
  double sum = 0, code_sum = 0, code_squares = 0;
  for (size_t i = 0; i < dimensions_; ++i) {
    const float code = CodeOf(vector[i], scale.low, inverse, most());
    sum += vector[i];
    code_sum += code;
    code_squares += double{code} * code;
    const auto bits = static_cast<uint8_t>(code);
    if (bits_ == 8) {
      codes[i] = bits;
    } else if (i < code_bytes_) {
      codes[i] = bits;
    } else {
      codes[i - code_bytes_] = static_cast<uint8_t>(codes[i - code_bytes_] | bits << 4);
    }
  }
  // Such that what the codes stand for has the sum of the vector.
  const double n = static_cast<double>(dimensions_), step = scale.step;
  const double low = (sum - step * code_sum) / n;
  const float factor = FactorOf(scalar);
  Header h{scale.step * factor, static_cast<float>(sum) * factor, 0};
  if (metric_ == Metric::kEuclidean)
    h.bias =
        static_cast<float>(n * low * low + 2 * low * step * code_sum + step * step * code_squares);
  if (metric_ == Metric::kManhattan) h.sum = static_cast<float>(low);
  std::memcpy(row, &h, sizeof h);
}

void ScalarCodec::Decode(const uint8_t* row, float* vector) const noexcept {
  const Header h = HeaderOf(row);
  const uint8_t* codes = row + sizeof(Header);
  Scale scale{h.step, h.sum};
  if (metric_ != Metric::kManhattan) {
    scale.step /= FactorOf(1);
    int64_t code_sum = 0;
    for (size_t i = 0; i < dimensions_; ++i) code_sum += Code(codes, i);
    scale.low = static_cast<float>(
        (double{h.sum} / FactorOf(1) - double{scale.step} * static_cast<double>(code_sum)) /
        static_cast<double>(dimensions_));
  }
  for (size_t i = 0; i < dimensions_; ++i)
    vector[i] = scale.low + scale.step * static_cast<float>(Code(codes, i));
}

// What the codes miss of the vector is less than its mean alone would miss.
bool ScalarCodec::IsCodeOf(const uint8_t* row, const float* vector, float scalar) const {
  std::vector<float> decoded(dimensions_);
  Decode(row, decoded.data());
  const double factor = scalar == 0 ? 1 : scalar;
  double sum = 0, squares = 0, missed = 0;
  for (size_t i = 0; i < dimensions_; ++i) {
    const double x = vector[i] * factor;
    sum += x;
    squares += x * x;
    missed += (x - decoded[i]) * (x - decoded[i]);
  }
  const double spread = squares - sum * sum / static_cast<double>(dimensions_);
  // Of vectors of one value, what rounding leaves.
  return missed <= spread + 1e-9 * squares;
}

class ScalarQuery : public CodedQuery {
 public:
  explicit ScalarQuery(const ScalarCodec& codec)
      : codec_(codec), kernels_(BestCodeKernels()), codes_(codec.places()) {}

  void Set(const float* query, float scalar) noexcept override {
    const size_t n = codec_.dimensions();
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; ++i) {
      sum += query[i];
      squares += double{query[i]} * query[i];
    }
    const float mean = static_cast<float>(sum / static_cast<double>(n));
    float greatest = 0;
    for (size_t i = 0; i < n; ++i) greatest = std::max(greatest, std::fabs(query[i] - mean));
    const float step = greatest / kMaxQueryCode;
    const float inverse = InverseOf(step);
    int64_t code_sum = 0;
    for (size_t i = 0; i < n; ++i) {
      const float code = Rounded((query[i] - mean) * inverse);
      codes_[i] = static_cast<int8_t>(std::min(std::max(code, -kMaxQueryCode), kMaxQueryCode));
      code_sum += codes_[i];
    }
    // All deviations from the mean are 0 together, so the codes are made to be: else every row
    // would be off by the mean of its codes.
    for (const float least : {0.25f, 0.0f}) {
      for (size_t i = 0; i < n && code_sum != 0; ++i) {
        const float rounded_up = static_cast<float>(codes_[i]) - (query[i] - mean) * inverse;
        const int sign = code_sum > 0 ? 1 : -1;
        if (rounded_up * static_cast<float>(sign) <= least || codes_[i] == -sign * 127) continue;
        codes_[i] = static_cast<int8_t>(codes_[i] - sign);
        code_sum -= sign;
      }
    }
    const float factor = codec_.metric() == Metric::kCosine ? scalar : 1.0f;
    mean_ = mean * factor;
    step_ = step * factor;
    base_ = codec_.metric() == Metric::kCosine      ? 1.0f
            : codec_.metric() == Metric::kEuclidean ? static_cast<float>(squares)
                                                    : 0.0f;
  }

  void Distances(const uint8_t* const* rows, const float*, size_t count,
                 float* distances) const noexcept override {
    constexpr size_t kAtOnce = 64;
    const uint8_t* codes[kAtOnce];
    int32_t sums[kAtOnce];
    for (size_t begin = 0; begin < count; begin += kAtOnce) {
      const size_t n = std::min(kAtOnce, count - begin);
      for (size_t i = 0; i < n; ++i) codes[i] = rows[begin + i] + sizeof(Header);
      const auto dot = codec_.bits() == 8 ? kernels_.dot_u8 : kernels_.dot_u4;
      dot(codes, n, codes_.data(), codec_.code_bytes(), sums);
      for (size_t i = 0; i < n; ++i) {
        const Header h = ScalarCodec::HeaderOf(rows[begin + i]);
        distances[begin + i] =
            base_ + h.bias + h.sum * mean_ + h.step * step_ * static_cast<float>(sums[i]);
      }
    }
  }

 private:
  const ScalarCodec& codec_;
  const CodeKernels& kernels_;
  std::vector<int8_t> codes_;  // zeros where the row is padded
  float mean_ = 0, step_ = 0, base_ = 0;
};

// Absolute differences do not follow from products: the row is decoded.
class DecodingQuery : public CodedQuery {
 public:
  explicit DecodingQuery(const ScalarCodec& codec)
      : codec_(codec), kernels_(BestKernels()), query_(codec.dimensions()) {}

  void Set(const float* query, float) noexcept override {
    std::copy_n(query, query_.size(), query_.begin());
  }
  void Distances(const uint8_t* const* rows, const float*, size_t count,
                 float* distances) const noexcept override {
    constexpr size_t kAtOnce = 256;
    float decoded[kAtOnce];
    for (size_t r = 0; r < count; ++r) {
      const Header h = ScalarCodec::HeaderOf(rows[r]);
      const uint8_t* codes = rows[r] + sizeof(Header);
      float sum = 0;
      for (size_t begin = 0; begin < query_.size(); begin += kAtOnce) {
        const size_t n = std::min(kAtOnce, query_.size() - begin);
        for (size_t i = 0; i < n; ++i)
          decoded[i] = h.sum + h.step * static_cast<float>(codec_.Code(codes, begin + i));
        sum += kernels_.l1(query_.data() + begin, decoded, n);
      }
      distances[r] = sum;
    }
  }

 private:
  const ScalarCodec& codec_;
  const DistanceKernels& kernels_;
  std::vector<float> query_;
};

std::unique_ptr<CodedQuery> ScalarCodec::NewQuery() const {
  if (metric_ == Metric::kManhattan) return std::make_unique<DecodingQuery>(*this);
  return std::make_unique<ScalarQuery>(*this);
}

}  // namespace

std::unique_ptr<Codec> NewScalarCodec(Metric metric, size_t dimensions, int bits) {
  return std::make_unique<ScalarCodec>(metric, dimensions, bits);
}

}  // namespace ruvector
