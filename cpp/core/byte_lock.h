// A lock of one byte, for one in each of many rows.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace ruvector {

/// Held for less than a microsecond at a time by few threads at once; who waits longer than that
/// lets others run. Lockable, as std::lock_guard wants it.
class ByteLock {
 public:
  void lock() noexcept {
    for (int tries = 0; held_.exchange(1, std::memory_order_acquire) != 0; ++tries) {
      if (tries > kTries) std::this_thread::yield();
    }
  }
  void unlock() noexcept { held_.store(0, std::memory_order_release); }

 private:
  static constexpr int kTries = 64;
  std::atomic<uint8_t> held_{0};
};

}  // namespace ruvector
