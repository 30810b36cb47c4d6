// Records of the log, replayed into a database that has segments.
#include "checksums.h"
#include "core/coding.h"
#include "exercise.h"
#include "mutate.h"
#include "sample.h"
#include "storage/manifest.h"

using namespace ruvector;

RUVECTOR_MUTATE_WITH(MutateWal)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::Sample few = fuzz::MakeSample(20), many = fuzz::MakeSample(260);
  std::string wal(reinterpret_cast<const char*>(data), size);
  wal.resize(std::max(wal.size(), size_t{64}));
  // The log's salt chooses: in the larger one, rows are linked into a graph.
  const fuzz::Sample& sample = wal[12] % 16 == 1 ? many : few;
  fuzz::Files files = sample.files;
  const std::string name = fuzz::NameOf(files, "wal-");
  const uint64_t number = ParseOwnFileName(name).number;
  fuzz::FixWal(wal, sample.database, number, LoadU32(files.at(name).data + 56));
  files[name] = ShareString(wal);
  const fuzz::Disk disk(files);
  fuzz::Reached("all");

  fuzz::Survives([&] {
    SalvageWal(*disk.Open(), number, sample.database, [](std::span<const WalRecord>) {});
  });
  DatabaseOptions options = fuzz::Options();
  options.read_only = true;
  fuzz::Content seen;
  const bool accepted = fuzz::Survives(
      [&] {
        const std::unique_ptr<Database> db = Database::OpenIn(disk.Open(), options);
        if (db->Stats().replayed_transactions > 0) fuzz::Reached("replayed");
        fuzz::Require(fuzz::Survives([&] { seen = fuzz::Read(*db); }), "a replayed log is read");
      },
      fuzz::kRefusals);
  options.read_only = false;
  const auto open = [&] { return Database::OpenIn(disk.Open(), options); };
  std::unique_ptr<Database> db;
  const bool opened = fuzz::Survives([&] { db = open(); }, fuzz::kRefusals);
  fuzz::Require(opened == accepted, "a writer opens what a reader opens");
  if (!opened) return 0;
  fuzz::Reached("accepted");
  fuzz::Require(seen.consistent, "replaying keeps ids apart");
  fuzz::Require(fuzz::ReadAll(*db).collections == seen.collections, "both see the same rows");
  db->CheckLog();
  db.reset();
  fuzz::Require(fuzz::Survives([&] { db = open(); }), "opens twice");
  fuzz::Require(fuzz::ReadAll(*db).collections == seen.collections, "a renewed log is the same");
  fuzz::Survives([&] { fuzz::Exercise(std::move(db), open); });
  return 0;
}
