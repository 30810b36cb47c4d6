// The body of a manifest, over the files it should name.
#include "checksums.h"
#include "collection/verification.h"
#include "exercise.h"
#include "mutate.h"
#include "sample.h"
#include "storage/manifest.h"

using namespace ruvector;

RUVECTOR_MUTATE_WITH(MutateJson)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::Sample sample = fuzz::MakeSample(20);
  static const std::string name = fuzz::NameOf(sample.files, "manifest-");
  fuzz::Files files = sample.files;
  files[name] =
      ShareString(fuzz::ManifestFile({reinterpret_cast<const char*>(data), size}, sample.database));
  const fuzz::Disk disk(files);
  fuzz::Reached("all");
  std::optional<Manifest> manifest;
  fuzz::Survives([&] { manifest = ReadNewestManifest(*disk.Open()); }, fuzz::kRefusals);
  if (!manifest) return 0;
  fuzz::Reached("read");
  const std::unique_ptr<Directory> folder = disk.Open();
  Verification verification(*folder, *manifest, nullptr);
  fuzz::Survives([&] {
    while (verification.Step()) {
    }
  });
  const auto open = [&] { return Database::OpenIn(disk.Open(), fuzz::Options()); };
  std::unique_ptr<Database> db;
  if (!fuzz::Survives([&] { db = open(); }, fuzz::kRefusals)) return 0;
  fuzz::Reached("accepted");
  fuzz::Survives([&] { fuzz::Exercise(std::move(db), open); });
  return 0;
}
