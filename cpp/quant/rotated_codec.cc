#include "quant/rotated_codec.h"

#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "core/coding.h"
#include "quant/code_math.h"
#include "quant/rotation.h"
#include "simd/codes.h"

namespace ruvector {
namespace {

struct Factors {
  float add, scale;
};

// Of the best uniform quantizer of a normal distribution with 2^bits levels (Max 1960, table II,
// and on by the same conditions), in standard deviations: where the search for a row's step starts.
constexpr float kSteps[] = {0,       1.5956f, 0.9957f, 0.5860f, 0.3352f,
                            0.1881f, 0.1041f, 0.0569f, 0.0308f};
constexpr int kFits = 2;

class RotatedCodec : public Codec {
 public:
  // Rotated with a seed.
  RotatedCodec(Metric metric, size_t dimensions, int bits, std::optional<uint64_t> seed,
               std::vector<float> mean)
      : metric_(metric),
        dimensions_(dimensions),
        bits_(bits),
        mean_(std::move(mean)),
        upper_bytes_(bits == 8   ? PaddedTo(dimensions, kCodePadding)
                     : bits >= 4 ? PaddedTo((dimensions + 1) / 2, kCodePadding)
                                 : 0),
        planes_(bits == 8   ? 0
                : bits >= 4 ? bits - 4
                            : bits),
        plane_bytes_(PaddedTo((dimensions + 7) / 8, kBitPadding)) {
    if (seed) rotation_.emplace(dimensions, *seed);
    double squares = 0;
    for (const float x : mean_) squares += double{x} * x;
    mean_squared_ = squares;
  }

  size_t row_bytes() const override { return CodeBytes() + sizeof(Factors); }
  void Encode(const float* vector, float scalar, uint8_t* row) const override;
  void Decode(const uint8_t* row, float* vector) const override;
  std::unique_ptr<CodedQuery> NewQuery() const override;
  bool IsCodeOf(const uint8_t* row, const float* vector, float scalar) const override;
  std::string Parameters() const override;

  Metric metric() const { return metric_; }
  size_t dimensions() const { return dimensions_; }
  int bits() const { return bits_; }
  size_t upper_bytes() const { return upper_bytes_; }
  int planes() const { return planes_; }
  size_t plane_bytes() const { return plane_bytes_; }
  // Places for the query's codes: zeros where a row is padded.
  size_t places() const {
    const size_t upper = bits_ == 8 ? upper_bytes_ : 2 * upper_bytes_;
    return planes_ > 0 ? std::max(upper, 8 * plane_bytes_) : upper;
  }
  float centre() const { return static_cast<float>((1 << bits_) - 1) / 2; }
  Factors FactorsOf(const uint8_t* row) const {
    Factors f;
    std::memcpy(&f, row + CodeBytes(), sizeof f);
    return f;
  }
  // What is left of a vector without the mean, rotated; and what it loses to the mean.
  void Residual(const float* vector, float scalar, float* residual) const noexcept {
    const float factor = metric_ == Metric::kCosine ? scalar : 1.0f;
    for (size_t i = 0; i < dimensions_; ++i) residual[i] = vector[i] * factor - mean_[i];
    if (rotation_) rotation_->Apply(residual);
  }
  double MeanDot(const float* vector) const noexcept {
    double sum = 0;
    for (size_t i = 0; i < dimensions_; ++i) sum += double{mean_[i]} * vector[i];
    return sum;
  }

 private:
  size_t CodeBytes() const { return upper_bytes_ + static_cast<size_t>(planes_) * plane_bytes_; }
  int Code(const uint8_t* row, size_t i) const noexcept;
  void SetCode(uint8_t* row, size_t i, int code) const noexcept;
  float StepOf(const float* residual, double squares) const noexcept;
  Factors FactorsFor(const float* vector, double squares, double product) const noexcept;

