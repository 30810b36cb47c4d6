// A `.rvf` container, as fromBytes takes it.
#include "checksums.h"
#include "exercise.h"

using namespace ruvector;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const DatabaseId database{1, 2, 3};
  std::string bytes(reinterpret_cast<const char*>(data), size);
  fuzz::FixContainer(bytes, database);
  DatabaseOptions options;
  options.background = false;
  options.threads = 1;
  std::unique_ptr<Database> db;
  fuzz::Accepted(fuzz::Survives([&] { db = Database::FromBytes(bytes, options); }));
  if (!db) return 0;
  fuzz::Survives([&] {
    fuzz::Read(*db);
    const std::unique_ptr<Database> copy = Database::FromBytes(db->ToBytes(), options);
    fuzz::Read(*copy);
    fuzz::Exercise(std::move(db), [] { return nullptr; });
  });
  return 0;
}
