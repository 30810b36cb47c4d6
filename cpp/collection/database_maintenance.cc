// Work that nobody waits for: linking what was replayed, merging segments, syncing in batches. On
// threads of its own, or, where there are none, in small steps after each commit.
#include <algorithm>
#include <chrono>

#include "collection/database.h"
#include "core/error.h"

namespace ruvector {
namespace {

// After a failure, work in the background waits for so many commits.
constexpr size_t kPauseCommits = 1000;
// Half of what is promised, so that a slow disk keeps the promise too.
constexpr auto kSyncDelay = std::chrono::milliseconds(50);
// Rows that a commit pays for with one step of a merge.
constexpr size_t kRowsPerStep = 16;

#if defined(__EMSCRIPTEN__)
constexpr bool kHasThreads = false;
#else
constexpr bool kHasThreads = true;
#endif

}  // namespace

bool Database::WantsMerge() const {
  for (const auto& collection : Collections()) {
    if (collection->WorthSealing() || !collection->RunToMerge().empty()) return true;
  }
  return false;
}

bool Database::has_threads() const { return kHasThreads && options_.background; }

// Called after each commit. Needs the writer's lock.
void Database::Maintain(size_t own_rows) {
  if (merge_elsewhere_) return;
  if (maintenance_pause_ > 0) {
    --maintenance_pause_;
    return;
  }
  if (has_threads()) {
    if (WantsMerge()) WakeMaintenance();
    return;
  }
  uint64_t number = 0;
  try {
    for (size_t steps = 1 + own_rows / kRowsPerStep; steps > 0; --steps) {
      if (!merge_ && !(merge_ = NextMerge(merging_))) return;
      if (merge_->Step()) continue;
      number = TakeSegmentNumber();
      const SegmentEntry result = WriteMerged(*merging_, *merge_, number);
      InstallMerge(*merging_, *merge_, number, result);
      merge_.reset();
    }
  } catch (const std::exception& e) {
    merge_.reset();
    unnamed_segments_.erase(number);
    MaintenanceFailed(e.what());
  }
}

void Database::MaintenanceFailed(const char* message) noexcept {
  maintenance_pause_ = kPauseCommits;
  const std::lock_guard<std::mutex> lock(maintenance_mutex_);
  try {
    maintenance_error_ = message;
  } catch (const std::exception&) {
    maintenance_error_ = "no memory";  // short enough to need none
  }
}

// --- Merging

std::unique_ptr<SegmentMerge> Database::NextMerge(std::shared_ptr<Collection>& merging) {
  for (const auto& collection : Collections()) {
    if (collection->WorthSealing()) CheckpointLocked({collection.get()});
    const SegmentRun run = collection->RunToMerge();
    if (run.empty()) continue;
    merging = collection;
    return collection->StartMerge(run);
  }
  return nullptr;
}

uint64_t Database::TakeSegmentNumber() {
  unnamed_segments_.insert(manifest_.next_segment);
  return manifest_.next_segment++;
}

SegmentEntry Database::WriteMerged(const Collection& collection, const SegmentMerge& merge,
                                   uint64_t number) {
  SegmentEntry entry;
  if (merge.rows() == 0) return entry;
  entry.id = number;
  entry.rows = merge.rows();
  entry.parts = merge.WriteTo(*directory_, id_, entry.id, collection.entry());
  return entry;
}

void Database::InstallMerge(Collection& collection, const SegmentMerge& merge, uint64_t number,
                            SegmentEntry entry) {
  if (closed_ || !collection.CanInstall(merge)) {
    unnamed_segments_.erase(number);  // the file is left over
    return;
  }
  try {
    RequireWritable();
    // Rows that the merge left out may have been replaced by rows that are not on disk yet.
    if (unlogged_) CheckpointLocked({});
    if (wal_ && wal_->unsynced()) wal_->Sync();
  } catch (...) {
    unnamed_segments_.erase(number);
    throw;
  }
  unnamed_segments_.erase(number);
  std::shared_ptr<SealedSegment> result;
  if (entry.id != 0) {
    entry.growing = collection.CanGrow(merge, entry.bytes());
    const Bitset retired = merge.RetiredSince();
    entry.deleted = retired.Count();
    if (entry.deleted > 0) entry.tombstones = WriteTombstones(*directory_, id_, entry.id, retired);
    result =
        std::make_shared<SealedSegment>(*directory_, id_, entry, collection.space(),
                                        collection.options().hnsw.m, options_.vectors_in_memory);
  }
  Manifest next = manifest_;
  ++next.generation;
  for (CollectionEntry& c : next.collections) {
    if (c.id != collection.id()) continue;
    std::vector<SegmentEntry> segments;
    for (const SegmentEntry& s : c.segments) {
      const auto& inputs = merge.inputs();
      if (s.id == inputs.front().segment->manifest_entry().id && result) segments.push_back(entry);
      const bool merged = std::any_of(inputs.begin(), inputs.end(), [&](const auto& input) {
        return input.segment->manifest_entry().id == s.id;
      });
      if (!merged) segments.push_back(s);
    }
    c.segments = std::move(segments);
  }
  PublishManifest(next);
  manifest_ = std::move(next);
  collection.Install(merge, std::move(result));
  RemoveLeftOvers();
}

// --- The thread

void Database::WakeMaintenance() noexcept {
  if (!has_threads()) return;
  const std::lock_guard<std::mutex> lock(maintenance_mutex_);
  if (stop_) return;
  maintenance_wanted_ = true;
  if (!maintenance_.joinable()) {
    try {
      maintenance_ = std::thread([this] { RunMaintenance(); });
    } catch (const std::exception&) {
      // The system has no more threads, or no memory for one; the next commit asks again.
    }
  }
  maintenance_cv_.notify_all();
}

void Database::RunMaintenance() {
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(maintenance_mutex_);
      maintenance_busy_ = false;
      maintenance_cv_.notify_all();
      maintenance_cv_.wait(lock, [this] { return stop_ || maintenance_wanted_; });
      if (stop_) return;
      maintenance_wanted_ = false;
      maintenance_busy_ = true;
    }
    try {
      LinkAll();
      // A reader's files are another's.
      while (!options_.read_only && MergeOnce()) {
      }
      // What a merge had mapped itself could not go while it was at work (Windows).
      const std::lock_guard<std::mutex> lock(writer_mutex_);
      if (left_over_error_ && !closed_) RemoveLeftOvers();
    } catch (const std::exception& e) {
      MaintenanceFailed(e.what());
    }
  }
}

