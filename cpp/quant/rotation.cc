#include "quant/rotation.h"

#include <bit>
#include <cmath>

#include "core/random.h"
#include "simd/hadamard.h"

namespace ruvector {
namespace {

constexpr int kRounds = 4;

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
  BestHadamardKernel()(part, power_);
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
