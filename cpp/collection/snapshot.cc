#include "collection/snapshot.h"

#include <algorithm>

#include "core/coding.h"
#include "core/crc32c.h"
#include "core/error.h"

namespace ruvector {
namespace {

constexpr size_t kCopyBytes = size_t{4} << 20;

}  // namespace

Snapshot::~Snapshot() {
  if (!target_ || finished_) return;
  from_.reset();
  to_.reset();
  try {
    for (const std::string& name : target_->List()) {
      if (ParseOwnFileName(name).kind != OwnFile::kNone) target_->Remove(name);
    }
  } catch (const Error&) {
    // Without a manifest it is no database; the next snapshot there says what is in its way.
  }
}

void Snapshot::Begin() {
  if (KindOfPath(path_) == PathKind::kFile)
    throw Error(ErrorCode::kAlreadyExists, path_ + " is a file, expected a folder to make or fill");
  std::unique_ptr<Directory> target = OpenDirectory(path_, true);
  const auto refuse_content = [&] {
    for (const std::string& name : target->List()) {
      if (ParseOwnFileName(name).kind != OwnFile::kNone)
        throw Error(ErrorCode::kAlreadyExists, path_ + " holds " + name + ", expected no database");
    }
  };
  refuse_content();
  lock_ = target->LockWriter();
  refuse_content();
  target_ = std::move(target);

  Database& db = *database_;
  if (!db.volatile_ && !db.read_only()) {
    source_ = std::make_unique<PinnedManifest>(database_, true);
    manifest_ = source_->manifest();
    for (const CollectionEntry& c : manifest_.collections) {
      for (const SegmentEntry& s : c.segments) {
        files_.insert(files_.end(), s.parts.begin(), s.parts.end());
        if (s.tombstones) files_.push_back(*s.tombstones);
      }
    }
    for (const FileRef& file : files_) total_ += file.bytes;
    return;
  }
  const std::lock_guard<std::mutex> lock(db.writer_mutex_);
  // In memory, or read-only beside another process's log: what is seen now is written out.
  manifest_ = db.manifest_;
  manifest_.collections.clear();
  for (const auto& collection : db.Collections()) {
    manifest_.collections.push_back(
        collection->Describe(collection->CopySegments(*target_, db.id_)));
  }
  manifest_.next_segment = (uint64_t{1} << 62) + manifest_.next_collection;
}

void Snapshot::CopySome() {
  const FileRef& file = files_.back();
  if (!from_) {
    from_ = source_->directory().Open(file.name, OpenMode::kRead);
    to_ = target_->Open(file.name + ".tmp", OpenMode::kCreate);
    offset_ = 0;
    crc_ = 0;
  }
  std::string bytes(static_cast<size_t>(std::min<uint64_t>(kCopyBytes, file.bytes - offset_)), 0);
  from_->ReadAt(offset_, bytes.data(), bytes.size());
  crc_ = Crc32c(bytes.data(), bytes.size(), crc_);
  to_->Append(bytes.data(), bytes.size());
  offset_ += bytes.size();
  done_ += bytes.size();
  if (offset_ < file.bytes) return;
  uint64_t expected = 0;
  if (!ParseHex(file.name.substr(file.name.size() - 8), &expected) || expected != crc_) {
    throw Error(ErrorCode::kCorrupt, source_->directory().path() + "/" + file.name +
                                         ": is damaged (its bytes are not what its name says)");
  }
  to_->Sync();
  to_.reset();
  from_.reset();
  target_->Rename(file.name + ".tmp", file.name);
  files_.pop_back();
}

void Snapshot::Finish() {
  WalWriter::Create(*target_, manifest_.wal, manifest_.database, manifest_.sequence + 1);
  bool in_doubt = false;
  WriteManifest(*target_, manifest_, &in_doubt);
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