  Metric metric_;
  size_t dimensions_;
  int bits_;
  std::vector<float> mean_;
  std::optional<Rotation> rotation_;
  double mean_squared_ = 0;
  size_t upper_bytes_;
  int planes_;
  size_t plane_bytes_;
};

int RotatedCodec::Code(const uint8_t* row, size_t i) const noexcept {
  if (bits_ == 8) return row[i];
  int code = 0;
  if (bits_ >= 4) code = i < upper_bytes_ ? row[i] & 15 : row[i - upper_bytes_] >> 4;
  for (int p = 0; p < planes_; ++p) {
    const uint8_t* plane = row + upper_bytes_ + static_cast<size_t>(p) * plane_bytes_;
    code = 2 * code + (plane[i / 8] >> (i % 8) & 1);
  }
  return code;
}

void RotatedCodec::SetCode(uint8_t* row, size_t i, int code) const noexcept {
  const int upper = code >> planes_;
  if (bits_ == 8 || (bits_ >= 4 && i < upper_bytes_)) {
    row[i] = static_cast<uint8_t>(row[i] | upper);
  } else if (bits_ >= 4) {
    row[i - upper_bytes_] = static_cast<uint8_t>(row[i - upper_bytes_] | upper << 4);
  }
  for (int p = 0; p < planes_; ++p) {
    uint8_t* plane = row + upper_bytes_ + static_cast<size_t>(p) * plane_bytes_;
    const int bit = code >> (planes_ - 1 - p) & 1;
    plane[i / 8] = static_cast<uint8_t>(plane[i / 8] | bit << (i % 8));
  }
}

float CodeAt(float x, float inverse_step, float centre) {
  return std::min(std::max(Rounded(x * inverse_step + centre), 0.0f), 2 * centre);
}

// The step whose codes point best to the residual: by turns codes for a step, then the step that
// fits these codes best.
float RotatedCodec::StepOf(const float* residual, double squares) const noexcept {
  float step =
      kSteps[bits_] * static_cast<float>(std::sqrt(squares / static_cast<double>(dimensions_)));
  if (bits_ == 1 || !(step > 0)) return step;
  for (int fit = 0; fit < kFits; ++fit) {
    float product = 0, code_squares = 0;
    const float inverse = InverseOf(step);
    for (size_t i = 0; i < dimensions_; ++i) {
      const float x = CodeAt(residual[i], inverse, centre()) - centre();
      product += x * (residual[i] * inverse);
      code_squares += x * x;
    }
    const float factor = product / code_squares;
    if (!(factor > 0.5f) || !(factor < 2)) break;
    step *= factor;
  }
  return step;
}

// `squares` |r|², `product` ⟨x, r⟩.
Factors RotatedCodec::FactorsFor(const float* vector, double squares,
                                 double product) const noexcept {
  const double share = product > 0 ? squares / product : 0;
  switch (metric_) {
    case Metric::kCosine:
      return {static_cast<float>(squares / 2), static_cast<float>(-share)};
    case Metric::kEuclidean:
      return {static_cast<float>(squares), static_cast<float>(-2 * share)};
    case Metric::kDot:
      return {static_cast<float>(mean_squared_ - MeanDot(vector)), static_cast<float>(-share)};
    case Metric::kManhattan:
      break;
  }
  return {0, 0};
}

void RotatedCodec::Encode(const float* vector, float scalar, uint8_t* row) const {
  std::vector<float> residual(dimensions_);
  Residual(vector, scalar, residual.data());
  double squares = 0, product = 0;
  for (const float x : residual) squares += double{x} * x;
  const float step = StepOf(residual.data(), squares);
  const float inverse = InverseOf(step);
  std::memset(row, 0, CodeBytes());
  for (size_t i = 0; i < dimensions_; ++i) {
    const float code =
        bits_ == 1 ? (residual[i] >= 0 ? 1.0f : 0.0f) : CodeAt(residual[i], inverse, centre());
    product += double{code - centre()} * residual[i];
    SetCode(row, i, static_cast<int>(code));
  }
  const Factors factors = FactorsFor(vector, squares, product);
  std::memcpy(row + CodeBytes(), &factors, sizeof factors);
}

void RotatedCodec::Decode(const uint8_t* row, float* vector) const {
  const float share = -FactorsOf(row).scale / (metric_ == Metric::kEuclidean ? 2.0f : 1.0f);
  for (size_t i = 0; i < dimensions_; ++i)
    vector[i] = share * (static_cast<float>(Code(row, i)) - centre());
  if (rotation_) rotation_->Undo(vector);
  for (size_t i = 0; i < dimensions_; ++i) vector[i] += mean_[i];
}

// Every code is on the side of its coordinate, and the factors are those of these codes: what
// another target rounds otherwise lies far within.
bool RotatedCodec::IsCodeOf(const uint8_t* row, const float* vector, float scalar) const {
  constexpr double kRounding = 1e-4;
  std::vector<float> residual(dimensions_);
  Residual(vector, scalar, residual.data());
  // Of the mean, rounding is a share too where it is taken away.
  double squares = 0, product = 0, most = mean_squared_;
  for (const float x : residual) squares += double{x} * x;
  most = std::max(most, squares);
  const double near = kRounding * std::sqrt(most);
  for (size_t i = 0; i < dimensions_; ++i) {
    const double x = Code(row, i) - double{centre()};
    if (x * residual[i] < 0 && std::abs(residual[i]) > near) return false;
    product += x * residual[i];
  }
  const Factors is = FactorsOf(row), factors = FactorsFor(vector, squares, product);
  const auto close = [](double a, double b, double scale) {
    return std::abs(a - b) <= 10 * kRounding * scale;
  };
  const double add_scale =
      metric_ == Metric::kDot ? mean_squared_ + std::abs(MeanDot(vector)) : most;
  if (!close(is.add, factors.add, add_scale + 1e-30)) return false;
  // A row that hardly differs from the mean has factors of rounding.
  return squares <= near * near * static_cast<double>(dimensions_)
             ? is.scale <= 0 && is.scale >= -1e38f
             : close(is.scale, factors.scale, std::abs(factors.scale));
}

std::string RotatedCodec::Parameters() const {
  std::string out;
  PutU64(out, rotation_ ? rotation_->seed() : 0);
  for (const float x : mean_) PutF32(out, x);
  return out;
}

class RotatedQuery : public CodedQuery {
 public:
  explicit RotatedQuery(const RotatedCodec& codec)
      : codec_(codec),
        kernels_(BestCodeKernels()),
        residual_(codec.dimensions()),
        codes_(codec.places()) {}

