// A whole database in one run of bytes: what toBytes returns and a `.rvf` file holds. Bytes:
// FORMAT.md, Container.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/file.h"
#include "storage/wal.h"

namespace ruvector {

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
