#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "storage/file_internal.h"

namespace ruvector {

namespace {

// A file's bytes. They are never changed while something else may see them: `shared` bytes (mapped,
// or added from outside) move to a buffer of our own before the first change.
class Content {
 public:
  Content() : own_(std::make_shared<std::string>(AlignedString(0))) {}
  explicit Content(SharedBytes bytes) : shared_(std::move(bytes)), is_shared_(true) {}

  uint64_t Size() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return View().size();
  }

  bool ReadAt(uint64_t offset, void* out, size_t n) const {
    const std::lock_guard<std::mutex> guard(mutex_);
    const std::string_view view = View();
    if (offset > view.size() || n > view.size() - offset) return false;
    if (n > 0) std::memcpy(out, view.data() + offset, n);
    return true;
  }

  void Append(const void* data, size_t n) {
    const std::lock_guard<std::mutex> guard(mutex_);
    Own();
    own_->append(static_cast<const char*>(data), n);
  }

  void Truncate(uint64_t size) {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (size >= View().size()) return;
    Own();
    own_->resize(static_cast<size_t>(size));
  }

  SharedBytes Share() {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (!is_shared_) {
      const auto* data = reinterpret_cast<const uint8_t*>(own_->data());
      shared_ = {own_, data, own_->size(), own_->size()};
      own_.reset();
      is_shared_ = true;
    }
    return shared_;
  }

 private:
  std::string_view View() const {
    if (!is_shared_) return *own_;
    return {reinterpret_cast<const char*>(shared_.data), shared_.size};
  }

  void Own() {
    if (!is_shared_) return;
    auto own = std::make_shared<std::string>(AlignedString(0));
    own->append(View());
    own_ = std::move(own);
    shared_ = {};
    is_shared_ = false;
  }

  mutable std::mutex mutex_;
  std::shared_ptr<std::string> own_;
  SharedBytes shared_;
  bool is_shared_ = false;
};

class MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<Content> content, std::string path, bool writable)
      : content_(std::move(content)), path_(std::move(path)), writable_(writable) {}

  uint64_t Size() const override { return content_->Size(); }
  void ReadAt(uint64_t offset, void* out, size_t n) const override {
    if (!content_->ReadAt(offset, out, n)) ThrowShortRead(path_, offset, n, Size());
  }
  void Append(const void* data, size_t n) override {
    CheckWritable("write");
    content_->Append(data, n);
  }
  void Sync() override {}
  void Truncate(uint64_t size) override {
    CheckWritable("truncate");
    content_->Truncate(size);
  }
  std::unique_ptr<Mapping> Map() const override { return MapShared(content_->Share()); }

 private:
  void CheckWritable(const char* operation) const {
    if (!writable_) ThrowFileError(ErrorCode::kIo, operation, path_, "opened for reading");
  }

  std::shared_ptr<Content> content_;
  std::string path_;
  bool writable_;
};

class MemoryDirectoryImpl final : public MemoryDirectory {
 public:
  explicit MemoryDirectoryImpl(std::string path) : path_(std::move(path)) {}

  std::unique_ptr<File> Open(const std::string& name, OpenMode mode) override {
    CheckFileName(name);
    const std::lock_guard<std::mutex> guard(mutex_);
    auto found = files_.find(name);
    if (mode == OpenMode::kCreate) {
      if (found != files_.end()) {
        ThrowFileError(ErrorCode::kIo, "create", PathOf(name), "file exists");
      }
      found = files_.emplace(name, std::make_shared<Content>()).first;
    } else if (found == files_.end()) {
      ThrowFileError(ErrorCode::kNotFound, "open", PathOf(name), "no such file");
    }
    return std::make_unique<MemoryFile>(found->second, PathOf(name), mode != OpenMode::kRead);
  }

  std::vector<std::string> List() const override {
    const std::lock_guard<std::mutex> guard(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, content] : files_) names.push_back(name);
    return names;
  }

  bool Exists(const std::string& name) const override {
    const std::lock_guard<std::mutex> guard(mutex_);
    return files_.count(name) != 0;
  }

  void Remove(const std::string& name) override {
    CheckFileName(name);
    const std::lock_guard<std::mutex> guard(mutex_);
    files_.erase(name);
  }

  void Rename(const std::string& from, const std::string& to) override {
    CheckFileName(from);
    CheckFileName(to);
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto found = files_.find(from);
    if (found == files_.end()) {
      ThrowFileError(ErrorCode::kIo, "rename", PathOf(from), "no such file");
    }
    const std::shared_ptr<Content> content = found->second;
    files_.erase(found);
    files_[to] = content;
  }

  void Sync() override {}

  std::unique_ptr<WriterLock> LockWriter() override {
    if (locked_->exchange(true)) {
      throw Error(ErrorCode::kLocked, "database " + path_ + " is open for writing already");
    }
    return std::make_unique<Lock>(locked_);
  }

  bool persistent() const override { return false; }
  const std::string& path() const override { return path_; }

  void AddFile(const std::string& name, SharedBytes bytes) override {
    CheckFileName(name);
    const std::lock_guard<std::mutex> guard(mutex_);
    files_[name] = std::make_shared<Content>(std::move(bytes));
  }

 private:
  using Flag = std::atomic<bool>;

  class Lock final : public WriterLock {
   public:
    explicit Lock(std::shared_ptr<Flag> flag) : flag_(std::move(flag)) {}
    ~Lock() override { flag_->store(false); }

   private:
    std::shared_ptr<Flag> flag_;
  };

  std::string PathOf(const std::string& name) const { return path_ + "/" + name; }

  const std::string path_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Content>> files_;
  std::shared_ptr<Flag> locked_ = std::make_shared<Flag>(false);
};

}  // namespace

std::unique_ptr<MemoryDirectory> NewMemoryDirectory(std::string path) {
  return std::make_unique<MemoryDirectoryImpl>(std::move(path));
}

}  // namespace ruvector
