// Memory that runs out on demand. The whole test program allocates through it; a thread that asks
// for nothing notices nothing.
#pragma once

#include <cstdint>

namespace ruvector::test {

/// While it lives, the thread's `nth` allocation (from 1) throws std::bad_alloc, and with `lasting`
/// all after it. One at a time.
class FailingMemory {
 public:
  explicit FailingMemory(uint64_t nth, bool lasting = false);
  ~FailingMemory();
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;

  /// Did it get that far?
  bool failed() const;
};

}  // namespace ruvector::test
