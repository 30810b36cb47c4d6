#include "api/input.h"
#include "api/long_call.h"
#include "simd/distance.h"

namespace ruvector {
inline namespace v1 {

using internal::Call;

namespace {

std::shared_ptr<internal::Handle> HandleOf(std::unique_ptr<Database> opened) {
  const std::shared_ptr<Database> database = std::move(opened);
  const std::string name(kDefaultCollectionName);
  return internal::MakeHandle(std::make_shared<internal::Session>(database), name,
                              database->OpenCollection(name, {}));
}

void RequirePath(const char* what, const std::string& path, const char* expected) {
  if (!path.empty() && path.find('\0') == std::string::npos) return;
  throw Error(ErrorCode::kInvalidOption,
              std::string(what) + " is " + QuoteForMessage(path) + ", expected " + expected);
}

std::vector<Damage> ToDamage(const std::vector<core::Damage>& found) {
  std::vector<Damage> damage;
  for (const core::Damage& d : found) damage.push_back({d.file, d.detail});
  return damage;
}

}  // namespace

VectorDB::VectorDB(std::shared_ptr<internal::Handle> handle) : Collection(std::move(handle)) {}

VectorDB VectorDB::Open(const DbOptions& options) {
  const DatabaseOptions read = internal::ReadOptions(options);
  if (read.path.empty() && read.read_only) {
    throw Error(ErrorCode::kInvalidOption,
                "readOnly is true, expected false for a database in memory");
  }
  return VectorDB(HandleOf(Database::Open(read)));
}

VectorDB VectorDB::FromBytes(std::string bytes, const DbOptions& options) {
  DatabaseOptions read = internal::ReadOptions(options);
  if (!options.storage_path.empty()) {
    throw Error(ErrorCode::kInvalidOption, "storagePath is " +
                                               QuoteForMessage(options.storage_path) +
                                               ", expected none: FromBytes opens a copy in memory");
  }
  read.path = "bytes";
  return VectorDB(HandleOf(Database::FromBytes(std::move(bytes), read)));
}

SalvageReport VectorDB::Salvage(const std::string& from, const std::string& to) {
  RequirePath("from", from, "the path of a folder");
  RequirePath("to", to, "the path of a folder");
  const core::SalvageReport report = ruvector::Salvage(from, to);
  return {report.rows, report.lost, ToDamage(report.damage)};
}

std::string VectorDB::Backend() { return KernelTarget(); }

VectorDB& VectorDB::operator=(VectorDB&& other) noexcept {
  VectorDB closing(std::move(*this));
  Collection::operator=(std::move(other));
  return *this;
}

VectorDB::~VectorDB() {
  if (!handle_) return;
  try {
    Close();
  } catch (const std::exception&) {
    // Who wants to know calls Close.
  }
}

// --- Collections

Collection VectorDB::OpenCollection(const std::string& name, const CollectionOptions& options) {
  const Call call(*handle().session);
  internal::RequireUtf8(name, "the name of a collection");
  const CollectionRequest request = internal::ReadOptions(options);
  return Collection(
      internal::MakeHandle(handle().session, name, call.database()->OpenCollection(name, request)));
}

std::vector<std::string> VectorDB::Collections() const {
  return Call(*handle().session).database()->CollectionNames();
}

bool VectorDB::DropCollection(const std::string& name) {
  return Call(*handle().session).database()->DropCollection(name);
}

// --- Files

void VectorDB::Flush() { Call(*handle().session).database()->Flush(); }

void VectorDB::Compact(const LongCall& limits) {
  const Call call(*handle().session);
  Compaction compaction(call.database());
  internal::Run(compaction, limits, internal::ReadInterrupt(limits.cancelled, limits.timeout));
}

Verification VectorDB::Verify(const LongCall& limits) const {
  const Call call(*handle().session);
  const Interrupt interrupt = internal::ReadInterrupt(limits.cancelled, limits.timeout);
  DatabaseCheck check(call.database());
  internal::Run(check, limits, interrupt);
  return {check.damage().empty(), check.files(), check.bytes(), ToDamage(check.damage())};
}

void VectorDB::Snapshot(const std::string& path, const LongCall& limits) const {
  const Call call(*handle().session);
  RequirePath("path", path, "the path of a folder or of an .rvf file");
  core::Snapshot snapshot(call.database(), path);
  internal::Run(snapshot, limits, internal::ReadInterrupt(limits.cancelled, limits.timeout));
}

std::string VectorDB::ToBytes() const { return Call(*handle().session).database()->ToBytes(); }

bool VectorDB::Refresh() { return Call(*handle().session).database()->Refresh(); }

void VectorDB::Close() { handle().session->Close(); }

}  // namespace v1
}  // namespace ruvector
