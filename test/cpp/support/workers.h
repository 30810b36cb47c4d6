// Threads of a test: what goes wrong in them is collected, since Catch2's macros are for one
// thread.
#pragma once

#if !defined(__EMSCRIPTEN__)

#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ruvector::test {

class Workers {
 public:
  ~Workers() { Join(); }

  /// Runs f(i) for i = 0 … rounds - 1 on a thread of its own; what it throws ends it and is a
  /// fault.
  void Start(const std::string& name, size_t rounds, std::function<void(size_t)> f) {
    threads_.emplace_back([this, name, rounds, f = std::move(f)] {
      try {
        for (size_t i = 0; i < rounds; ++i) f(i);
      } catch (const std::exception& e) {
        Fault(name + ": " + e.what());
      }
    });
  }
  void Check(bool good, const char* what) {
    if (!good) Fault(what);
  }
  /// Waits for all; returns what went wrong.
  std::string Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    const std::lock_guard<std::mutex> lock(mutex_);
    return faults_;
  }

 private:
  void Fault(const std::string& what) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (faults_.size() < 2000) faults_ += what + "\n";
  }

  std::mutex mutex_;
  std::string faults_;
  std::vector<std::thread> threads_;
};

}  // namespace ruvector::test

#endif
