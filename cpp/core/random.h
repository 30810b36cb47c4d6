// Random numbers that are the same on every compiler and target, and real entropy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ruvector {

/// One step of SplitMix64 from state `x`: adds the golden gamma, then mixes; spreads nearby numbers
/// over all 64 bits. A bijection. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014, with the constants of Vigna's splitmix64.
uint64_t SplitMix64(uint64_t x) noexcept;

/// Only the finalizer of SplitMix64, without the addition; Mix64(0) is 0.
uint64_t Mix64(uint64_t x) noexcept;

/// A seeded generator: equal seeds give equal streams on every target. Not for secrets. One thread
/// at a time. Source: xoshiro256**, Blackman and Vigna, "Scrambled Linear Pseudorandom Number
/// Generators", arXiv:1805.01407.
class Rng {
 public:
  explicit Rng(uint64_t seed) noexcept;

  uint64_t Next() noexcept;
  /// In [0, 1), a multiple of 2^-53.
  double Uniform() noexcept;
  /// In 0 … n - 1, without bias; n ≥ 1.
  uint64_t Below(uint64_t n) noexcept;
  /// Standard normal. Uses comparisons and products only, no libm, so that targets agree to the
  /// last bit. Source: Karney, "Sampling exactly from the normal distribution", algorithm N,
  /// arXiv:1303.6257.
  double Normal() noexcept;

 private:
  bool AcceptExpMinus(double p) noexcept;

  uint64_t state_[4];
};

/// Fills `n` bytes with the system's entropy. Throws kIo when it has none. Any thread.
void FillRandomBytes(void* out, size_t n);

/// 64 random bits of the system's entropy. Throws kIo.
uint64_t RandomU64();

/// FNV-1a 64 of the bytes, then Mix64: the hash of ids on disk (FORMAT.md, section kind 4).
uint64_t HashBytes(std::string_view bytes) noexcept;

}  // namespace ruvector
