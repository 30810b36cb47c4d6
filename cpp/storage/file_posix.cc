#if !defined(_WIN32) && !defined(__EMSCRIPTEN__)

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

#include "storage/file_internal.h"
#include "storage/map_guard.h"
#include "storage/writer_lock.h"

namespace ruvector {

namespace {

[[noreturn]] void ThrowErrno(const char* operation, const std::string& path, int error,
                             ErrorCode code = ErrorCode::kIo) {
  ThrowFileError(code, operation, path, std::generic_category().message(error));
}

// Repeats a system call that a signal interrupted.
template <typename F>
auto Retry(F call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

int SyncDescriptor(int fd) {
#if defined(__APPLE__)
  // fsync leaves the bytes in the drive's cache there; file systems without F_FULLFSYNC get the
  // next best. What was lost is not asked for again: fsync might not know of it any more.
  if (Retry([&] { return fcntl(fd, F_FULLFSYNC); }) == 0) return 0;
  if (errno == EIO || errno == ENOSPC || errno == EDQUOT) return -1;
  return Retry([&] { return fsync(fd); });
#else
  return Retry([&] { return fdatasync(fd); });
#endif
}

class PosixMapping final : public Mapping {
 public:
  PosixMapping(void* data, size_t size) : data_(data), size_(size) {}
  ~PosixMapping() override {
    guard_.Release();
    munmap(data_, size_);
  }
  bool Protect() { return guard_.Protect(data_, size_); }
  const uint8_t* data() const override { return static_cast<const uint8_t*>(data_); }
  size_t size() const override { return size_; }
  size_t heap_bytes() const override { return 0; }
  void Release(size_t offset, size_t n) const noexcept override {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t begin = (offset + page - 1) / page * page;
    const size_t end = (offset + n) / page * page;
    if (begin < end) madvise(static_cast<char*>(data_) + begin, end - begin, MADV_DONTNEED);
  }

 private:
  void* data_;
  size_t size_;
  MapGuard guard_;
};

class PosixFile final : public File {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {
    end_ = Size();
  }

  uint64_t Size() const override {
    struct stat status;
    if (fstat(fd_.get(), &status) != 0) ThrowErrno("stat", path_, errno);
    return static_cast<uint64_t>(status.st_size);
  }

  void ReadAt(uint64_t offset, void* out, size_t n) const override {
    auto* p = static_cast<char*>(out);
    for (size_t done = 0; done < n;) {
      const ssize_t got = Retry([&] {
        return pread(fd_.get(), p + done, std::min(n - done, kMost),
                     static_cast<off_t>(offset + done));
      });
      if (got < 0) ThrowErrno("read", path_, errno);
      if (got == 0) ThrowShortRead(path_, offset, n, Size());
      done += static_cast<size_t>(got);
    }
  }

#if defined(__APPLE__)
  void ReadsAtRandom() noexcept override { fcntl(fd_.get(), F_RDAHEAD, 0); }
  void WillRead(uint64_t offset, size_t n) const noexcept override {
    radvisory wanted = {static_cast<off_t>(offset), static_cast<int>(std::min(n, kMost))};
    fcntl(fd_.get(), F_RDADVISE, &wanted);
  }
#else
  void ReadsAtRandom() noexcept override { posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_RANDOM); }
  void WillRead(uint64_t offset, size_t n) const noexcept override {
    posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(n),
                  POSIX_FADV_WILLNEED);
  }
#endif

  void Append(const void* data, size_t n) override {
    const auto* p = static_cast<const char*>(data);
    while (n > 0) {
      const ssize_t put =
          Retry([&] { return pwrite(fd_.get(), p, std::min(n, kMost), static_cast<off_t>(end_)); });
      if (put < 0) ThrowErrno("write", path_, errno);
      if (put == 0) ThrowErrno("write", path_, ENOSPC);
      end_ += static_cast<uint64_t>(put);
      p += put;
      n -= static_cast<size_t>(put);
    }
  }

