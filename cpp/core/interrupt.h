// Lets a caller stop a read that takes long: a deadline, or a flag another thread raises.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

#include "core/error.h"

namespace ruvector {

struct Interrupt {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::shared_ptr<const std::atomic<bool>> cancelled;  ///< none: nobody can

  /// Throws kAborted, kTimeout.
  void Check() const {
    if (cancelled && cancelled->load(std::memory_order_relaxed))
      throw Error(ErrorCode::kAborted, "the call was aborted");
    if (deadline && std::chrono::steady_clock::now() > *deadline)
      throw Error(ErrorCode::kTimeout, "the call took longer than its timeoutMs");
  }
};

}  // namespace ruvector
