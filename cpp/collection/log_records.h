// What the records of the write-ahead log mean (FORMAT.md, Write-ahead log): operations on rows,
// and collections made and dropped.
#pragma once

#include <deque>
#include <vector>

#include "collection/collection.h"
#include "storage/wal.h"

namespace ruvector {

/// Adds an operation to the log's open transaction. Throws as WalWriter::Add.
void LogOperation(WalWriter& wal, const Operation& operation);

/// Reads one. Its vector is copied to `vectors`, since a mapped log gives no alignment; ids and
/// metadata point into the record. Throws kCorrupt.
Operation ReadOperation(const WalRecord& record, Collection& collection,
                        std::deque<std::vector<float>>& vectors);

}  // namespace ruvector
