#if defined(__EMSCRIPTEN__)

#include <cstdlib>
#include <utility>

#include "core/coding.h"
#include "storage/file_internal.h"
#include "storage/writer_lock.h"

// Implemented in wasm/files.js. A negative result is a failure: -1 IO, -2 NOT_FOUND, -3
// UNSUPPORTED; its message waits to be fetched. Offsets and sizes are safe integers.
extern "C" {
unsigned ruvector_files_text_size();
void ruvector_files_text(char* out);
int ruvector_files_open(const char* path, unsigned path_bytes, int mode);
double ruvector_files_size(int fd);
double ruvector_files_read(int fd, double offset, void* out, unsigned bytes);
int ruvector_files_append(int fd, const void* data, unsigned bytes, double offset);
int ruvector_files_sync(int fd);
int ruvector_files_truncate(int fd, double size);
int ruvector_files_close(int fd);
int ruvector_files_list(const char* path, unsigned path_bytes);
int ruvector_files_kind(const char* path, unsigned path_bytes);
int ruvector_files_remove(const char* path, unsigned path_bytes);
int ruvector_files_rename(const char* from, unsigned from_bytes, const char* to, unsigned to_bytes);
int ruvector_files_mkdir(const char* path, unsigned path_bytes);
int ruvector_files_rmdir(const char* path, unsigned path_bytes);
int ruvector_files_sync_dir(const char* path, unsigned path_bytes);
int ruvector_files_stores_whole(const char* path, unsigned path_bytes);
int ruvector_files_process();
int ruvector_files_is_alive(double pid, const char* start, unsigned start_bytes);
}

namespace ruvector {

namespace {

constexpr double kMaxSafeInteger = 9007199254740991.0;

std::string TakeText() {
  std::string text(ruvector_files_text_size(), '\0');
  ruvector_files_text(text.data());
  return text;
}

// Passes a result on, or throws what the failure left.
template <typename T>
T Check(T result, const char* operation, const std::string& path) {
  if (result >= 0) return result;
  const std::string words = TakeText();
  if (result == -3) throw Error(ErrorCode::kUnsupported, words);
  ThrowFileError(result == -2 ? ErrorCode::kNotFound : ErrorCode::kIo, operation, path, words);
}

// A missing file is no answer to an operation that names an open or listed one: kIo, as file.h
// says.
template <typename T>
T CheckIo(T result, const char* operation, const std::string& path) {
  if (result == -2) ThrowFileError(ErrorCode::kIo, operation, path, TakeText());
  return Check(result, operation, path);
}

unsigned Length(const std::string& text) { return static_cast<unsigned>(text.size()); }

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t at = 0;;) {
    const size_t end = text.find('\0', at);
    parts.push_back(text.substr(at, end == std::string::npos ? end : end - at));
    if (end == std::string::npos) return parts;
    at = end + 1;
  }
}

class WasmFile final : public File {
 public:
  explicit WasmFile(std::string path) : path_(std::move(path)) {}
  /// Of an open file: it is held from then on, whatever fails.
  void Take(int fd) {
    fd_ = fd;
    end_ = Size();
  }
  ~WasmFile() override {
    if (fd_ >= 0) ruvector_files_close(fd_);
  }

  uint64_t Size() const override {
    const double size = CheckIo(ruvector_files_size(fd_), "stat", path_);
    if (!(size <= kMaxSafeInteger)) {
      ThrowFileError(ErrorCode::kIo, "stat", path_, "is longer than JavaScript can count");
    }
    return static_cast<uint64_t>(size);
  }

  void ReadAt(uint64_t offset, void* out, size_t n) const override {
    auto* p = static_cast<char*>(out);
    for (size_t done = 0; done < n;) {
      const double got = CheckIo(ruvector_files_read(fd_, static_cast<double>(offset + done),
                                                     p + done, static_cast<unsigned>(n - done)),
                                 "read", path_);
      if (!(got >= 1)) ThrowShortRead(path_, offset, n, Size());
      done += static_cast<size_t>(got);
    }
  }

  void Append(const void* data, size_t n) override {
    if (n == 0) return;
    const int result =
        ruvector_files_append(fd_, data, static_cast<unsigned>(n), static_cast<double>(end_));
    if (result < 0) {
      const std::string words = TakeText();
      end_ = Size();
      ThrowFileError(ErrorCode::kIo, "write", path_, words);
    }
    end_ += n;
  }

  void Sync() override { CheckIo(ruvector_files_sync(fd_), "sync", path_); }

  void Truncate(uint64_t size) override {
    CheckIo(ruvector_files_truncate(fd_, static_cast<double>(size)), "truncate", path_);
    end_ = size;
  }

  std::unique_ptr<Mapping> Map() const override { return MapCopy(*this, Size(), path_); }

 private:
  int fd_ = -1;
  std::string path_;
  uint64_t end_ = 0;
};

class WasmDirectory final : public Directory {
 public:
  explicit WasmDirectory(std::string path)
      : path_(std::move(path)),
        stores_whole_files_(CheckIo(ruvector_files_stores_whole(path_.data(), Length(path_)),
                                    "open folder", path_) != 0) {}

