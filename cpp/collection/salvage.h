// Saves what can be read of a damaged database into a new one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "collection/verification.h"

namespace ruvector {

struct SalvageReport {
  uint64_t rows = 0;  ///< in the new database
  /// Rows that could not be read; where not even their ids could, some may have been deleted since.
  uint64_t lost = 0;
  std::vector<Damage> damage;
};

/// Reads the folder `from`, which is not changed but for its lock, row by row and
/// transaction by transaction, and writes a new database to `to`, a folder that does not exist or
/// is empty. Without a manifest, collections are put together from the segments' own words; rows
/// deleted since may be back then, as where a list of deleted rows is damaged; the report says so.
/// Throws kNotFound, kLocked, kAlreadyExists, kIo, and kCorrupt when nothing can be made of it.
SalvageReport Salvage(const std::string& from, const std::string& to);

}  // namespace ruvector