  void Sync() override {
    if (SyncDescriptor(fd_.get()) != 0) ThrowErrno("sync", path_, errno);
  }

  void Truncate(uint64_t size) override {
    if (Retry([&] { return ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
      ThrowErrno("truncate", path_, errno);
    }
    end_ = size;
  }

  std::unique_ptr<Mapping> Map() const override {
    const uint64_t size = Size();
    if (size == 0) return MapShared({});
    if (size > std::numeric_limits<size_t>::max() / 2) return MapCopy(*this, size, path_);
    const auto n = static_cast<size_t>(size);
    void* data = mmap(nullptr, n, PROT_READ, MAP_SHARED, fd_.get(), 0);
    // Some file systems cannot map.
    if (data == MAP_FAILED) return MapCopy(*this, size, path_);
    auto mapping = std::make_unique<PosixMapping>(data, n);
    if (!mapping->Protect()) return MapCopy(*this, size, path_);
    return mapping;
  }

 private:
  // Linux moves at most 2^31 - 4096 bytes a call, and macOS refuses more.
  static constexpr size_t kMost = size_t{1} << 30;

  Descriptor fd_;
  std::string path_;
  uint64_t end_ = 0;
};

std::unique_ptr<File> NewFile(Descriptor fd, const std::string& path) {
  struct stat status;
  if (fstat(fd.get(), &status) != 0) ThrowErrno("stat", path, errno);
  if (!S_ISREG(status.st_mode)) {
    ThrowFileError(ErrorCode::kIo, "open", path, "is no regular file");
  }
  return std::make_unique<PosixFile>(std::move(fd), path);
}

class FileLock final : public WriterLock {
 public:
  explicit FileLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;
};

class PosixDirectory final : public Directory {
 public:
  PosixDirectory(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  std::unique_ptr<File> Open(const std::string& name, OpenMode mode) override {
    CheckFileName(name);
    // O_NONBLOCK: a pipe in the file's place is refused below instead of waited for.
    int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    flags |= mode == OpenMode::kRead ? O_RDONLY : O_RDWR;
    if (mode == OpenMode::kCreate) flags |= O_CREAT | O_EXCL;
    Descriptor fd(Retry([&] { return openat(fd_.get(), name.c_str(), flags, 0666); }));
    if (fd.get() < 0) {
      const int error = errno;
      ThrowErrno(
          mode == OpenMode::kCreate ? "create" : "open", PathOf(name), error,
          error == ENOENT && mode != OpenMode::kCreate ? ErrorCode::kNotFound : ErrorCode::kIo);
    }
    try {
      return NewFile(std::move(fd), PathOf(name));
    } catch (...) {
      if (mode == OpenMode::kCreate) unlinkat(fd_.get(), name.c_str(), 0);
      throw;
    }
  }

  std::vector<std::string> List() const override {
    // A description of its own, so that concurrent lists do not share a position.
    const int fd =
        Retry([&] { return openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd < 0) ThrowErrno("list", path_, errno);
    DIR* stream = fdopendir(fd);
    if (stream == nullptr) {
      const int error = errno;
      close(fd);
      ThrowErrno("list", path_, error);
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> closer(stream, closedir);
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = readdir(stream);
      if (entry == nullptr) {
        if (errno != 0) ThrowErrno("list", path_, errno);
        return names;
      }
      bool regular = entry->d_type == DT_REG;
      if (entry->d_type == DT_UNKNOWN) {
        struct stat status;
        regular = fstatat(fd_.get(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                  S_ISREG(status.st_mode);
      }
      if (regular) names.emplace_back(entry->d_name);
    }
  }

  bool Exists(const std::string& name) const override {
    CheckFileName(name);
    struct stat status;
    if (fstatat(fd_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return true;
    if (errno != ENOENT) ThrowErrno("stat", PathOf(name), errno);
    return false;
  }

  void Remove(const std::string& name) override {
    CheckFileName(name);
    if (unlinkat(fd_.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
      ThrowErrno("remove", PathOf(name), errno);
    }
  }

  void Rename(const std::string& from, const std::string& to) override {
    CheckFileName(from);
    CheckFileName(to);
    if (renameat(fd_.get(), from.c_str(), fd_.get(), to.c_str()) != 0) {
      ThrowErrno("rename", PathOf(from), errno);
    }
  }

  void Sync() override { SyncFolder(fd_.get(), path_); }

  std::unique_ptr<WriterLock> LockWriter() override {
    return AcquireWriterLock(*this, SystemProcesses(), [this] { return TryLock(); });
  }

  bool persistent() const override { return true; }
  const std::string& path() const override { return path_; }

  static void SyncFolder(int fd, const std::string& path) {
#if defined(__APPLE__)
    const int result = SyncDescriptor(fd);
#else
    const int result = Retry([&] { return fsync(fd); });
#endif
    // EINVAL: the file system has nothing to sync for a folder.
    if (result != 0 && errno != EINVAL) ThrowErrno("sync", path, errno);
  }

 private:
  std::unique_ptr<WriterLock> TryLock() {
    Descriptor fd(Retry([&] {
      return openat(fd_.get(), "LOCK", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                    0666);
    }));
    if (fd.get() < 0) ThrowErrno("open", PathOf("LOCK"), errno);
    if (Retry([&] { return flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno == EWOULDBLOCK) return nullptr;
      ThrowErrno("lock", PathOf("LOCK"), errno);
    }
    return std::make_unique<FileLock>(std::move(fd));
  }

  std::string PathOf(const std::string& name) const { return path_ + "/" + name; }

  Descriptor fd_;
  std::string path_;
};

std::string ParentOf(const std::string& path) {
  size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return "/";
  end = path.rfind('/', end);
  if (end == std::string::npos) return ".";
  end = path.find_last_not_of('/', end);
  return end == std::string::npos ? "/" : path.substr(0, end + 1);
}

void CreateFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0777) != 0) {
    const int error = errno;
    // Whoever made it in the meantime may not have synced its parent yet, so that is done below.
    if (error != EEXIST) {
      const std::string parent = ParentOf(path);
      if (error != ENOENT || parent == path) ThrowErrno("create folder", path, error);
      CreateFolder(parent);
      if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
        ThrowErrno("create folder", path, errno);
      }
    }
  }
  const std::string parent = ParentOf(path);
  const Descriptor fd(
      Retry([&] { return open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (fd.get() < 0) {
    // A parent that may be searched but not read cannot be synced by us.
    if (errno == EACCES) return;
    ThrowErrno("open", parent, errno);
  }
  PosixDirectory::SyncFolder(fd.get(), parent);
}

}  // namespace

PathKind KindOfPath(const std::string& path) {
  CheckPath(path);
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return PathKind::kNone;
    ThrowErrno("stat", path, errno);
  }
  return S_ISDIR(status.st_mode) ? PathKind::kFolder : PathKind::kFile;
}

std::unique_ptr<Directory> OpenDirectory(const std::string& path, bool create) {
  CheckPath(path);
  const auto try_open = [&] {
    return Descriptor(
        Retry([&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  };
  Descriptor fd = try_open();
  if (fd.get() < 0 && errno == ENOENT && create) {
    CreateFolder(path);
    return OpenDirectory(path, false);
  }
  if (fd.get() < 0) {
    const int error = errno;
    ThrowErrno("open folder", path, error, error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo);
  }
  return std::make_unique<PosixDirectory>(std::move(fd), path);
}

void RemoveFolder(const std::string& path) noexcept { rmdir(path.c_str()); }

std::unique_ptr<File> OpenPath(const std::string& path) {
  CheckPath(path);
  Descriptor fd(
      Retry([&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); }));
  if (fd.get() < 0) {
    const int error = errno;
    ThrowErrno("open", path, error, error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo);
  }
  return NewFile(std::move(fd), path);
}

}  // namespace ruvector

#endif
