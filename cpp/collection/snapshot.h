// A copy of a database in another folder, as of one moment, made in steps beside reads and writes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collection/database.h"
#include "collection/pinned_manifest.h"

namespace ruvector {

/// The copy is a database of its own; it becomes one with the last step, durably. Stopping earlier
/// removes what was copied. Not for concurrent use; several may be at work.
class Snapshot {
 public:
  /// `path`: a folder that does not exist or is empty.
  Snapshot(std::shared_ptr<Database> database, std::string path)
      : database_(std::move(database)), path_(std::move(path)) {}
  ~Snapshot();

  /// Copies some megabytes; false when all is done. Throws kAlreadyExists, kIo, kCorrupt for a
  /// source whose bytes are not what its name says, kUnsupported on a host without files.
  bool Step();
  /// Bytes copied, of all.
  uint64_t done() const { return done_; }
  uint64_t total() const { return total_; }

 private:
  void Begin();
  void CopySome();
  void Finish();

  std::shared_ptr<Database> database_;
  std::string path_;
  std::unique_ptr<Directory> target_;
  std::unique_ptr<WriterLock> lock_;
  Manifest manifest_;
  std::unique_ptr<PinnedManifest> source_;
  std::vector<FileRef> files_;  // to copy, the next one last
  std::unique_ptr<File> from_, to_;
  uint64_t offset_ = 0, done_ = 0, total_ = 0;
  uint32_t crc_ = 0;
  bool finished_ = false;
};

}  // namespace ruvector
