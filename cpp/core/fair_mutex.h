// A readers-writer lock that starves neither side.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace ruvector {

/// Like std::shared_mutex, but a waiting writer holds newcomers back: the system's lock may prefer
/// readers, and a steady stream of searches would then keep an insert waiting for ever. Meets
/// SharedMutex; not recursive.
class FairMutex {
 public:
  void lock() {
    const std::lock_guard<std::mutex> turn(turn_);
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }
  void lock_shared() {
    const std::lock_guard<std::mutex> turn(turn_);
    mutex_.lock_shared();
  }
  void unlock_shared() { mutex_.unlock_shared(); }

 private:
  std::mutex turn_;
  std::shared_mutex mutex_;
};

}  // namespace ruvector
