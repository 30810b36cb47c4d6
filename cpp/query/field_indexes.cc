#include "query/field_indexes.h"

#include <algorithm>

#include "core/coding.h"
#include "core/error.h"

namespace ruvector {

namespace {

// An index that takes more than this is none worth having, whatever room there is: fields that hold
// long arrays.
size_t MostBytes(size_t rows) {
  constexpr size_t kBytes = size_t{16} << 20, kBytesOfRow = 256;
  return kBytes + rows * kBytesOfRow;
}

}  // namespace

FieldIndexes::Runs FieldIndexes::Find(const filter_internal::Path& path, const std::string& dotted,
                                      size_t rows, const TextOfRow& text, size_t room,
                                      const Interrupt* interrupt) {
  // A second search for the same field waits here for the first one to have made the index.
  const std::lock_guard<std::mutex> lock(mutex_);
  Entry& entry = EntryOf(dotted);
  entry.used = ++clock_;
  if (entry.runs.empty() && stored_.contains(dotted)) {
    entry.runs.push_back(OpenStored(dotted, rows));
    made_ = true;
  }
  const size_t covered = entry.runs.empty() ? 0 : entry.runs.back()->end();
  const bool hopeless = entry.too_large > 0 && rows < 2 * entry.too_large;
  if (rows - covered < kFewestRows || room == 0 || hopeless) return entry.runs;
  Runs runs = entry.runs;
  size_t begin = covered;
  while (!runs.empty() && runs.back()->end() - runs.back()->begin() <= rows - begin) {
    begin = runs.back()->begin();
    runs.pop_back();
  }
  const Slot first = static_cast<Slot>(begin), end = static_cast<Slot>(rows);
  std::string bytes =
      FieldIndex::Build(path, first, end, text, std::min(room, MostBytes(rows - begin)), interrupt);
  if (bytes.empty()) {
    entry.too_large = rows;
    return entry.runs;
  }
  changed_.reserve(kMostChanged);
  runs.push_back(FieldIndex::Own(std::move(bytes), first, end));
  entry.runs = runs;
  made_ = true;
  Measure();
  return runs;
}

FieldIndexes::Entry& FieldIndexes::EntryOf(const std::string& path) {
  const auto at = entries_.find(path);
  if (at != entries_.end()) return at->second;
  if (entries_.size() >= kMostPaths) {
    entries_.erase(std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  }
  return entries_[path];
}

void FieldIndexes::Measure() {
  bytes_ = 0;
  for (const auto& [path, entry] : entries_) {
    for (const auto& run : entry.runs) bytes_ += run->heap_bytes();
  }
}

std::shared_ptr<const FieldIndex> FieldIndexes::OpenStored(const std::string& path,
                                                           size_t rows) const {
  const std::string_view bytes = Stored(path);
  try {
    return std::make_shared<FieldIndex>(bytes, 0, static_cast<Slot>(rows));
  } catch (const Error& e) {
    throw Error(e.code(), what_ + ": " + e.what());
  }
}

void FieldIndexes::Want(const std::vector<std::string>& paths) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const std::string& path : paths) EntryOf(path);
}

// u32 fields; for each u64 offset, u64 bytes, u32 length of its name; the names; at multiples of 8
// the indexes.
void FieldIndexes::Open(uint64_t bytes, Bytes whole, std::string what) {
  what_ = std::move(what);
  constexpr size_t kEntry = 20;
  const uint32_t fields = LoadU32(whole(0, 4).data());
  if (fields > kMostPaths) throw Error(ErrorCode::kCorrupt, what_ + ": too many field indexes");
  const std::string_view table = whole(4, uint64_t{fields} * kEntry);
  uint64_t at = 4 + table.size();
  for (uint32_t i = 0; i < fields; ++i) {
    const char* entry = table.data() + i * kEntry;
    const std::string name(whole(at, LoadU32(entry + 16)));
    at += name.size();
    const uint64_t offset = LoadU64(entry), size = LoadU64(entry + 8);
    if (offset > bytes || size > bytes - offset)
      throw Error(ErrorCode::kCorrupt, what_ + ": a field index lies outside its section");
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
  const Slot end = static_cast<Slot>(rows);
  std::vector<std::pair<std::string, std::string>> indexes;
  for (const std::string& path : paths()) {
    std::shared_ptr<const FieldIndex> made;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto at = entries_.find(path);
      if (at != entries_.end() && at->second.runs.size() == 1 && changed_.empty() &&
          at->second.runs[0]->end() == end)
        made = at->second.runs[0];
    }
    std::string bytes;
    if (made) {
      bytes = made->bytes();
    } else {
      try {
        bytes = FieldIndex::Build(IndexPath(path), 0, end, text, MostBytes(rows), nullptr);
      } catch (const Error& e) {
        if (e.code() != ErrorCode::kInvalidFilter) throw;  // documents too deep for one
      }
    }
    if (!bytes.empty() && FieldIndex(bytes, 0, end).any()) indexes.emplace_back(path, bytes);
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
  // Room was made with the first run.
  if (!made_ || std::find(changed_.begin(), changed_.end(), slot) != changed_.end()) return;
  if (changed_.size() == kMostChanged) return Clear();
  changed_.push_back(slot);
}

void FieldIndexes::Clear() noexcept {
  for (auto& [path, entry] : entries_) entry.runs.clear();
  changed_.clear();
  made_ = false;
  bytes_ = 0;
}

std::vector<Slot> FieldIndexes::changed() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return changed_;
}

std::vector<std::string> FieldIndexes::paths() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& entry : entries_) paths.push_back(entry.first);
  for (const auto& entry : stored_) {
    if (!entries_.contains(entry.first)) paths.push_back(entry.first);
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