// Ends, since every writer links as many rows as it adds.
void Database::LinkAll() {
  for (const auto& collection : Collections()) {
    while (!stop_ && collection->LinkPending(64, 1) > 0) {
    }
  }
}

bool Database::MergeOnce() {
  std::shared_ptr<Collection> collection;
  std::unique_ptr<SegmentMerge> merge;
  uint64_t number = 0;
  {
    const std::lock_guard<std::mutex> lock(writer_mutex_);
    if (stop_ || merge_elsewhere_ || closed_) return false;
    merge = NextMerge(collection);
    if (!merge) return false;
    number = TakeSegmentNumber();
  }
  const auto forget = [&] {
    const std::lock_guard<std::mutex> lock(writer_mutex_);
    unnamed_segments_.erase(number);
  };
  try {
    do {
      if (stop_ || merge_elsewhere_) {
        forget();
        return false;
      }
    } while (merge->Step());
    const SegmentEntry entry = WriteMerged(*collection, *merge, number);
    const std::lock_guard<std::mutex> lock(writer_mutex_);
    InstallMerge(*collection, *merge, number, entry);
  } catch (...) {
    forget();
    throw;
  }
  return true;
}

void Database::StopMerging() {
  merge_elsewhere_ = true;
  std::unique_lock<std::mutex> lock(maintenance_mutex_);
  maintenance_cv_.wait(lock, [this] { return !maintenance_busy_ || stop_; });
}

void Database::StopMaintenance() {
  {
    // Under the locks, so that no thread is about to wait for what is notified here.
    const std::lock_guard<std::mutex> lock(maintenance_mutex_);
    stop_ = true;
  }
  maintenance_cv_.notify_all();
  if (maintenance_.joinable()) maintenance_.join();
  {
    const std::lock_guard<std::mutex> lock(syncing_mutex_);
    stop_ = true;
  }
  syncing_cv_.notify_all();
  if (syncing_.joinable()) syncing_.join();
}

// --- Durability kBatch

bool Database::SyncsSoon() noexcept {
  if (!has_threads()) return true;  // TypeScript's timer
  const std::lock_guard<std::mutex> lock(syncing_mutex_);
  if (stop_) return true;  // closing syncs
  if (!syncing_.joinable()) {
    try {
      syncing_ = std::thread([this] { RunSyncing(); });
    } catch (const std::exception&) {
      return false;
    }
  }
  sync_wanted_ = true;
  syncing_cv_.notify_all();
  return true;
}

void Database::RunSyncing() {
  std::unique_lock<std::mutex> lock(syncing_mutex_);
  for (;;) {
    syncing_cv_.wait(lock, [this] { return stop_ || sync_wanted_; });
    syncing_cv_.wait_for(lock, kSyncDelay, [this] { return stop_.load(); });
    if (stop_) return;  // closing syncs
    sync_wanted_ = false;
    lock.unlock();
    try {
      Sync();
    } catch (const std::exception& e) {
      MaintenanceFailed(e.what());  // and the next write is refused
    }
    lock.lock();
  }
}

}  // namespace ruvector
