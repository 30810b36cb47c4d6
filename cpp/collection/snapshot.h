// A copy of a database elsewhere, as of one moment, made in steps beside reads and writes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collection/database.h"
#include "collection/pinned_manifest.h"
#include "storage/container.h"

namespace ruvector {

/// The copy is a database of its own; it becomes one with the last step, durably. Stopping earlier
/// removes what was copied. Not for concurrent use; several may be at work.
class Snapshot {
 public:
  /// `path`: a folder that does not exist or is empty; or, with the ending ".rvf", a container that
  /// does not exist.
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
  void BeginFolder();
  void BeginContainer();
  void PinSource();
  void CopySome();
  void Finish();
  bool is_container() const { return path_.ends_with(".rvf"); }

  std::shared_ptr<Database> database_;
  std::string path_;
  std::unique_ptr<Directory> target_;  // of a container: the folder it is in
  bool made_folder_ = false;
  std::unique_ptr<WriterLock> lock_;
  Manifest manifest_;
  std::unique_ptr<PinnedManifest> source_;
  std::vector<FileRef> files_;  // to copy, the next one last
  std::unique_ptr<File> from_, to_;
  std::string name_;                            // of the container
  std::string manifest_bytes_;                  // the container's last entry
  std::unique_ptr<ContainerWriter> container_;  // into to_
  uint64_t offset_ = 0, done_ = 0, total_ = 0;
  uint32_t crc_ = 0;
  bool finished_ = false;
};

}  // namespace ruvector
