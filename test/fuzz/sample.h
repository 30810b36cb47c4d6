// The database that targets mutate parts of: small, with everything a database can have.
#pragma once

#include <map>
#include <string>

#include "storage/file.h"
#include "storage/wal.h"

namespace ruvector::fuzz {

inline constexpr size_t kDimensions = 3;

struct Sample {
  std::map<std::string, std::string> files;
  DatabaseId database{};
};

/// A segment with a graph of `rows` rows and deleted ones, another collection, a log.
Sample MakeSample(size_t rows);
/// The same as a container.
std::string MakeContainer(size_t rows);

/// A folder in memory of these files that a database takes for one on disk.
std::unique_ptr<Directory> DirectoryOf(const std::map<std::string, std::string>& files);

/// The name of the first file that begins so.
std::string NameOf(const Sample& sample, std::string_view prefix);

}  // namespace ruvector::fuzz
