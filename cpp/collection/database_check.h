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
  explicit DatabaseCheck(std::shared_ptr<Database> database) : database_(std::move(database)) {
    Begin();
  }

  /// Like Verification::Step.
  bool Step() {
    if (attempt_->verification.Step()) return true;
    if (!Outdated()) return false;
    Begin();
    return true;
  }
  uint64_t done() const { return attempt_->verification.done(); }
  uint64_t total() const { return attempt_->verification.total(); }

  const std::vector<Damage>& damage() const { return attempt_->verification.damage(); }
  size_t files() const { return attempt_->verification.files(); }
  /// Read, the log's included.
  uint64_t bytes() const { return total() + attempt_->log_bytes; }

 private:
  struct Attempt {
    explicit Attempt(const std::shared_ptr<Database>& database)
        : pinned(database, false),
          verification(pinned.directory(), pinned.manifest(),
                       [this, database] { log_bytes = database->CheckLog(); }) {}
    PinnedManifest pinned;
    uint64_t log_bytes = 0;
    Verification verification;
  };
  static constexpr int kMostAttempts = 8;

  void Begin() {
    attempt_.reset();
    attempt_ = std::make_unique<Attempt>(database_);
    ++attempts_;
  }
  // A reader pins nothing for others: what it misses, a writer may have taken away meanwhile.
  bool Outdated() const {
    return database_->read_only() && !damage().empty() && attempts_ < kMostAttempts &&
           NewestGeneration(attempt_->pinned.directory()) != attempt_->pinned.manifest().generation;
  }

  std::shared_ptr<Database> database_;
  std::unique_ptr<Attempt> attempt_;
  int attempts_ = 0;
};

}  // namespace ruvector
