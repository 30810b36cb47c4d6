#include "collection/compaction.h"

#include <algorithm>
#include <string>

#include "core/error.h"

#if !defined(__EMSCRIPTEN__)
#include <chrono>
#include <thread>
#endif

namespace ruvector {
namespace {

constexpr int kMostWaits = 100;

}  // namespace

Compaction::~Compaction() {
  if (!begun_) return;
  merge_.reset();
  Finish();
}

void Compaction::Begin() {
  Database& db = *database_;
  {
    const std::lock_guard<std::mutex> lock(db.writer_mutex_);
    db.RequireWritable();
    if (db.compacting_) throw Error(ErrorCode::kConflict, "another compaction is at work");
    db.compacting_ = true;
  }
  begun_ = true;
  db.StopMerging();
  const std::lock_guard<std::mutex> lock(db.writer_mutex_);
  db.merge_.reset();
  Database::CollectionSet seal;
  const auto collections = db.Collections();
  for (const auto& collection : collections) {
    if (collection->SealsToCompact()) seal.insert(collection.get());
  }
  // The log may hold what was deleted.
  db.CheckpointLocked(seal);
  for (const auto& collection : collections) {
    for (SegmentRun& run : collection->RunsToCompact()) {
      for (const auto& segment : run) total_ += 2 * segment->live_count();
      runs_.emplace_back(collection, std::move(run));
    }
  }
}

void Compaction::Finish() {
  Database& db = *database_;
  const std::lock_guard<std::mutex> lock(db.writer_mutex_);
  db.compacting_ = false;
  db.merge_elsewhere_ = false;
  begun_ = false;
}

bool Compaction::Step() {
  Database& db = *database_;
  if (!begun_) {
    Begin();
    return true;
  }
  if (runs_.empty()) {
    std::unique_lock<std::mutex> lock(db.writer_mutex_);
    // On Windows the merges kept their sources, which they had mapped, and searches may still.
    if (db.left_over_error_) db.RemoveLeftOvers();
    if (!db.left_over_error_) return false;
    if (db.left_over_error_->code() == ErrorCode::kLocked && ++waits_ < kMostWaits) {
      lock.unlock();
#if !defined(__EMSCRIPTEN__)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
#endif
      return true;
    }
    throw Error(ErrorCode::kIo, std::string("a file with deleted rows could not be removed: ") +
                                    db.left_over_error_->what());
  }
  Collection& collection = *runs_.back().first;
  if (!merge_) {
    merge_ = collection.StartMerge(runs_.back().second);
    return true;
  }
  if (merge_->Step()) return true;
  uint64_t number = 0;
  {
    const std::lock_guard<std::mutex> lock(db.writer_mutex_);
    number = db.TakeSegmentNumber();
  }
  try {
    const SegmentEntry entry = db.WriteMerged(collection, *merge_, number);
    const std::lock_guard<std::mutex> lock(db.writer_mutex_);
    db.InstallMerge(collection, *merge_, number, entry);
  } catch (...) {
    const std::lock_guard<std::mutex> lock(db.writer_mutex_);
    db.unnamed_segments_.erase(number);
    throw;
  }
  for (const auto& segment : runs_.back().second) done_ += 2 * segment->live_count();
  merge_.reset();
  runs_.pop_back();
  done_ = std::min(done_, total_);
  return true;
}

}  // namespace ruvector
