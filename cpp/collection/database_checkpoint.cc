// What the log holds, written into segments: checkpoints, manifests, and which files they leave
// over.
#include <algorithm>

#include "collection/database.h"
#include "core/error.h"
#include "storage/container.h"

namespace ruvector {
namespace {

constexpr uint64_t kLongLogBytes = uint64_t{64} << 20;
// Below this, replaying is quicker than a checkpoint is worth.
constexpr uint64_t kShortLogBytes = uint64_t{4} << 20;
// Nor is it worth it for fewer rows than this that would be linked anew.
constexpr size_t kFewLinks = 200;

}  // namespace

bool Database::CheckpointDue() const {
  if (!wal_) return false;
  const uint64_t bytes = LogLength();
  if (bytes <= kLongLogBytes || bytes <= next_checkpoint_bytes_) return false;
  uint64_t growing = 0;
  for (const auto& collection : Collections()) growing += collection->GrowingBytes();
  return bytes > growing / 4;
}

bool Database::HasSegments() const {
  return std::any_of(manifest_.collections.begin(), manifest_.collections.end(),
                     [](const CollectionEntry& c) { return !c.segments.empty(); });
}

bool Database::WorthCheckpoint() const {
  if (changed_options_ || LogLength() > kShortLogBytes) return true;
  size_t unsaved = 0;
  for (const auto& collection : Collections()) unsaved += collection->UnsavedLinks();
  return unsaved > kFewLinks;
}

void Database::Checkpoint() {
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  if (wal_) CheckpointLocked({});
}

void Database::TryCheckpoint(const CollectionSet& seal) {
  if (!wal_ && !volatile_) return;
  try {
    CheckpointLocked(seal);
  } catch (const std::exception& e) {
    // The transaction itself is safe in the log. Trying again at every commit would only slow down
    // a full disk.
    if (wal_) next_checkpoint_bytes_ = LogLength() + kLongLogBytes;
    MaintenanceFailed(e.what());
  }
}

void Database::CheckpointLocked(const CollectionSet& seal) {
  RequireWritable();
  Manifest next = manifest_;
  ++next.generation;
  std::unique_ptr<WalWriter> wal;
  if (wal_) {
    if (wal_->unsynced()) wal_->Sync();  // records of the next file vouch for those of this one
    next.sequence = wal_->next_sequence() - 1;
    next.wal = next_wal_;
    wal = WalWriter::Create(*directory_, next.wal, next.database, wal_->next_sequence());
    ++next_wal_;
  }
  next.collections.clear();
  std::vector<std::shared_ptr<Collection>> written;
  std::vector<std::vector<SegmentEntry>>
      entries;  // copies: once the manifest is there, nothing may fail
  for (const auto& collection : Collections()) {
    const bool seals = seal.count(collection.get()) > 0;
    if (volatile_ && !seals) {
      next.collections.push_back(collection->Describe(collection->SealedEntries()));
      written.push_back(nullptr);
      entries.emplace_back();
      continue;
    }
    std::vector<SegmentEntry> segments =
        collection->WriteSegments(*directory_, next.database, manifest_.next_segment, seals);
    entries.push_back(segments);
    next.collections.push_back(collection->Describe(std::move(segments)));
    written.push_back(collection);
  }
  next.next_segment = manifest_.next_segment;
  next.next_collection = next_collection_;
  PublishManifest(next);
  manifest_ = std::move(next);
  if (wal_) {
    wal_ = std::move(wal);
    earlier_log_bytes_ = 0;
    wal_bytes_ = LogLength();
  }
  next_checkpoint_bytes_ = 0;
  unlogged_ = false;
  changed_options_ = false;
  for (size_t i = 0; i < written.size(); ++i) {
    if (written[i]) written[i]->CheckpointDone(std::move(entries[i]));
  }
  RemoveLeftOvers();
}

void Database::PublishManifest(const Manifest& next) {
  bool in_doubt = false;
  try {
    WriteManifest(*directory_, next, &in_doubt);
  } catch (...) {
    // Nobody knows which manifest is the one on disk.
    if (in_doubt) broken_ = true;
    throw;
  }
}

// What cannot be removed now (a file that another process has mapped, say) is tried again with the
// next manifest.
void Database::RemoveLeftOvers() {
  left_over_error_.reset();
  const std::vector<std::string> named = FilesOf(manifest_);
  for (const std::string& name : directory_->List()) {
    const OwnFileName own = ParseOwnFileName(name);
    const bool of_segment = own.kind == OwnFile::kSegment || own.kind == OwnFile::kTombstone ||
                            own.kind == OwnFile::kTemporary;
    const bool left_over = own.kind == OwnFile::kTemporary ||
                           (own.kind == OwnFile::kWal && own.number < manifest_.wal) ||
                           ((own.kind == OwnFile::kManifest || of_segment) &&
                            std::find(named.begin(), named.end(), name) == named.end());
    if (!left_over || pinned_.count(name) > 0) continue;
    if (of_segment && unnamed_segments_.count(own.number) > 0) continue;
    try {
      directory_->Remove(name);
    } catch (const Error& e) {
      left_over_error_ = e;
    }
  }
}

void Database::Flush() {
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  if (options_.read_only || !wal_) return;
  RequireWritable();
  if (unlogged_ || WorthCheckpoint()) {
    CheckpointLocked({});
  } else if (wal_->unsynced()) {
    wal_->Sync();
  }
}

void Database::Sync() {
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  if (wal_ && wal_->unsynced()) wal_->Sync();
}

std::string Database::ToBytes() {
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  const std::unique_ptr<Directory> copy = NewMemoryDirectory();
  Manifest manifest = manifest_;
  manifest.generation = manifest_.generation + 1;
  manifest.wal = 1;
  manifest.next_collection = next_collection_;
  manifest.sequence = wal_ ? wal_->next_sequence() - 1 : manifest_.sequence;
  manifest.collections.clear();
  for (const auto& collection : Collections()) {
    manifest.collections.push_back(collection->Describe(
        collection->CopySegments(*copy, manifest.database, manifest.next_segment)));
  }
  bool in_doubt = false;
  WriteManifest(*copy, manifest, &in_doubt);
  return PackContainer(*copy, FilesOf(manifest), manifest.database);
}

}  // namespace ruvector
