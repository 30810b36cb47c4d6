// A segment file: opened, read, searched, merged.
#include <cstdlib>

#include "checksums.h"
#include "collection/compaction.h"
#include "collection/verification.h"
#include "exercise.h"
#include "sample.h"
#include "storage/manifest.h"
#include "support/borrowed_directory.h"

using namespace ruvector;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const DatabaseId database{1, 2, 3};
  std::string bytes(reinterpret_cast<const char*>(data), size);
  fuzz::FixSegment(bytes, database, 1);
  Manifest manifest;
  manifest.database = database;
  manifest.generation = 1;
  manifest.next_segment = 2;
  manifest.next_collection = 2;
  CollectionEntry collection;
  collection.id = 1;
  collection.name = "default";
  collection.dimensions = fuzz::kDimensions;
  collection.m = 16;
  collection.ef_construction = 200;
  collection.next_row = 1 << 20;
  SegmentEntry segment;
  segment.id = 1;
  // As many rows as it says itself, else nothing gets further.
  const size_t rows = bytes.find("\"rows\":");
  segment.rows =
      rows == std::string::npos ? 0 : std::strtoul(bytes.c_str() + rows + 7, nullptr, 10);
  if (segment.rows > (1 << 20)) return 0;
  segment.parts = {{"seg-0000000000000001-00000000", bytes.size()}};
  collection.segments = {segment};
  manifest.collections = {collection};
  const std::unique_ptr<Directory> disk = fuzz::DirectoryOf({{segment.parts[0].name, bytes}});
  bool in_doubt = false;
  WriteManifest(*disk, manifest, &in_doubt);
  WalWriter::Create(*disk, 1, database, 1);
  DatabaseOptions options;
  options.background = false;
  options.threads = 1;
  const auto open = [&] {
    return Database::OpenIn(std::make_unique<BorrowedDirectory>(*disk), options);
  };
  fuzz::Survives([&] {
    Verification verification(*disk, manifest, nullptr);
    while (verification.Step()) {
    }
  });
  std::shared_ptr<Database> db;
  fuzz::Accepted(fuzz::Survives([&] {
    db = open();
    fuzz::Read(*db);
  }));
  if (!db) return 0;
  fuzz::Survives([&] {
    db->Write([] {
      return std::vector<Operation>{{Operation::Kind::kDelete, "id3", {}, nullptr}};
    });
    Compaction compaction(db);
    while (compaction.Step()) {
    }
    fuzz::Read(*db);
  });
  db.reset();
  std::unique_ptr<Database> again;
  if (fuzz::Survives([&] { again = open(); }))
    fuzz::Survives([&] { fuzz::Exercise(std::move(again), open); });
  return 0;
}
