// The databases that targets mutate parts of: small, with everything a database can have.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/types.h"
#include "storage/file.h"
#include "storage/wal.h"

namespace ruvector::fuzz {

/// Files by name.
using Files = std::map<std::string, SharedBytes>;

struct Sample {
  Files files;
  DatabaseId database{};
};

/// A sealed segment and a growing one with `rows` rows, deleted ones in both, another collection, a
/// log that was not closed. From 256 rows with graphs.
Sample MakeSample(size_t rows);
/// The same as a container.
std::string MakeContainer(size_t rows);
/// A segment file of `rows` rows, the first `linked` of them in a graph; some are twins.
std::string MakeSegment(size_t rows, size_t linked, Metric metric, size_t m);

/// A folder in memory that a database takes for one on disk; what was written stays when the
/// database is closed. The Directory may be destroyed before or after the disk.
class Disk {
 public:
  explicit Disk(const Files& files = {});
  std::unique_ptr<Directory> Open() const;
  Files Content() const;

 private:
  std::shared_ptr<MemoryDirectory> files_;
};

/// The name of the first file that begins so.
std::string NameOf(const Files& files, std::string_view prefix);
std::string_view TextOf(const SharedBytes& bytes);

}  // namespace ruvector::fuzz
