// Threads that wait for work, so that none is made for a loop of a millisecond.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace ruvector {

/// The waiting threads of this process: one set, which every object of this class holds. They wait
/// while there is such an object; the end of the last one joins them, so it may not be on one of
/// them. The thread that went to wait last is the first to work again: it is the warmest.
/// Threads: any. A forked child starts with a set of its own, without threads.
class WorkerThreads {
 public:
  WorkerThreads();

  /// Has `work`, which may not throw, run at once on a waiting thread, or on a new one where none
  /// waits; never behind other work, so that work may wait for work. False, and nothing is run,
  /// where the system has no more threads, or no memory for them.
  bool Run(std::function<void()> work) const noexcept;

  /// Runs `work`, which may not throw, here and on up to `helpers` waiting or new threads, and
  /// returns when it has returned everywhere. It is to take its share of what is to be done until
  /// nothing is left: a thread that comes too late does not call it, and is not waited for; while
  /// one is late no new one is made.
  static void RunTogether(size_t helpers, const std::function<void()>& work) noexcept;

 private:
  class Set;
  std::shared_ptr<Set> set_;
};

}  // namespace ruvector
