// What belongs to a database: its collections, their segments, the first log file to replay. Bytes:
// FORMAT.md, Manifest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/types.h"
#include "storage/file.h"
#include "storage/segment_file.h"
#include "storage/wal.h"

namespace ruvector {

/// One less than what 32 bits hold, for `next_collection` to be one more than any id.
inline constexpr uint32_t kMaxCollectionId = 0xfffffffe;
inline constexpr size_t kMaxCollectionNameBytes = 255;
/// Of generations, sequence, log, segment and row numbers: far from where 64 bits end.
inline constexpr uint64_t kMaxCounter = uint64_t{1} << 62;

struct SegmentEntry {
  uint64_t id = 0;
  uint64_t rows = 0;
  bool growing = false;  ///< further rows go here
  std::vector<FileRef> parts;
  uint64_t deleted = 0;
  std::optional<FileRef> tombstones;

  /// Of all parts.
  uint64_t bytes() const {
    uint64_t sum = 0;
    for (const FileRef& part : parts) sum += part.bytes;
    return sum;
  }
};

struct CollectionEntry {
  uint32_t id = 0;
  std::string name;
  size_t dimensions = 0;
  Metric metric = Metric::kCosine;
  std::string index = "auto";         ///< "auto", "flat", "hnsw" or "ivf"
  std::string quantization = "auto";  ///< as quant/quantization.h names it
  std::optional<size_t> rerank;       ///< rows measured again after a walk by codes
  size_t m = 0;
  size_t ef_construction = 0;
  size_t nlist = 0;  ///< of an inverted file; 0: as many as suit the rows
  uint64_t seed = 0;
  uint64_t next_row = 0;  ///< number of the next row that is added
  std::vector<SegmentEntry> segments;
};

struct Manifest {
  DatabaseId database{};
  uint64_t generation = 0;
  uint64_t sequence = 0;  ///< last transaction that the segments contain
  uint64_t wal = 1;       ///< first log file to replay
  uint64_t next_segment = 1;
  uint32_t next_collection = 1;
  std::vector<CollectionEntry> collections;
};

const char* MetricName(Metric metric);
std::optional<Metric> ParseMetric(std::string_view name);

/// A collection as JSON, as it stands in a manifest and in the log.
std::string EncodeCollection(const CollectionEntry& collection);
/// Throws kCorrupt, kUnsupported; `what` starts the message.
CollectionEntry DecodeCollection(std::string_view json, const std::string& what);

/// "manifest-<generation>".
std::string ManifestName(uint64_t generation);

/// Durable when it returns: file, rename and folder are synced. When it throws, `*in_doubt` says
/// whether the new manifest may be on disk all the same.
void WriteManifest(Directory& directory, const Manifest& manifest, bool* in_doubt);

/// The generation of the folder's newest manifest, by its name.
std::optional<uint64_t> NewestGeneration(const Directory& directory);

/// The newest manifest of the folder, or none. Throws kCorrupt when the newest one is damaged: an
/// older one would lose what was acknowledged since.
std::optional<Manifest> ReadNewestManifest(Directory& directory);

/// The names the manifest keeps alive: its own file, segments and tombstones.
std::vector<std::string> FilesOf(const Manifest& manifest);

/// What a file name of ours says, for cleaning up; other names are none of our business.
enum class OwnFile { kNone, kManifest, kWal, kSegment, kTombstone, kTemporary };
struct OwnFileName {
  OwnFile kind = OwnFile::kNone;
  uint64_t number = 0;  ///< generation, log number or segment
};
OwnFileName ParseOwnFileName(std::string_view name);

}  // namespace ruvector
