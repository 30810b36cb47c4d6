// Runs what goes in steps (BatchInsert, Compaction, Snapshot, DatabaseCheck) to its end.
#pragma once

#include <algorithm>
#include <chrono>

#include "api/input.h"

namespace ruvector {
inline namespace v1 {
namespace internal {

/// Time between two looks at a call's limits, and two words about its progress.
inline constexpr auto kStepTime = std::chrono::milliseconds(20);

/// Throws kAborted, kTimeout, unless the work is committed already, and what `on_progress` throws.
template <typename Work>
void Run(Work& work, const LongCall& call, const Interrupt& interrupt) {
  if (call.on_progress && work.total() > 0) call.on_progress(0, work.total());
  bool more = true;
  for (bool started = false; more; started = true) {
    bool committed = false;
    if constexpr (requires { work.committed(); }) committed = work.committed();
    if (!committed) interrupt.Check();
    const auto until = std::chrono::steady_clock::now() + kStepTime;
    // The first step alone: it makes the total known.
    do {
      more = work.Step();
    } while (more && started && std::chrono::steady_clock::now() < until);
    if (call.on_progress) call.on_progress(std::min(work.done(), work.total()), work.total());
  }
}

}  // namespace internal
}  // namespace v1
}  // namespace ruvector
