#if defined(_WIN32)

#define WIN32_LEAN_AND_MEAN
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "storage/file_internal.h"
#include "storage/writer_lock.h"

namespace ruvector {

namespace {

std::wstring Widen(const std::string& text) {
  if (text.empty()) return {};
  const int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(),
                                         static_cast<int>(text.size()), nullptr, 0);
  if (length <= 0) {
    throw Error(ErrorCode::kInvalidOption, "expected a path in UTF-8, got \"" + text + "\"");
  }
  std::wstring wide(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), static_cast<int>(text.size()),
                      wide.data(), length);
  return wide;
}

std::string Narrow(const wchar_t* text, size_t n) {
  if (n == 0) return {};
  const int length =
      WideCharToMultiByte(CP_UTF8, 0, text, static_cast<int>(n), nullptr, 0, nullptr, nullptr);
  std::string narrow(static_cast<size_t>(std::max(length, 0)), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text, static_cast<int>(n), narrow.data(), length, nullptr,
                      nullptr);
  return narrow;
}

[[noreturn]] void ThrowSystem(const char* operation, const std::string& path, DWORD error,
                              ErrorCode code = ErrorCode::kIo) {
  wchar_t* text = nullptr;
  const DWORD length = FormatMessageW(
      FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS,
      nullptr, error, 0, reinterpret_cast<wchar_t*>(&text), 0, nullptr);
  std::string words = Narrow(text, length);
  LocalFree(text);
  while (!words.empty() && (words.back() <= ' ' || words.back() == '.')) words.pop_back();
  ThrowFileError(code, operation, path, words + " (" + std::to_string(error) + ")");
}

bool IsMissing(DWORD error) {
  return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND;
}

class Handle {
 public:
  explicit Handle(HANDLE handle) : handle_(handle) {}
  ~Handle() {
    if (valid()) CloseHandle(handle_);
  }
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, INVALID_HANDLE_VALUE)) {}
  Handle& operator=(Handle&&) = delete;
  bool valid() const { return handle_ != INVALID_HANDLE_VALUE && handle_ != nullptr; }
  HANDLE get() const { return handle_; }

 private:
  HANDLE handle_;
};

OVERLAPPED At(uint64_t offset) {
  OVERLAPPED overlapped{};
  overlapped.Offset = static_cast<DWORD>(offset);
  overlapped.OffsetHigh = static_cast<DWORD>(offset >> 32);
  return overlapped;
}

// Windows refuses to cut a mapped file short, so no guard is needed here.
class WindowsMapping final : public Mapping {
 public:
  WindowsMapping(const void* data, size_t size) : data_(data), size_(size) {}
  ~WindowsMapping() override { UnmapViewOfFile(data_); }
  const uint8_t* data() const override { return static_cast<const uint8_t*>(data_); }
  size_t size() const override { return size_; }
  size_t heap_bytes() const override { return 0; }

 private:
  const void* data_;
  size_t size_;
};

class WindowsFile final : public File {
 public:
  WindowsFile(Handle handle, std::string path)
      : handle_(std::move(handle)), path_(std::move(path)) {
    end_ = Size();
  }

  uint64_t Size() const override {
    LARGE_INTEGER size;
    if (!GetFileSizeEx(handle_.get(), &size)) ThrowSystem("stat", path_, GetLastError());
    return static_cast<uint64_t>(size.QuadPart);
  }

  void ReadAt(uint64_t offset, void* out, size_t n) const override {
    auto* p = static_cast<char*>(out);
    for (size_t done = 0; done < n;) {
      OVERLAPPED at = At(offset + done);
      DWORD got = 0;
      const auto ask = static_cast<DWORD>(std::min(n - done, kMost));
      if (!ReadFile(handle_.get(), p + done, ask, &got, &at) &&
          GetLastError() != ERROR_HANDLE_EOF) {
        ThrowSystem("read", path_, GetLastError());
      }
      if (got == 0) ThrowShortRead(path_, offset, n, Size());
      done += got;
    }
  }

