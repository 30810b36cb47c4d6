#include "core/process_id.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>
#elif !defined(__EMSCRIPTEN__)
#include <unistd.h>
#endif

namespace ruvector {

uint64_t CurrentPid() noexcept {
#if defined(_WIN32)
  return GetCurrentProcessId();
#elif defined(__EMSCRIPTEN__)
  return 0;
#else
  return static_cast<uint64_t>(getpid());
#endif
}

}  // namespace ruvector
