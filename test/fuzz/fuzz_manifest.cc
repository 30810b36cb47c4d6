// The body of a manifest, over the files it should name.
#include "checksums.h"
#include "exercise.h"
#include "sample.h"
#include "support/borrowed_directory.h"

using namespace ruvector;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::Sample sample = fuzz::MakeSample(20);
  static const std::string name = fuzz::NameOf(sample, "manifest-");
  std::map<std::string, std::string> files = sample.files;
  files[name] = fuzz::ManifestFile({reinterpret_cast<const char*>(data), size}, sample.database);
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