  void Append(const void* data, size_t n) override {
    const auto* p = static_cast<const char*>(data);
    while (n > 0) {
      OVERLAPPED at = At(end_);
      DWORD put = 0;
      if (!WriteFile(handle_.get(), p, static_cast<DWORD>(std::min(n, kMost)), &put, &at)) {
        ThrowSystem("write", path_, GetLastError());
      }
      if (put == 0) ThrowSystem("write", path_, ERROR_DISK_FULL);
      end_ += put;
      p += put;
      n -= put;
    }
  }

  void Sync() override {
    if (!FlushFileBuffers(handle_.get())) ThrowSystem("sync", path_, GetLastError());
  }

  void Truncate(uint64_t size) override {
    FILE_END_OF_FILE_INFO info;
    info.EndOfFile.QuadPart = static_cast<LONGLONG>(size);
    if (!SetFileInformationByHandle(handle_.get(), FileEndOfFileInfo, &info, sizeof info)) {
      ThrowSystem("truncate", path_, GetLastError());
    }
    end_ = size;
  }

  std::unique_ptr<Mapping> Map() const override {
    const uint64_t size = Size();
    if (size == 0) return MapShared({});
    if (size > std::numeric_limits<size_t>::max() / 2) return MapCopy(*this, size, path_);
    const Handle section(CreateFileMappingW(handle_.get(), nullptr, PAGE_READONLY, 0, 0, nullptr));
    if (!section.valid()) return MapCopy(*this, size, path_);
    // The view keeps the section alive.
    const void* data = MapViewOfFile(section.get(), FILE_MAP_READ, 0, 0, static_cast<SIZE_T>(size));
    if (data == nullptr) return MapCopy(*this, size, path_);
    return std::make_unique<WindowsMapping>(data, static_cast<size_t>(size));
  }

 private:
  static constexpr size_t kMost = size_t{1} << 30;

  Handle handle_;
  std::string path_;
  uint64_t end_ = 0;
};

