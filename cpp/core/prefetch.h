// A hint that memory is wanted soon, so that the waiting for several rows overlaps.
#pragma once

#include <cstddef>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace ruvector {

/// Asks for the first lines of `bytes` bytes; beyond 1 KB the hardware's own prefetcher has
/// understood. WebAssembly has no such hint: there the first lines are read, and a processor that
/// runs ahead of its loads overlaps the misses just as well.
inline void PrefetchBytes(const void* data, size_t bytes) {
  constexpr size_t kLine = 64;
#if defined(__EMSCRIPTEN__)
  constexpr size_t kMost = 4 * kLine;
  for (size_t i = 0; i < bytes && i < kMost; i += kLine) {
    static_cast<void>(*(static_cast<const volatile char*>(data) + i));
  }
#else
#if defined(__GNUC__)
  // Else GCC takes a function that only asks for lines for one without effect, and leaves out calls
  // of it that it does not inline.
  __asm__ volatile("");
#endif
  constexpr size_t kMost = 1024;
  for (size_t i = 0; i < bytes && i < kMost; i += kLine) {
#if !defined(_MSC_VER) || defined(__clang__)
    __builtin_prefetch(static_cast<const char*>(data) + i);
#elif defined(_M_X64) || defined(_M_IX86)
    _mm_prefetch(static_cast<const char*>(data) + i, _MM_HINT_T0);
#else
    __prefetch(static_cast<const char*>(data) + i);
#endif
  }
#endif
}

}  // namespace ruvector
