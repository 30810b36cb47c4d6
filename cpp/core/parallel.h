// Runs a loop on several threads; inline where there are none (WASM) or one is asked for.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "core/worker_threads.h"

namespace ruvector {

/// The threads that `threads: 0` (the default) stands for: 1 … 8.
inline size_t DefaultThreads() {
#if defined(__EMSCRIPTEN__)
  return 1;
#else
  const size_t n = std::thread::hardware_concurrency();
  return n == 0 ? 1 : (n > 8 ? 8 : n);
#endif
}

/// Calls f(i) once for every i in begin … end - 1, in no order, on up to `threads` threads.
/// The first exception stops the rest and is rethrown here.
template <typename F>
void ParallelFor([[maybe_unused]] size_t threads, size_t begin, size_t end, const F& f) {
#if !defined(__EMSCRIPTEN__)
  if (threads > 1 && end - begin > 1) {
    std::atomic<size_t> next{begin};
    std::exception_ptr failure;
    std::mutex failure_mutex;
    const auto work = [&]() noexcept {
      try {
        for (size_t i = next++; i < end; i = next++) f(i);
      } catch (...) {
        next = end;
        const std::lock_guard<std::mutex> lock(failure_mutex);
        if (!failure) failure = std::current_exception();
      }
    };
    const size_t wanted = (threads < end - begin ? threads : end - begin) - 1;
    WorkerThreads::RunTogether(wanted, std::cref(work));
    if (failure) std::rethrow_exception(failure);
    return;
  }
#endif
  for (size_t i = begin; i < end; ++i) f(i);
}

}  // namespace ruvector