std::unique_ptr<File> OpenFile(const std::string& path, OpenMode mode, bool follow) {
  const DWORD access = mode == OpenMode::kRead ? GENERIC_READ : GENERIC_READ | GENERIC_WRITE;
  // FILE_SHARE_DELETE lets a checkpoint remove or replace files that readers still have mapped.
  const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  Handle handle(CreateFileW(Widen(path).c_str(), access, share, nullptr,
                            mode == OpenMode::kCreate ? CREATE_NEW : OPEN_EXISTING,
                            FILE_ATTRIBUTE_NORMAL | (follow ? 0 : FILE_FLAG_OPEN_REPARSE_POINT),
                            nullptr));
  if (!handle.valid()) {
    const DWORD error = GetLastError();
    const bool create = mode == OpenMode::kCreate;
    ThrowSystem(create ? "create" : "open", path, error,
                !create && IsMissing(error) ? ErrorCode::kNotFound : ErrorCode::kIo);
  }
  BY_HANDLE_FILE_INFORMATION info;
  if (GetFileType(handle.get()) != FILE_TYPE_DISK ||
      !GetFileInformationByHandle(handle.get(), &info) ||
      (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ||
      (!follow && (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0)) {
    ThrowFileError(ErrorCode::kIo, "open", path, "is no regular file");
  }
  return std::make_unique<WindowsFile>(std::move(handle), path);
}

class RegionLock final : public WriterLock {
 public:
  explicit RegionLock(Handle handle) : handle_(std::move(handle)) {}

 private:
  Handle handle_;
};

class WindowsDirectory final : public Directory {
 public:
  explicit WindowsDirectory(std::string path) : path_(std::move(path)) {}

  std::unique_ptr<File> Open(const std::string& name, OpenMode mode) override {
    CheckFileName(name);
    return OpenFile(PathOf(name), mode, false);
  }

  std::vector<std::string> List() const override {
    WIN32_FIND_DATAW entry;
    const HANDLE search = FindFirstFileW(Widen(path_ + "\\*").c_str(), &entry);
    if (search == INVALID_HANDLE_VALUE) ThrowSystem("list", path_, GetLastError());
    std::vector<std::string> names;
    DWORD error = ERROR_SUCCESS;
    do {
      if ((entry.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) ==
          0) {
        names.push_back(
            Narrow(entry.cFileName, std::char_traits<wchar_t>::length(entry.cFileName)));
      }
    } while (FindNextFileW(search, &entry));
    error = GetLastError();
    FindClose(search);
    if (error != ERROR_NO_MORE_FILES) ThrowSystem("list", path_, error);
    return names;
  }

  bool Exists(const std::string& name) const override {
    CheckFileName(name);
    if (GetFileAttributesW(Widen(PathOf(name)).c_str()) != INVALID_FILE_ATTRIBUTES) return true;
    const DWORD error = GetLastError();
    if (!IsMissing(error)) ThrowSystem("stat", PathOf(name), error);
    return false;
  }

  void Remove(const std::string& name) override {
    CheckFileName(name);
    if (!DeleteFileW(Widen(PathOf(name)).c_str())) {
      const DWORD error = GetLastError();
      if (!IsMissing(error)) ThrowSystem("remove", PathOf(name), error);
    }
  }

  void Rename(const std::string& from, const std::string& to) override {
    CheckFileName(from);
    CheckFileName(to);
    if (!MoveFileExW(Widen(PathOf(from)).c_str(), Widen(PathOf(to)).c_str(),
                     MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
      ThrowSystem("rename", PathOf(from), GetLastError());
    }
  }

  // NTFS journals folder entries, and Rename writes through; there is no call that syncs a folder.
  void Sync() override {}

  std::unique_ptr<WriterLock> LockWriter() override {
    return AcquireWriterLock(*this, SystemProcesses(), [this] { return TryLock(); });
  }

  bool persistent() const override { return true; }
  const std::string& path() const override { return path_; }

 private:
  std::unique_ptr<WriterLock> TryLock() {
    const std::string path = PathOf("LOCK");
    Handle handle(CreateFileW(Widen(path).c_str(), GENERIC_READ | GENERIC_WRITE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                              OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr));
    if (!handle.valid()) ThrowSystem("open", path, GetLastError());
    OVERLAPPED at{};
    if (!LockFileEx(handle.get(), LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
                    &at)) {
      const DWORD error = GetLastError();
      if (error == ERROR_LOCK_VIOLATION || error == ERROR_IO_PENDING) return nullptr;
      ThrowSystem("lock", path, error);
    }
    return std::make_unique<RegionLock>(std::move(handle));
  }

  std::string PathOf(const std::string& name) const { return path_ + "\\" + name; }

  std::string path_;
};

void CreateFolder(const std::string& path) {
  if (CreateDirectoryW(Widen(path).c_str(), nullptr)) return;
  DWORD error = GetLastError();
  if (error == ERROR_ALREADY_EXISTS) return;
  const size_t last = path.find_last_not_of("/\\");
  const size_t end = last == std::string::npos ? last : path.find_last_of("/\\", last);
  if (error == ERROR_PATH_NOT_FOUND && end != std::string::npos && end > 0) {
    CreateFolder(path.substr(0, end));
    if (CreateDirectoryW(Widen(path).c_str(), nullptr)) return;
    error = GetLastError();
    if (error == ERROR_ALREADY_EXISTS) return;
  }
  ThrowSystem("create folder", path, error);
}

}  // namespace

PathKind KindOfPath(const std::string& path) {
  CheckPath(path);
  const DWORD attributes = GetFileAttributesW(Widen(path).c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES) {
    const DWORD error = GetLastError();
    if (!IsMissing(error)) ThrowSystem("stat", path, error);
    return PathKind::kNone;
  }
  return (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? PathKind::kFolder : PathKind::kFile;
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
  // Made absolute, since nothing else keeps the folder when the host changes its working directory.
  const std::wstring wide = Widen(path);
  const DWORD length = GetFullPathNameW(wide.c_str(), 0, nullptr, nullptr);
  if (length == 0) ThrowSystem("open folder", path, GetLastError());
  std::wstring full(length, L'\0');
  full.resize(GetFullPathNameW(wide.c_str(), length, full.data(), nullptr));
  return std::make_unique<WindowsDirectory>(Narrow(full.data(), full.size()));
}

void RemoveFolder(const std::string& path) noexcept {
  try {
    RemoveDirectoryW(Widen(path).c_str());
  } catch (const std::exception&) {
    // No memory for the name, or none that Windows knows.
  }
}

std::unique_ptr<File> OpenPath(const std::string& path) {
  CheckPath(path);
  return OpenFile(path, OpenMode::kRead, true);
}

}  // namespace ruvector

#endif
