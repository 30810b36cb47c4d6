// Verification of an open database: its files as they are now, kept from being removed, and its
// log.
#pragma once

#include <memory>
#include <vector>

#include "collection/database.h"
#include "collection/pinned_manifest.h"
#include "collection/verification.h"

namespace ruvector {

/// Beside reads and writes. Not for concurrent use.
class DatabaseCheck {
 public:
  explicit DatabaseCheck(std::shared_ptr<Database> database)
      : pinned_(database, false),
        verification_(pinned_.directory(), pinned_.manifest(),
                      [this, database] { log_bytes_ = database->CheckLog(); }) {}
  DatabaseCheck(const DatabaseCheck&) = delete;
  DatabaseCheck& operator=(const DatabaseCheck&) = delete;

  /// Like Verification::Step.
  bool Step() { return verification_.Step(); }
  uint64_t done() const { return verification_.done(); }
  uint64_t total() const { return verification_.total(); }

  const std::vector<Damage>& damage() const { return verification_.damage(); }
  size_t files() const { return verification_.files(); }
  /// Read, the log's included.
  uint64_t bytes() const { return verification_.total() + log_bytes_; }

 private:
  PinnedManifest pinned_;
  Verification verification_;
  uint64_t log_bytes_ = 0;
};

}  // namespace ruvector