  void Set(const float* query, float scalar) noexcept override {
    codec_.Residual(query, scalar, residual_.data());
    float greatest = 0;
    double squares = 0;
    for (size_t i = 0; i < residual_.size(); ++i) {
      squares += double{residual_[i]} * residual_[i];
      greatest = std::max(greatest, std::fabs(residual_[i]));
    }
    step_ = greatest / kMaxQueryCode;
    const float inverse = InverseOf(step_);
    int64_t sum = 0;
    for (size_t i = 0; i < residual_.size(); ++i) {
      const float code = Rounded(residual_[i] * inverse);
      codes_[i] = static_cast<int8_t>(std::min(std::max(code, -kMaxQueryCode), kMaxQueryCode));
      sum += codes_[i];
    }
    offset_ = -codec_.centre() * static_cast<float>(sum);
    base_ = static_cast<float>(codec_.metric() == Metric::kCosine      ? squares / 2
                               : codec_.metric() == Metric::kEuclidean ? squares
                                                                       : -codec_.MeanDot(query));
  }

  void Distances(const uint8_t* const* rows, const float*, size_t count,
                 float* distances) const noexcept override {
    constexpr size_t kAtOnce = 64;
    const uint8_t* planes[kAtOnce];
    int32_t sums[kAtOnce], total[kAtOnce];
    for (size_t begin = 0; begin < count; begin += kAtOnce) {
      const size_t n = std::min(kAtOnce, count - begin);
      if (codec_.bits() >= 4) {
        const auto dot = codec_.bits() == 8 ? kernels_.dot_u8 : kernels_.dot_u4;
        dot(rows + begin, n, codes_.data(), codec_.upper_bytes(), total);
      } else {
        std::fill_n(total, n, 0);
      }
      if (codec_.planes() > 0) {
        for (size_t i = 0; i < n; ++i) planes[i] = rows[begin + i] + codec_.upper_bytes();
        kernels_.dot_planes(planes, n, codes_.data(), codec_.plane_bytes(), codec_.planes(), sums);
        for (size_t i = 0; i < n; ++i) total[i] = (total[i] << codec_.planes()) + sums[i];
      }
      for (size_t i = 0; i < n; ++i) {
        const Factors f = codec_.FactorsOf(rows[begin + i]);
        const float product = (static_cast<float>(total[i]) + offset_) * step_;
        distances[begin + i] = base_ + f.add + f.scale * product;
      }
    }
  }

