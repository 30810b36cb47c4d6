// Who we are and who is still alive, for lock files. See FORMAT.md, Lock.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/process_id.h"

namespace ruvector {

struct ProcessIdentity {
  uint64_t pid = 0;
  /// When it started, in the system's units; tells it from a later process with the same pid. 0:
  /// not known.
  uint64_t start = 0;
  /// Within which pids can be compared: host, boot and pid namespace, hashed.
  uint64_t space = 0;
};

/// The processes of this machine, as far as locks care. Tests put others in its place. Any thread.
class ProcessTable {
 public:
  virtual ~ProcessTable() = default;
  virtual ProcessIdentity Self() const = 0;
  /// Whether a process of our own space runs; when in doubt, true. With `start` 0 the pid alone
  /// decides.
  virtual bool IsAlive(uint64_t pid, uint64_t start) const = 0;
};

/// The real ones. Lives for ever.
const ProcessTable& SystemProcesses();

/// The space of a process. All three in the system's words, "" where it has none: macOS and Windows
/// give no boot and no namespace, since their start times are wall clock times and differ between
/// boots.
uint64_t HashSpace(std::string_view host, std::string_view boot, std::string_view pid_namespace);

}  // namespace ruvector
