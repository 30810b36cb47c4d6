#include "collection/pinned_manifest.h"

#include "core/error.h"

namespace ruvector {

PinnedManifest::PinnedManifest(std::shared_ptr<Database> database, bool checkpoint)
    : database_(std::move(database)) {
  const std::lock_guard<std::mutex> lock(database_->writer_mutex_);
  // What is in the log only would not be in the files.
  if (checkpoint && database_->closed_) throw Error(ErrorCode::kClosed, "the database is closed");
  if (checkpoint && database_->wal_) database_->CheckpointLocked({});
  manifest_ = database_->manifest_;
  // A reader's own names files that a writer may have replaced since.
  Directory& directory = *database_->directory_;
  if (database_->read_only() && NewestGeneration(directory).value_or(0) > manifest_.generation)
    manifest_ = ReadNewestManifest(directory).value_or(manifest_);
  names_ = FilesOf(manifest_);
  database_->pinned_.insert(names_.begin(), names_.end());
}

PinnedManifest::~PinnedManifest() {
  const std::lock_guard<std::mutex> lock(database_->writer_mutex_);
  for (const std::string& name : names_) {
    const auto at = database_->pinned_.find(name);
    if (at != database_->pinned_.end()) database_->pinned_.erase(at);
  }
}

}  // namespace ruvector
