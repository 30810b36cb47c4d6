// Rewrites a database without what was deleted, in steps, beside reads and writes.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "collection/database.h"

namespace ruvector {

/// When the last step is done, no file of the database holds a byte of a row, an id or a metadata
/// that was deleted or replaced before the first step, and each collection lies in as few segments
/// as fit in memory. Stopping earlier loses nothing. Not for concurrent use; one at a time.
class Compaction {
 public:
  explicit Compaction(std::shared_ptr<Database> database) : database_(std::move(database)) {}
  ~Compaction();

  /// Does a part of the work, some milliseconds long but for the writing of files; false when all
  /// is done. Throws kReadOnly, kConflict while another compaction is at work, kIo, kCorrupt.
  bool Step();
  /// Rows copied and linked, of all that will have to be.
  size_t done() const { return done_ + (merge_ ? merge_->done() : 0); }
  size_t total() const { return total_; }

 private:
  void Begin();
  void Finish();

  std::shared_ptr<Database> database_;
  bool begun_ = false;
  std::vector<std::pair<std::shared_ptr<Collection>, SegmentRun>> runs_;  // the next one last
  std::unique_ptr<SegmentMerge> merge_;                                   // of runs_.back()
  size_t done_ = 0, total_ = 0;
  int waits_ = 0;  // for searches that have files to remove mapped
};

}  // namespace ruvector
