// On Windows a file that is mapped, by a search or by a reader in another process, cannot be
// removed: it is kept, which is no error, and goes later.
#include <algorithm>

#include "collection/compaction.h"
#include "collection/model.h"
#include "support/catch.h"
#include "support/mapped_directory.h"
#include "support/test_folder.h"

namespace ruvector::test {
namespace {

constexpr size_t kDimensions = 4;

DatabaseOptions Options(bool read_only = false) {
  DatabaseOptions options;
  options.dimensions = kDimensions;
  options.index = IndexKind::kFlat;
  options.limits.seal_bytes = 1;  // a growing segment would be read, not mapped
  options.limits.least_deleted = 8;
  options.read_only = read_only;
  options.background = false;
  return options;
}

std::unique_ptr<Database> OpenOn(const MappedDisk& disk, bool read_only = false) {
  return Database::OpenIn(disk.Open(), Options(read_only));
}

size_t Segments(const MappedDisk& disk) {
  const std::vector<std::string> names = disk.List();
  return static_cast<size_t>(std::count_if(names.begin(), names.end(), [](const std::string& name) {
    return name.substr(0, 4) == "seg-";
  }));
}

// Rows of the prefix, and all of an earlier one deleted.
void Write(Database& db, const std::string& prefix, const std::string& gone = "") {
  Rng rng(1);
  Step step;
  for (int i = 0; i < 30; ++i) {
    step.changes.push_back(
        {Operation::Kind::kPut, prefix + std::to_string(i), {RandomVector(rng, kDimensions), ""}});
    if (!gone.empty())
      step.changes.push_back({Operation::Kind::kDelete, gone + std::to_string(i), {}});
  }
  step.Run(db);
}

void Compact(const std::shared_ptr<Database>& db) {
  Compaction compaction(db);
  while (compaction.Step()) {
  }
}

}  // namespace

TEST_CASE("mapped files: what a reader holds stays, and goes once it is free", "[database]") {
  const MappedDisk disk;
  OpenOn(disk)->Close();
  {
    const auto db = OpenOn(disk);
    Write(*db, "a");
    db->Checkpoint();
    db->Close();
  }
  auto reader = OpenOn(disk, true);
  const Model before = ReadAll(*reader);
  REQUIRE(before.size() == 30);
  std::shared_ptr<Database> db = OpenOn(disk);
  Write(*db, "b", "a");
  // It promises that no byte of the rows is left, so it has to say that some are.
  CHECK(ErrorOf([&] { Compact(db); }).code() == ErrorCode::kIo);
  Write(*db, "c");
  db->Checkpoint();
  db->Close();
  db.reset();
  CHECK(Segments(disk) > 1);
  {
    const auto again = OpenOn(disk);
    CHECK(ReadAll(*again).size() == 60);
    again->Close();
  }
  CHECK(ReadAll(*reader) == before);
  reader->Close();
  reader.reset();
  const std::shared_ptr<Database> last = OpenOn(disk);
  Compact(last);
  CHECK(Segments(disk) == 1);
  CHECK(ReadAll(*last).size() == 60);
}

TEST_CASE("mapped files: compaction removes what it held itself", "[database]") {
  const MappedDisk disk;
  {
    const auto db = OpenOn(disk);
    Write(*db, "a");
    db->Checkpoint();
    db->Close();
  }
  const std::shared_ptr<Database> db = OpenOn(disk);
  Write(*db, "b");
  Compact(db);
  CHECK(Segments(disk) == 1);
  CHECK(ReadAll(*db).size() == 60);
}

}  // namespace ruvector::test