 private:
  const RotatedCodec& codec_;
  const CodeKernels& kernels_;
  std::vector<float> residual_;
  std::vector<int8_t> codes_;
  float step_ = 0, offset_ = 0, base_ = 0;
};

std::unique_ptr<CodedQuery> RotatedCodec::NewQuery() const {
  return std::make_unique<RotatedQuery>(*this);
}

class MeanLearner : public CodecLearner {
 public:
  MeanLearner(Metric metric, size_t dimensions, int bits, std::optional<uint64_t> seed,
              const TrainingRows& rows)
      : metric_(metric), bits_(bits), seed_(seed), rows_(rows), sums_(dimensions) {}

  bool Step(size_t) override {
    constexpr size_t kSlice = 4096;
    const size_t end = std::min(next_ + kSlice, rows_.rows());
    for (; next_ < end; ++next_) {
      const float* vector = rows_.Vector(next_);
      const double factor = metric_ == Metric::kCosine ? rows_.Scalar(next_) : 1;
      for (size_t i = 0; i < sums_.size(); ++i) sums_[i] += factor * vector[i];
    }
    return next_ < rows_.rows();
  }
  std::unique_ptr<Codec> Take() override {
    std::vector<float> mean(sums_.size());
    const double n = static_cast<double>(std::max<size_t>(rows_.rows(), 1));
    for (size_t i = 0; i < mean.size(); ++i) mean[i] = static_cast<float>(sums_[i] / n);
    return std::make_unique<RotatedCodec>(metric_, mean.size(), bits_, seed_, std::move(mean));
  }

 private:
  Metric metric_;
  int bits_;
  std::optional<uint64_t> seed_;
  const TrainingRows& rows_;
  std::vector<double> sums_;
  size_t next_ = 0;
};

std::optional<uint64_t> SeedOf(bool rotated, uint64_t seed) {
  return rotated ? std::optional(seed) : std::nullopt;
}

}  // namespace

std::unique_ptr<CodecLearner> NewRotatedLearner(Metric metric, size_t dimensions, int bits,
                                                bool rotated, uint64_t seed,
                                                const TrainingRows& rows) {
  return std::make_unique<MeanLearner>(metric, dimensions, bits, SeedOf(rotated, seed), rows);
}

std::unique_ptr<Codec> ReadRotatedCodec(Metric metric, size_t dimensions, int bits, bool rotated,
                                        std::string_view parameters) {
  if (parameters.size() != sizeof(uint64_t) + dimensions * sizeof(float)) return nullptr;
  std::vector<float> mean(dimensions);
  double squares = 0;
  for (size_t i = 0; i < dimensions; ++i) {
    mean[i] = LoadF32(parameters.data() + 8 + i * sizeof(float));
    squares += double{mean[i]} * mean[i];
  }
  // No mean of vectors is longer than the longest; what is no number is not less either.
  if (!(squares <= 1.001e36)) return nullptr;
  const uint64_t seed = LoadU64(parameters.data());
  if (!rotated && seed != 0) return nullptr;
  return std::make_unique<RotatedCodec>(metric, dimensions, bits, SeedOf(rotated, seed),
                                        std::move(mean));
}

}  // namespace ruvector
