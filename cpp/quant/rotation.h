// A random rotation that costs O(D log D): rounds of random signs, a fast Hadamard transform of the
// first or, every second round, the last power of two coordinates, and turns by 45 degrees of
// coordinates of one half with those of the other. No coordinate is added, whatever their number.
// Source: the "FFHT + Kac walk" of the RaBitQ library (Gao & Long 2024, arXiv:2405.12497); Kac's
// walk: Jain, Pillai, Sah, Sawhney, Smith 2022, "Fast and memory-optimal dimension reduction using
// Kac's walk", arXiv:2003.10069.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ruvector {

/// Threads: all const methods concurrently.
class Rotation {
 public:
  /// Equal seeds give equal rotations on every target, but for the rounding of floats.
  Rotation(size_t dimensions, uint64_t seed);

  uint64_t seed() const { return seed_; }
  /// vector [dimensions], in place.
  void Apply(float* vector) const noexcept;
  void Undo(float* vector) const noexcept;

 private:
  void Transform(float* vector, int round) const noexcept;
  void Turn(float* vector) const noexcept;

  size_t dimensions_;
  uint64_t seed_;
  size_t power_;              // the largest power of two that fits
  float scale_;               // 1 / √power
  std::vector<float> signs_;  // [kRounds × dimensions]
};

}  // namespace ruvector
