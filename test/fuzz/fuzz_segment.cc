// A segment file: opened, read, verified, searched, merged, written to. Where its header has the
// database's id, the input says what is done with it:
//   32  bit 0: it is the growing segment; bit 1: in two parts
//   33  every so manieth row is deleted, 0: none
#include "checksums.h"
#include "collection/compaction.h"
#include "collection/segment_merge.h"
#include "collection/verification.h"
#include "core/json.h"
#include "exercise.h"
#include "mutate.h"
#include "sample.h"
#include "storage/manifest.h"

using namespace ruvector;

RUVECTOR_MUTATE_WITH(MutateSegment)

namespace {

constexpr DatabaseId kDatabase{1, 2, 3};
constexpr uint64_t kMostRows = 4096;

// The number behind `key` in the segment's own words, so that the manifest agrees with it.
uint64_t Says(const std::string& file, std::string_view key, uint64_t otherwise) {
  const size_t at = file.find(key);
  if (at == std::string::npos) return otherwise;
  uint64_t n = 0;
  for (size_t i = at + key.size(); i < file.size() && file[i] >= '0' && file[i] <= '9'; ++i)
    n = std::min<uint64_t>(n * 10 + static_cast<uint64_t>(file[i] - '0'), uint64_t{1} << 40);
  return n;
}

// Merged with itself left out: a graph over any number of rows, which a database makes of many.
void Merge(const fuzz::Disk& disk, const CollectionEntry& entry) {
  const std::unique_ptr<Directory> folder = disk.Open();
  const MetricSpace space(entry.metric, entry.dimensions);
  const auto segment =
      std::make_shared<SealedSegment>(*folder, kDatabase, entry.segments[0], space, entry.m);
  SegmentMerge merge(space, {entry.m, 8, 42}, {true, 0, Quantization::kNone}, 1,
                     {{segment, segment->live()}});
  while (merge.Step()) {
  }
  if (merge.rows() == 0) return;
  SegmentEntry merged;
  merged.id = 9;
  merged.rows = merge.rows();
  merged.parts = merge.WriteTo(*folder, kDatabase, 9, entry);
  const SealedSegment result(*folder, kDatabase, merged, space, entry.m);
  fuzz::Require(result.linked() == result.rows(), "a merge links every row");
  fuzz::Reached("merged");
  if (segment->lists() > 0) fuzz::Reached("merged out of lists");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  bytes.resize(std::max(bytes.size(), size_t{64}));
  const bool growing = (bytes[32] & 1) != 0, two_parts = (bytes[32] & 2) != 0;
  const size_t deleted_step = static_cast<uint8_t>(bytes[33]);
  fuzz::FixSegment(bytes, kDatabase, 1);
  fuzz::Reached("all");

  CollectionEntry collection;
  collection.id = 1;
  collection.name = "default";
  collection.index = "hnsw";
  collection.dimensions = static_cast<size_t>(Says(bytes, "\"dimensions\":", 3));
  collection.metric = static_cast<Metric>(Says(bytes, "\"metric\":", 0) % 4);
  collection.m = static_cast<size_t>(Says(bytes, "\"m\":", 4));
  collection.ef_construction = 8;
  collection.next_row = 1 << 20;
  SegmentEntry segment;
  segment.id = 1;
  segment.rows = Says(bytes, "\"rows\":", 0);
  segment.growing = growing;
  if (segment.rows > kMostRows) return 0;
  const size_t cut = two_parts ? bytes.size() / 2 : bytes.size();
  fuzz::Files files;
  for (size_t begin = 0; begin < bytes.size(); begin += cut) {
    const std::string part = bytes.substr(begin, cut);
    segment.parts.push_back({SegmentName(1, static_cast<uint32_t>(begin)), part.size()});
    files[segment.parts.back().name] = ShareString(part);
  }
  const fuzz::Disk disk(files);
  const std::unique_ptr<Directory> folder = disk.Open();
  if (deleted_step > 0 && segment.rows > 0) {
    Bitset deleted(static_cast<size_t>(segment.rows));
    for (Slot s = 0; s < segment.rows; s += static_cast<Slot>(deleted_step)) deleted.Set(s);
    segment.deleted = deleted.Count();
    segment.tombstones = WriteTombstones(*folder, kDatabase, 1, deleted);
  }
  collection.segments = {segment};
  Manifest manifest;
  manifest.database = kDatabase;
  manifest.generation = 1;
  manifest.next_segment = 2;
  manifest.next_collection = 2;
  manifest.collections = {collection};
  bool in_doubt = false;
  WriteManifest(*folder, manifest, &in_doubt);
  WalWriter::Create(*folder, 1, kDatabase, 1);

  // Refused where the segment's words are no collection's.
  if (!fuzz::Survives([&] { ReadNewestManifest(*folder); })) return 0;

  Verification verification(*folder, manifest, nullptr);
  while (verification.Step()) {
  }
  const bool sound = verification.damage().empty();
  const auto open = [&] { return Database::OpenIn(disk.Open(), fuzz::Options()); };
  std::shared_ptr<Database> db;
  const bool opened = fuzz::Survives([&] { db = open(); }, fuzz::kRefusals);
  fuzz::Require(opened || !sound, "what is sound opens");
  if (!opened) return 0;
  fuzz::Reached("accepted");
  if (sound) fuzz::Reached("sound");
  fuzz::Survives([&] { Merge(disk, collection); });
  fuzz::Content content;
  const bool read = fuzz::Survives([&] { content = fuzz::Read(*db); });
  fuzz::Require(read || !sound, "what is sound is read");
  fuzz::Survives([&] {
    Compaction compaction(db);
    while (compaction.Step()) {
    }
    fuzz::Require(
        !read || !content.consistent || fuzz::Read(*db).collections == content.collections,
        "compaction keeps the rows");
  });
  db.reset();
  std::unique_ptr<Database> again;
  if (fuzz::Survives([&] { again = open(); }))
    fuzz::Survives([&] { fuzz::Exercise(std::move(again), open); });
  return 0;
}
