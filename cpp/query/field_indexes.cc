#include "query/field_indexes.h"

#include <algorithm>

#include "core/coding.h"
#include "core/error.h"

namespace ruvector {

FieldIndexes::Runs FieldIndexes::Find(const filter_internal::Path& path, const std::string& dotted,
                                      size_t rows, const TextOfRow& text,
                                      const Interrupt* interrupt) {
  // A second search for the same field waits here for the first one to have made the index, which
  // takes no longer than reading the texts itself would.
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto at = runs_.find(dotted);
  if (at == runs_.end() && runs_.size() >= kMostPaths) return {};
  Runs runs = at == runs_.end() ? Runs{} : at->second;
  if (const auto stored = stored_.find(dotted); runs.empty() && stored != stored_.end()) {
    const Slot end = static_cast<Slot>(rows);
    runs.push_back(std::make_shared<FieldIndex>(Stored(dotted), 0, end));
    runs_[dotted] = runs;
  }
  const size_t covered = runs.empty() ? 0 : runs.back()->end();
  if (rows - covered < kFewestRows) return runs;
  size_t begin = covered;
  while (!runs.empty() && runs.back()->end() - runs.back()->begin() <= rows - begin) {
    begin = runs.back()->begin();
    runs.pop_back();
  }
  const Slot first = static_cast<Slot>(begin), end = static_cast<Slot>(rows);
  runs.push_back(FieldIndex::Own(FieldIndex::Build(path, first, end, text, interrupt), first, end));
  changed_.reserve(kMostChanged);
  runs_[dotted] = runs;
  bytes_ = 0;
  for (const auto& [name, list] : runs_) {
    for (const auto& run : list) bytes_ += run->heap_bytes();
  }
  return runs;
}

void FieldIndexes::Want(const std::vector<std::string>& paths) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const std::string& path : paths) {
    if (runs_.size() < kMostPaths) runs_.try_emplace(path);
  }
}

// u32 fields; for each u64 offset, u64 bytes, u32 length of its name; the names; at multiples of 8
// the indexes.
void FieldIndexes::Open(uint64_t bytes, Bytes whole) {
  constexpr size_t kEntry = 20;
  const uint32_t fields = LoadU32(whole(0, 4).data());
  if (fields > kMostPaths) throw Error(ErrorCode::kCorrupt, "too many field indexes");
  const std::string_view table = whole(4, uint64_t{fields} * kEntry);
  uint64_t at = 4 + table.size();
  for (uint32_t i = 0; i < fields; ++i) {
    const char* entry = table.data() + i * kEntry;
    const std::string name(whole(at, LoadU32(entry + 16)));
    at += name.size();
    const uint64_t offset = LoadU64(entry), size = LoadU64(entry + 8);
    if (offset > bytes || size > bytes - offset)
      throw Error(ErrorCode::kCorrupt, "a field index lies outside its section");
    stored_[name] = {offset, size};
  }
  stored_bytes_ = std::move(whole);
}

std::string_view FieldIndexes::Stored(const std::string& path) const {
  const Place place = stored_.at(path);
  return stored_bytes_(place.offset, place.bytes);
}

std::vector<std::string> FieldIndexes::stored_paths() const {
  std::vector<std::string> paths;
  for (const auto& entry : stored_) paths.push_back(entry.first);
  return paths;
}

std::string FieldIndexes::Write(size_t rows, const TextOfRow& text) const {
  std::vector<std::pair<std::string, std::string>> indexes;
  for (const std::string& path : paths()) {
    try {
      indexes.emplace_back(
          path, FieldIndex::Build(IndexPath(path), 0, static_cast<Slot>(rows), text, nullptr));
    } catch (const Error& e) {
      // Documents too deep for one, or too many values.
      if (e.code() != ErrorCode::kInvalidFilter && e.code() != ErrorCode::kUnsupported) throw;
    }
  }
  if (indexes.empty()) return {};
  std::string out;
  PutU32(out, static_cast<uint32_t>(indexes.size()));
  uint64_t at = 4;
  for (const auto& [path, bytes] : indexes) at += 20 + path.size();
  for (const auto& [path, bytes] : indexes) {
    at = (at + 7) / 8 * 8;
    PutU64(out, at);
    PutU64(out, bytes.size());
    PutU32(out, static_cast<uint32_t>(path.size()));
    at += bytes.size();
  }
  for (const auto& [path, bytes] : indexes) out += path;
  for (const auto& [path, bytes] : indexes) {
    PutPadding(out, 8);
    out += bytes;
  }
  return out;
}

void FieldIndexes::Change(Slot slot) noexcept {
  if (runs_.empty()) return;
  if (changed_.size() == kMostChanged) return Clear();
  changed_.push_back(slot);
}

void FieldIndexes::Clear() noexcept {
  for (auto& entry : runs_) entry.second.clear();
  changed_.clear();
  bytes_ = 0;
}

std::vector<Slot> FieldIndexes::changed() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return changed_;
}

std::vector<std::string> FieldIndexes::paths() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& entry : runs_) paths.push_back(entry.first);
  for (const auto& entry : stored_) {
    if (!runs_.contains(entry.first)) paths.push_back(entry.first);
  }
  std::sort(paths.begin(), paths.end());
  if (paths.size() > kMostPaths) paths.resize(kMostPaths);
  return paths;
}

filter_internal::Path IndexPath(std::string_view dotted) {
  filter_internal::Path path;
  for (size_t begin = 0; begin <= dotted.size();) {
    const size_t end = std::min(dotted.find('.', begin), dotted.size());
    path.push_back({std::string(dotted.substr(begin, end - begin))});
    begin = end + 1;
  }
  return path;
}

size_t FieldIndexes::bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return bytes_ + changed_.capacity() * sizeof(Slot);
}

}  // namespace ruvector
