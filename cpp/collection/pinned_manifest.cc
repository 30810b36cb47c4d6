#include "collection/pinned_manifest.h"

namespace ruvector {

PinnedManifest::PinnedManifest(std::shared_ptr<Database> database, bool checkpoint)
    : database_(std::move(database)) {
  const std::lock_guard<std::mutex> lock(database_->writer_mutex_);
  if (checkpoint && database_->wal_) database_->CheckpointLocked({});
  manifest_ = database_->manifest_;
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
