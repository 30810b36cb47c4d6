#include "storage/container.h"

#include <algorithm>
#include <cstring>

#include "core/coding.h"
#include "core/crc32c.h"
#include "core/error.h"
#include "storage/file_header.h"

namespace ruvector {
namespace {

constexpr std::string_view kMagic = "RUVRVF\r\n";
constexpr size_t kAlignment = 4096;
constexpr uint32_t kMaxEntries = 1u << 20;

class OwnedBytes : public Mapping {
 public:
  explicit OwnedBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  const uint8_t* data() const override { return reinterpret_cast<const uint8_t*>(bytes_.data()); }
  size_t size() const override { return bytes_.size(); }
  size_t heap_bytes() const override { return bytes_.capacity(); }

 private:
  std::string bytes_;
};

// Part of a container; keeps the whole alive.
class Slice : public Mapping {
 public:
  Slice(std::shared_ptr<const Mapping> whole, uint64_t offset, uint64_t n)
      : whole_(std::move(whole)), offset_(offset), size_(n) {}
  const uint8_t* data() const override { return whole_->data() + offset_; }
  size_t size() const override { return static_cast<size_t>(size_); }
  size_t heap_bytes() const override { return whole_->heap_bytes() == 0 ? 0 : size(); }

 private:
  std::shared_ptr<const Mapping> whole_;
  uint64_t offset_;
  uint64_t size_;
};

[[noreturn]] void RefuseWrite(const std::string& path) {
  throw Error(ErrorCode::kReadOnly, path + " is a container, which is only read");
}

class ContainedFile : public File {
 public:
  ContainedFile(std::string path, std::shared_ptr<const Mapping> whole, uint64_t offset, uint64_t n)
      : path_(std::move(path)), whole_(std::move(whole)), offset_(offset), size_(n) {}
  uint64_t Size() const override { return size_; }
  void ReadAt(uint64_t offset, void* out, size_t n) const override {
    if (offset > size_ || n > size_ - offset) {
      throw Error(ErrorCode::kIo, path_ + ": read past the end");
    }
    std::memcpy(out, whole_->data() + offset_ + offset, n);
  }
  void Append(const void*, size_t) override { RefuseWrite(path_); }
  void Sync() override { RefuseWrite(path_); }
  void Truncate(uint64_t) override { RefuseWrite(path_); }
  std::unique_ptr<Mapping> Map() const override {
    return std::make_unique<Slice>(whole_, offset_, size_);
  }

 private:
  std::string path_;
  std::shared_ptr<const Mapping> whole_;
  uint64_t offset_;
  uint64_t size_;
};

class ContainerDirectory : public Directory {
 public:
  struct Entry {
    std::string name;
    uint64_t offset;
    uint64_t bytes;
  };
  ContainerDirectory(std::string path, std::shared_ptr<const Mapping> whole,
                     std::vector<Entry> entries)
      : path_(std::move(path)), whole_(std::move(whole)), entries_(std::move(entries)) {}

  std::unique_ptr<File> Open(const std::string& name, OpenMode mode) override {
    if (mode != OpenMode::kRead) RefuseWrite(path_);
    for (const Entry& e : entries_) {
      if (e.name == name) {
        return std::make_unique<ContainedFile>(path_ + "/" + name, whole_, e.offset, e.bytes);
      }
    }
    throw Error(ErrorCode::kNotFound, path_ + ": holds no " + name);
  }
  std::vector<std::string> List() const override {
    std::vector<std::string> names;
    for (const Entry& e : entries_) names.push_back(e.name);
    return names;
  }
  bool Exists(const std::string& name) const override {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& e) { return e.name == name; });
  }
  void Remove(const std::string&) override { RefuseWrite(path_); }
  void Rename(const std::string&, const std::string&) override { RefuseWrite(path_); }
  void Sync() override { RefuseWrite(path_); }
  std::unique_ptr<WriterLock> LockWriter() override { RefuseWrite(path_); }
  bool persistent() const override { return false; }
  const std::string& path() const override { return path_; }

 private:
  std::string path_;
  std::shared_ptr<const Mapping> whole_;
  std::vector<Entry> entries_;
};

}  // namespace

