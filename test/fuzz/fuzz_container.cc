// A `.rvf` container, as fromBytes takes it.
#include "checksums.h"
#include "collection/compaction.h"
#include "collection/verification.h"
#include "exercise.h"
#include "mutate.h"
#include "storage/container.h"

using namespace ruvector;

RUVECTOR_MUTATE_WITH(MutateContainer)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const DatabaseId database{1, 2, 3};
  std::string bytes(reinterpret_cast<const char*>(data), size);
  fuzz::FixContainer(bytes, database);
  fuzz::Reached("all");
  fuzz::Survives(
      [&] {
        const std::unique_ptr<Directory> folder = OpenContainer(MappingOf(bytes), "bytes");
        const std::optional<Manifest> manifest = ReadNewestManifest(*folder);
        if (!manifest) return;
        fuzz::Reached("manifest");
        Verification verification(*folder, *manifest, nullptr);
        while (verification.Step()) {
        }
      },
      fuzz::kRefusals);
  std::shared_ptr<Database> db;
  const bool opened =
      fuzz::Survives([&] { db = Database::FromBytes(bytes, fuzz::Options()); },
                     {ErrorCode::kCorrupt, ErrorCode::kUnsupported, ErrorCode::kNotFound});
  if (!opened) return 0;
  fuzz::Reached("accepted");
  fuzz::Survives([&] {
    const fuzz::Content content = fuzz::Read(*db);
    std::unique_ptr<Database> copy = Database::FromBytes(db->ToBytes(), fuzz::Options());
    fuzz::Require(!content.consistent || fuzz::Read(*copy).collections == content.collections,
                  "toBytes holds the same rows");
    fuzz::Exercise(std::move(copy), [] { return nullptr; });
    Compaction compaction(db);
    while (compaction.Step()) {
    }
    fuzz::Require(!content.consistent || fuzz::Read(*db).collections == content.collections,
                  "compaction keeps the rows");
  });
  return 0;
}
