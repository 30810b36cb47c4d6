#include "collection/snapshot.h"

#include <algorithm>

#include "core/coding.h"
#include "core/crc32c.h"
#include "core/error.h"

namespace ruvector {
namespace {

constexpr size_t kCopyBytes = size_t{4} << 20;

// The checksum that ends the name of a segment's or tombstones' file.
uint32_t ChecksumInName(const FileRef& file) {
  uint64_t checksum = 0;
  if (file.name.size() < 8 || !ParseHex(file.name.substr(file.name.size() - 8), &checksum))
    throw Error(ErrorCode::kCorrupt, file.name + ": its name has no checksum");
  return static_cast<uint32_t>(checksum);
}

}  // namespace

Snapshot::~Snapshot() {
  if (!target_ || finished_) return;
  from_.reset();
  to_.reset();
  try {
    if (is_container()) {
      target_->Remove(name_ + ".tmp");
      return;
    }
    for (const std::string& name : target_->List()) {
      const OwnFile kind = ParseOwnFileName(name).kind;
      if (kind != OwnFile::kNone || made_folder_) target_->Remove(name);
    }
    lock_.reset();
    if (made_folder_) RemoveFolder(path_);
  } catch (const std::exception&) {
    // Without a manifest it is no database; the next snapshot there says what is in its way.
  }
}

void Snapshot::Begin() {
  const PathKind kind = KindOfPath(path_);
  if (is_container() && kind != PathKind::kNone)
    throw Error(ErrorCode::kAlreadyExists, path_ + " is there already");
  if (kind == PathKind::kFile) {
    throw Error(
        ErrorCode::kAlreadyExists,
        path_ + " is a file, expected a folder to make or fill, or the name of an .rvf file");
  }
  made_folder_ = kind == PathKind::kNone;
  is_container() ? BeginContainer() : BeginFolder();
}

void Snapshot::PinSource() {
  source_ = std::make_unique<PinnedManifest>(database_, true);
  manifest_ = source_->manifest();
  for (const CollectionEntry& c : manifest_.collections) {
    for (const SegmentEntry& s : c.segments) {
      files_.insert(files_.end(), s.parts.begin(), s.parts.end());
      if (s.tombstones) files_.push_back(*s.tombstones);
    }
  }
  for (const FileRef& file : files_) total_ += file.bytes;
}

void Snapshot::BeginFolder() {
  std::unique_ptr<Directory> target = OpenDirectory(path_, true);
  const auto refuse_content = [&] {
    for (const std::string& name : target->List()) {
      if (ParseOwnFileName(name).kind != OwnFile::kNone)
        throw Error(ErrorCode::kAlreadyExists, path_ + " holds " + name + ", expected no database");
    }
  };
  refuse_content();
  std::unique_ptr<WriterLock> writer = target->LockWriter();
  refuse_content();
  target_ = std::move(target);
  lock_ = std::move(writer);

  Database& db = *database_;
  if (!db.volatile_ && !db.read_only()) return PinSource();
  const std::lock_guard<std::mutex> lock(db.writer_mutex_);
  // In memory, or read-only beside another process's log: what is seen now is written out.
  manifest_ = db.manifest_;
  manifest_.next_collection = db.next_collection_;
  manifest_.collections.clear();
  for (const auto& collection : db.Collections()) {
    manifest_.collections.push_back(
        collection->Describe(collection->CopySegments(*target_, db.id_, manifest_.next_segment)));
  }
}

void Snapshot::BeginContainer() {
#ifdef _WIN32
  const size_t slash = path_.find_last_of("/\\");
#else
  const size_t slash = path_.find_last_of('/');
#endif
  name_ = path_.substr(slash == std::string::npos ? 0 : slash + 1);
  const std::string folder = slash == std::string::npos ? "."
                             : slash == 0 || path_[slash - 1] == ':'
                                 ? path_.substr(0, slash + 1)  // the root, of a drive
                                 : path_.substr(0, slash);
  std::unique_ptr<Directory> target = OpenDirectory(folder, true);
  target->Remove(name_ + ".tmp");  // of a snapshot that was killed
  to_ = target->Open(name_ + ".tmp", OpenMode::kCreate);
  target_ = std::move(target);

  Database& db = *database_;
  if (db.volatile_ || db.read_only()) {
    const std::string bytes = db.ToBytes();
    to_->Append(bytes.data(), bytes.size());
    return;
  }
  PinSource();
  manifest_.wal = 1;  // all of the log is in the segments
  const std::unique_ptr<Directory> memory = NewMemoryDirectory();
  bool in_doubt = false;
  WriteManifest(*memory, manifest_, &in_doubt);
  const std::string manifest = FilesOf(manifest_).front();
  manifest_bytes_ = ReadWholeFile(*memory, manifest, UINT64_MAX);
  std::vector<ContainerEntry> entries;
  for (auto file = files_.rbegin(); file != files_.rend(); ++file)
    entries.push_back({file->name, file->bytes, ChecksumInName(*file)});
  entries.push_back(
      {manifest, manifest_bytes_.size(), Crc32c(manifest_bytes_.data(), manifest_bytes_.size())});
  container_ = std::make_unique<ContainerWriter>(
      std::move(entries), manifest_.database,
      [this](const void* data, size_t n) { to_->Append(data, n); });
}

void Snapshot::CopySome() {
  const FileRef& file = files_.back();
  if (!from_) {
    from_ = source_->directory().Open(file.name, OpenMode::kRead);
    if (!container_) to_ = target_->Open(file.name + ".tmp", OpenMode::kCreate);
    offset_ = 0;
    crc_ = 0;
  }
  std::string bytes(static_cast<size_t>(std::min<uint64_t>(kCopyBytes, file.bytes - offset_)), 0);
  from_->ReadAt(offset_, bytes.data(), bytes.size());
  crc_ = Crc32c(bytes.data(), bytes.size(), crc_);
  if (container_) {
    container_->Append(bytes.data(), bytes.size());
  } else {
    to_->Append(bytes.data(), bytes.size());
  }
  offset_ += bytes.size();
  done_ += bytes.size();
  if (offset_ < file.bytes) return;
  if (ChecksumInName(file) != crc_) {
    throw Error(ErrorCode::kCorrupt, source_->directory().path() + "/" + file.name +
                                         ": is damaged (its bytes are not what its name says)");
  }
  from_.reset();
  if (!container_) {
    to_->Sync();
    to_.reset();
    target_->Rename(file.name + ".tmp", file.name);
  }
  files_.pop_back();
}

void Snapshot::Finish() {
  if (is_container()) {
    if (container_) {
      container_->Append(manifest_bytes_.data(), manifest_bytes_.size());
      container_->Finish();
    }
    to_->Sync();
    // Another snapshot to the same path takes this one's name away.
    if (target_->Open(name_ + ".tmp", OpenMode::kRead)->Size() != to_->Size())
      throw Error(ErrorCode::kConflict, path_ + " is being written by another snapshot");
    to_.reset();
    target_->Rename(name_ + ".tmp", name_);
    target_->Sync();
  } else {
    WalWriter::Create(*target_, manifest_.wal, manifest_.database, manifest_.sequence + 1);
    bool in_doubt = false;
    WriteManifest(*target_, manifest_, &in_doubt);
  }
  finished_ = true;
  lock_.reset();
  source_.reset();
}

bool Snapshot::Step() {
  if (!target_) {
    Begin();
    return true;
  }
  if (!files_.empty()) {
    CopySome();
    return true;
  }
  if (!finished_) Finish();
  return false;
}

}  // namespace ruvector
