#include "quant/rotation.h"

#include <bit>
#include <cmath>

#include "core/random.h"

namespace ruvector {
namespace {

constexpr int kRounds = 4;

// Hadamard transform of n values, a power of two, not scaled.
void Hadamard(float* x, size_t n) noexcept {
  size_t half = n / 2;
  for (; half >= 4; half /= 2) {
    for (size_t begin = 0; begin < n; begin += 2 * half) {
      float *a = x + begin, *b = a + half;
      for (size_t i = 0; i < half; ++i) {
        const float sum = a[i] + b[i], difference = a[i] - b[i];
        a[i] = sum;
        b[i] = difference;
      }
    }
  }
  if (half == 2) {  // both last steps in one pass
    for (size_t i = 0; i < n; i += 4) {
      const float a = x[i] + x[i + 2], b = x[i + 1] + x[i + 3];
      const float c = x[i] - x[i + 2], d = x[i + 1] - x[i + 3];
      x[i] = a + b;
      x[i + 1] = a - b;
      x[i + 2] = c + d;
      x[i + 3] = c - d;
    }
  } else if (half == 1) {
    const float a = x[0], b = x[1];
    x[0] = a + b;
    x[1] = a - b;
  }
}

}  // namespace

Rotation::Rotation(size_t dimensions, uint64_t seed)
    : dimensions_(dimensions),
      seed_(seed),
      power_(std::bit_floor(dimensions)),
      scale_(1 / std::sqrt(static_cast<float>(power_))),
      signs_(kRounds * dimensions) {
  Rng rng(seed);
  uint64_t bits = 0;
  for (size_t i = 0; i < signs_.size(); ++i) {
    if (i % 64 == 0) bits = rng.Next();
    signs_[i] = (bits >> (i % 64) & 1) != 0 ? 1.0f : -1.0f;
  }
}

void Rotation::Transform(float* vector, int round) const noexcept {
  float* part = round % 2 == 0 ? vector : vector + dimensions_ - power_;
  Hadamard(part, power_);
  for (size_t i = 0; i < power_; ++i) part[i] *= scale_;
}

// Each pair (a, b) becomes (a + b, a - b) / √2, which is its own inverse.
void Rotation::Turn(float* vector) const noexcept {
  if (power_ == dimensions_) return;  // every coordinate was mixed with every other
  constexpr float kHalf = 0.70710678f;
  const size_t half = dimensions_ / 2;
  for (size_t i = 0; i < half; ++i) {
    const float a = vector[i], b = vector[half + i];
    vector[i] = (a + b) * kHalf;
    vector[half + i] = (a - b) * kHalf;
  }
}

void Rotation::Apply(float* vector) const noexcept {
  for (int round = 0; round < kRounds; ++round) {
    const float* signs = signs_.data() + static_cast<size_t>(round) * dimensions_;
    for (size_t i = 0; i < dimensions_; ++i) vector[i] *= signs[i];
    Transform(vector, round);
    Turn(vector);
  }
}

void Rotation::Undo(float* vector) const noexcept {
  for (int round = kRounds - 1; round >= 0; --round) {
    Turn(vector);
    Transform(vector, round);
    const float* signs = signs_.data() + static_cast<size_t>(round) * dimensions_;
    for (size_t i = 0; i < dimensions_; ++i) vector[i] *= signs[i];
  }
}

}  // namespace ruvector
