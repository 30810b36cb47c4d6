// A whole database in one run of bytes: what toBytes returns and a `.rvf` file holds. Bytes:
// FORMAT.md, Container.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/file.h"
#include "storage/wal.h"

namespace ruvector {

/// A file that goes into a container.
struct ContainerEntry {
  std::string name;
  uint64_t bytes = 0;
  uint32_t checksum = 0;  ///< CRC32C
};

/// Writes a container front to back, for files too large to be held in memory.
class ContainerWriter {
 public:
  /// Writes the head. `sink` takes the container's bytes; what it throws passes through.
  ContainerWriter(std::vector<ContainerEntry> entries, const DatabaseId& database,
                  std::function<void(const void*, size_t)> sink);
  /// The bytes of the entries, one after another, in pieces that end where entries end.
  void Append(const void* data, size_t n);
  /// The listing, when all entries are written.
  void Finish();

 private:
  void Pad();
  std::function<void(const void*, size_t)> sink_;
  std::string listing_;
  std::vector<uint64_t> bytes_;  // of the entries
  size_t entry_ = 0;
  uint64_t written_ = 0;  // of this entry
  uint64_t at_ = 0;       // in the container
};

/// The named files of a folder as one container.
std::string PackContainer(Directory& directory, const std::vector<std::string>& names,
                          const DatabaseId& database);

/// A read-only folder over a container's bytes. Throws kCorrupt; `what` names the container in
/// messages.
std::unique_ptr<Directory> OpenContainer(std::shared_ptr<const Mapping> bytes,
                                         const std::string& what);

/// Owned bytes as a mapping.
std::shared_ptr<const Mapping> MappingOf(std::string bytes);

}  // namespace ruvector
