// Records of the log, replayed into a database that has segments.
#include "checksums.h"
#include "core/coding.h"
#include "exercise.h"
#include "sample.h"
#include "storage/manifest.h"
#include "support/borrowed_directory.h"

using namespace ruvector;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::Sample sample = fuzz::MakeSample(20);
  static const std::string name = fuzz::NameOf(sample, "wal-");
  std::map<std::string, std::string> files = sample.files;
  std::string& wal = files[name];
  const uint32_t first = LoadU32(wal.data() + 56);
  wal.assign(reinterpret_cast<const char*>(data), size);
  fuzz::FixWal(wal, sample.database, ParseOwnFileName(name).number, first);
  const std::unique_ptr<Directory> disk = fuzz::DirectoryOf(files);
  DatabaseOptions options;
  options.background = false;
  options.threads = 1;
  const auto open = [&] {
    return Database::OpenIn(std::make_unique<BorrowedDirectory>(*disk), options);
  };
  std::unique_ptr<Database> db;
  fuzz::Accepted(fuzz::Survives([&] { db = open(); }));
  if (db) fuzz::Survives([&] { fuzz::Exercise(std::move(db), open); });
  return 0;
}
