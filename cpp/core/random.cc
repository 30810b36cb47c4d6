#include "core/random.h"

#include <bit>
#include <string>

#include "core/error.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#ifndef NOMINMAX
#define NOMINMAX
#endif
// bcrypt.h needs the types of windows.h.
// clang-format off
#include <windows.h>
#include <bcrypt.h>
// clang-format on
#if defined(_MSC_VER)
#pragma comment(lib, "bcrypt.lib")
#endif
#elif defined(__EMSCRIPTEN__)
extern "C" int ruvector_random(void* out, unsigned n);
#else
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace ruvector {

uint64_t Mix64(uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

uint64_t SplitMix64(uint64_t x) noexcept { return Mix64(x + 0x9e3779b97f4a7c15u); }

Rng::Rng(uint64_t seed) noexcept {
  for (uint64_t& word : state_) {
    word = SplitMix64(seed);
    seed += 0x9e3779b97f4a7c15u;
  }
}

uint64_t Rng::Next() noexcept {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Rng::Uniform() noexcept { return static_cast<double>(Next() >> 11) * 0x1p-53; }

uint64_t Rng::Below(uint64_t n) noexcept {
  // The lowest 2^64 mod n values are refused, so that every remainder is equally likely.
  const uint64_t refused = (0 - n) % n;
  uint64_t r = Next();
  while (r < refused) r = Next();
  return r % n;
}

// True with probability exp(-p), 0 ≤ p ≤ 1: the run p > U1 > U2 > … has even length that often (von
// Neumann).
bool Rng::AcceptExpMinus(double p) noexcept {
  bool even = true;
  for (double u = Uniform(); u < p; u = Uniform()) {
    p = u;
    even = !even;
  }
  return even;
}

double Rng::Normal() noexcept {
  for (;;) {
    int k = 0;
    while (AcceptExpMinus(0.5)) ++k;
    // exp(-k (k - 1) / 2) as k (k - 1) independent trials of exp(-1/2).
    bool accepted = true;
    for (int i = 0; accepted && i < k * (k - 1); ++i) accepted = AcceptExpMinus(0.5);
    if (!accepted) continue;
    const double x = Uniform();
    // exp(-x (2k + x) / 2) as k + 1 trials, each with an exponent below 1.
    const double p = x * (2.0 * k + x) / (2.0 * k + 2.0);
    for (int i = 0; accepted && i <= k; ++i) accepted = AcceptExpMinus(p);
    if (!accepted) continue;
    const double y = k + x;
    return (Next() >> 63) != 0 ? -y : y;
  }
}

void FillRandomBytes(void* out, size_t n) {
#if defined(_WIN32)
  auto* p = static_cast<unsigned char*>(out);
  while (n > 0) {
    const size_t take = n < (1u << 30) ? n : 1u << 30;
    if (BCryptGenRandom(nullptr, p, static_cast<ULONG>(take), BCRYPT_USE_SYSTEM_PREFERRED_RNG) !=
        0) {
      throw Error(ErrorCode::kIo, "the system gives no random bytes: BCryptGenRandom failed");
    }
    p += take;
    n -= take;
  }
#elif defined(__EMSCRIPTEN__)
  if (ruvector_random(out, static_cast<unsigned>(n)) == 0) {
    throw Error(ErrorCode::kIo,
                "the host gives no random bytes: crypto.getRandomValues is missing or failed");
  }
#else
  // getentropy serves at most 256 bytes a call, and never fewer than asked.
  auto* p = static_cast<unsigned char*>(out);
  while (n > 0) {
    const size_t take = n < 256 ? n : 256;
    if (getentropy(p, take) != 0) {
      if (errno == EINTR) continue;
      throw Error(ErrorCode::kIo,
                  "the system gives no random bytes: getentropy, errno " + std::to_string(errno));
    }
    p += take;
    n -= take;
  }
#endif
}

uint64_t RandomU64() {
  uint64_t v = 0;
  FillRandomBytes(&v, sizeof v);
  return v;
}

uint64_t HashBytes(std::string_view bytes) noexcept {
  uint64_t h = 0xcbf29ce484222325u;
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return Mix64(h);
}

}  // namespace ruvector
