// Mutated files with their checksums put right, so that the fuzzer gets past them.
#pragma once

#include <string>

#include "storage/wal.h"

namespace ruvector::fuzz {

/// Makes the header one of this format version and database; a shorter text is filled up.
void FixHeader(std::string& file, std::string_view magic, const DatabaseId& database);
/// Records as far as they follow each other; `number`: of the file; `first`: of its first
/// transaction. Where the salt has the bit kWalFollow, also sequences, counts of commits, padding.
inline constexpr uint32_t kWalFollow = 1;
void FixWal(std::string& file, const DatabaseId& database, uint64_t number, uint32_t first);
/// Header, and where they lie inside: footer, tables, blocks.
void FixSegment(std::string& file, const DatabaseId& database, uint64_t segment);
void FixTombstones(std::string& file, const DatabaseId& database, uint64_t segment);
/// A manifest of this body.
std::string ManifestFile(std::string_view body, const DatabaseId& database);
/// Header, directory, and the files in it.
void FixContainer(std::string& file, const DatabaseId& database);

}  // namespace ruvector::fuzz
