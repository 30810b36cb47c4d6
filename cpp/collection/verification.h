// Reads every byte of a database's files and says what is damaged.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collection/sealed_segment.h"
#include "storage/file.h"
#include "storage/manifest.h"

namespace ruvector {

struct Damage {
  std::string file;
  std::string detail;
};

/// Checksums of every block, then what they hold: texts, vectors, links, the id table, the log.
/// Damage is collected, never thrown. Not for concurrent use.
class Verification {
 public:
  /// `manifest` as read from the folder, whose files must not be removed meanwhile. `check_log`
  /// reads the log; it is called once.
  Verification(Directory& directory, const Manifest& manifest, std::function<void()> check_log);

  /// Reads some megabytes; false when all is read. Throws kIo when a file cannot be read at all.
  bool Step();
  uint64_t done() const { return done_; }
  uint64_t total() const { return total_; }
  const std::vector<Damage>& damage() const { return damage_; }
  size_t files() const { return files_; }

 private:
  struct Part {
    const CollectionEntry* collection;
    const SegmentEntry* segment;
  };
  void Open(const Part& part);
  bool CheckBlocks();
  bool CheckRows();
  bool CheckLists();
  bool CheckFieldIndex();
  template <typename F>
  bool Collect(const std::string& file, const F& f);

  Directory& directory_;
  Manifest manifest_;
  std::function<void()> check_log_;
  std::vector<Part> parts_;  // the next one last
  std::unique_ptr<SealedSegment> segment_;
  std::vector<Section> sections_;
  bool sound_ = true;  // of this segment
  size_t section_ = 0, block_ = 0, row_ = 0, list_ = 0, index_ = 0;
  Bitset listed_;          // rows seen in lists
  uint64_t next_row_ = 0;  // of its collection
  bool log_checked_ = false;
  size_t files_ = 0;
  uint64_t done_ = 0, total_ = 0;
  std::vector<Damage> damage_;
};

}  // namespace ruvector