  std::unique_ptr<File> Open(const std::string& name, OpenMode mode) override {
    CheckFileName(name);
    const std::string path = PathOf(name);
    const int number = mode == OpenMode::kRead ? 0 : mode == OpenMode::kCreate ? 1 : 2;
    auto file = std::make_unique<WasmFile>(path);
    const int result = ruvector_files_open(path.data(), Length(path), number);
    file->Take(mode == OpenMode::kCreate ? CheckIo(result, "create", path)
                                         : Check(result, "open", path));
    return file;
  }

  std::vector<std::string> List() const override {
    if (CheckIo(ruvector_files_list(path_.data(), Length(path_)), "list", path_) == 0) {
      ThrowFileError(ErrorCode::kIo, "list", path_, "no such folder");
    }
    const std::string text = TakeText();
    return text.empty() ? std::vector<std::string>() : Split(text);
  }

  bool Exists(const std::string& name) const override {
    CheckFileName(name);
    const std::string path = PathOf(name);
    return CheckIo(ruvector_files_kind(path.data(), Length(path)), "stat", path) != 0;
  }

  void Remove(const std::string& name) override {
    CheckFileName(name);
    const std::string path = PathOf(name);
    CheckIo(ruvector_files_remove(path.data(), Length(path)), "remove", path);
  }

  void Rename(const std::string& from, const std::string& to) override {
    CheckFileName(from);
    CheckFileName(to);
    const std::string path = PathOf(from);
    const std::string target = PathOf(to);
    CheckIo(ruvector_files_rename(path.data(), Length(path), target.data(), Length(target)),
            "rename", path);
  }

  void Sync() override {
    CheckIo(ruvector_files_sync_dir(path_.data(), Length(path_)), "sync", path_);
  }

  std::unique_ptr<WriterLock> LockWriter() override {
    return AcquireWriterLock(*this, SystemProcesses(), nullptr);
  }

  bool stores_whole_files() const override { return stores_whole_files_; }
  bool persistent() const override { return true; }
  const std::string& path() const override { return path_; }

 private:
  std::string PathOf(const std::string& name) const { return path_ + "/" + name; }

  std::string path_;
  bool stores_whole_files_;
};

class HostProcesses final : public ProcessTable {
 public:
  ProcessIdentity Self() const override {
    CheckIo(ruvector_files_process(), "ask", "process");
    const std::vector<std::string> parts = Split(TakeText());
    if (parts.size() != 5) {
      throw Error(ErrorCode::kIo,
                  "expected pid, start, host, boot and pidNamespace of the process, got " +
                      std::to_string(parts.size()) + " values");
    }
    return {std::strtoull(parts[0].c_str(), nullptr, 10),
            std::strtoull(parts[1].c_str(), nullptr, 10), HashSpace(parts[2], parts[3], parts[4])};
  }

  bool IsAlive(uint64_t pid, uint64_t start) const override {
    if (pid > static_cast<uint64_t>(kMaxSafeInteger)) return false;
    const std::string text = std::to_string(start);
    // A host that cannot tell has not said that it is dead.
    return ruvector_files_is_alive(static_cast<double>(pid), text.data(), Length(text)) != 0;
  }
};

std::string ParentOf(const std::string& path) {
  size_t end = path.find_last_not_of("/\\");
  if (end == std::string::npos) return path;
  end = path.find_last_of("/\\", end);
  if (end == std::string::npos) return ".";
  const size_t last = path.find_last_not_of("/\\", end);
  return last == std::string::npos ? path.substr(0, 1) : path.substr(0, last + 1);
}

void CreateFolder(const std::string& path) {
  const std::string parent = ParentOf(path);
  if (parent != path && KindOfPath(parent) == PathKind::kNone) CreateFolder(parent);
  CheckIo(ruvector_files_mkdir(path.data(), Length(path)), "create folder", path);
  CheckIo(ruvector_files_sync_dir(parent.data(), Length(parent)), "sync", parent);
}

}  // namespace

const ProcessTable& SystemProcesses() {
  static const HostProcesses* const processes = new HostProcesses;
  return *processes;
}

PathKind KindOfPath(const std::string& path) {
  CheckPath(path);
  switch (CheckIo(ruvector_files_kind(path.data(), Length(path)), "stat", path)) {
    case 0:
      return PathKind::kNone;
    case 2:
      return PathKind::kFolder;
    default:
      return PathKind::kFile;
  }
}

std::unique_ptr<Directory> OpenDirectory(const std::string& path, bool create) {
  switch (KindOfPath(path)) {
    case PathKind::kFolder:
      break;
    case PathKind::kFile:
      ThrowFileError(ErrorCode::kIo, "open folder", path, "is no folder");
    case PathKind::kNone:
      if (!create) ThrowFileError(ErrorCode::kNotFound, "open folder", path, "no such folder");
      CreateFolder(path);
  }
  return std::make_unique<WasmDirectory>(path);
}

void RemoveFolder(const std::string& path) noexcept {
  ruvector_files_rmdir(path.data(), Length(path));
}

std::unique_ptr<File> OpenPath(const std::string& path) {
  CheckPath(path);
  auto file = std::make_unique<WasmFile>(path);
  file->Take(Check(ruvector_files_open(path.data(), Length(path), 0), "open", path));
  return file;
}

}  // namespace ruvector

#endif