std::shared_ptr<const Mapping> MappingOf(std::string bytes) {
  return std::make_shared<OwnedBytes>(std::move(bytes));
}

ContainerWriter::ContainerWriter(std::vector<ContainerEntry> entries, const DatabaseId& database,
                                 std::function<void(const void*, size_t)> sink)
    : sink_(std::move(sink)) {
  uint64_t at = kAlignment;
  for (const ContainerEntry& e : entries) {
    PutU32(listing_, static_cast<uint32_t>(e.name.size()));
    PutU32(listing_, e.checksum);
    PutU64(listing_, at);
    PutU64(listing_, e.bytes);
    PutBytes(listing_, e.name);
    at += (e.bytes + kAlignment - 1) / kAlignment * kAlignment;
    bytes_.push_back(e.bytes);
  }
  FileHeader header;
  header.word12 = static_cast<uint32_t>(entries.size());
  header.database = database;
  header.word48 = at;
  header.word56 = Crc32c(listing_.data(), listing_.size());
  std::string head;
  AppendFileHeader(head, kMagic, header);
  sink_(head.data(), head.size());
  at_ = head.size();
  Pad();
}

void ContainerWriter::Pad() {
  const std::string zeros(static_cast<size_t>((kAlignment - at_ % kAlignment) % kAlignment), '\0');
  sink_(zeros.data(), zeros.size());
  at_ += zeros.size();
}

void ContainerWriter::Append(const void* data, size_t n) {
  sink_(data, n);
  at_ += n;
  written_ += n;
  if (written_ < bytes_[entry_]) return;
  Pad();
  ++entry_;
  written_ = 0;
}

void ContainerWriter::Finish() { sink_(listing_.data(), listing_.size()); }

std::string PackContainer(Directory& directory, const std::vector<std::string>& names,
                          const DatabaseId& database) {
  std::vector<std::unique_ptr<Mapping>> files;
  std::vector<ContainerEntry> entries;
  for (const std::string& name : names) {
    const Mapping& bytes = *files.emplace_back(directory.Open(name, OpenMode::kRead)->Map());
    entries.push_back({name, bytes.size(), Crc32c(bytes.data(), bytes.size())});
  }
  std::string out;
  ContainerWriter writer(entries, database, [&](const void* data, size_t n) {
    out.append(static_cast<const char*>(data), n);
  });
  for (const auto& bytes : files) writer.Append(bytes->data(), bytes->size());
  writer.Finish();
  return out;
}

std::unique_ptr<Directory> OpenContainer(std::shared_ptr<const Mapping> bytes,
                                         const std::string& what) {
  const std::string_view all(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  const FileHeader header = ReadFileHeader(all.substr(0, kFileHeaderBytes), kMagic, what);
  if (header.word48 > all.size() || header.word12 > kMaxEntries) {
    throw Error(ErrorCode::kCorrupt, what + ": is cut short");
  }
  const std::string_view listing = all.substr(static_cast<size_t>(header.word48));
  if (Crc32c(listing.data(), listing.size()) != header.word56) {
    throw Error(ErrorCode::kCorrupt, what + ": directory is damaged (checksum differs)");
  }
  Reader reader(listing, what.c_str());
  std::vector<ContainerDirectory::Entry> entries;
  for (uint32_t i = 0; i < header.word12; ++i) {
    const uint32_t name_bytes = reader.U32();
    reader.U32();  // the file's own checksums are checked where it is read
    const uint64_t offset = reader.U64(), n = reader.U64();
    const std::string_view name = reader.Bytes(name_bytes);
    if (offset > header.word48 || n > header.word48 - offset || offset % kAlignment != 0) {
      throw Error(ErrorCode::kCorrupt, what + ": an entry lies outside");
    }
    if (!IsPlainFileName(name))
      throw Error(ErrorCode::kCorrupt, what + ": an entry has a name that no file can have");
    entries.push_back({std::string(name), offset, n});
  }
  return std::make_unique<ContainerDirectory>(what, std::move(bytes), std::move(entries));
}

}  // namespace ruvector
