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

// The name for a call: absolute and with a prefix when it is too long for Windows otherwise.
std::wstring SystemPath(const std::string& path) {
  constexpr size_t kMostPlain = 240;  // a folder's is shorter than a file's by an 8.3 name
  const std::wstring wide = Widen(path);
  const DWORD length = GetFullPathNameW(wide.c_str(), 0, nullptr, nullptr);
  if (length < kMostPlain) return wide;
  std::wstring full(length, L'\0');
  full.resize(GetFullPathNameW(wide.c_str(), length, full.data(), nullptr));
  if (full.starts_with(L"\\\\?\\") || full.starts_with(L"\\\\.\\")) return full;
  if (full.starts_with(L"\\\\")) return L"\\\\?\\UNC\\" + full.substr(2);
  return L"\\\\?\\" + full;
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

// Somebody else has the file open without sharing it, or mapped, or it was removed and is still
// open somewhere. Windows says "access denied" for most of it.
bool IsInUse(DWORD error) {
  return error == ERROR_SHARING_VIOLATION || error == ERROR_LOCK_VIOLATION ||
         error == ERROR_USER_MAPPED_FILE || error == ERROR_ACCESS_DENIED ||
         error == ERROR_DELETE_PENDING;
}

// Virus scanners and indexers hold what was just written, and readers map the log, for a moment:
// repeats a call that stumbles over that, for about an eighth of a second. Keeps the last error.
template <typename F>
bool Patiently(F call) {
  for (DWORD wait = 1;; wait *= 2) {
    if (call()) return true;
    const DWORD error = GetLastError();
    if (!IsInUse(error) || wait > 64) {
      SetLastError(error);
      return false;
    }
    Sleep(wait);
  }
}

// A link or a junction; not what only says where the bytes are kept (cloud folders, deduplication).
bool IsLink(DWORD attributes, DWORD tag) {
  return (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 && IsReparseTagNameSurrogate(tag);
}

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

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
  void Release(size_t offset, size_t n) const noexcept override {
    // Of pages that are not locked this takes those that are there out of the working set.
    VirtualUnlock(const_cast<uint8_t*>(data()) + offset, n);
  }

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
    if (!Patiently([&] {
          return SetFileInformationByHandle(handle_.get(), FileEndOfFileInfo, &info, sizeof info);
        })) {
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

// `path` is for the system, `shown` for messages.
std::unique_ptr<File> OpenFile(const std::string& path, const std::string& shown, OpenMode mode,
                               bool follow) {
  const std::wstring name = SystemPath(path);
  const bool create = mode == OpenMode::kCreate;
  const DWORD access = mode == OpenMode::kRead ? GENERIC_READ : GENERIC_READ | GENERIC_WRITE;
  const auto open = [&](DWORD flags) {
    HANDLE handle = INVALID_HANDLE_VALUE;
    const bool opened = Patiently([&] {
      handle = CreateFileW(name.c_str(), access, kShareAll, nullptr,
                           create ? CREATE_NEW : OPEN_EXISTING, flags, nullptr);
      return handle != INVALID_HANDLE_VALUE;
    });
    if (!opened) {
      const DWORD error = GetLastError();
      ThrowSystem(create ? "create" : "open", shown, error,
                  !create && IsMissing(error) ? ErrorCode::kNotFound : ErrorCode::kIo);
    }
    return Handle(handle);
  };
  const auto refuse = [&]() {
    ThrowFileError(ErrorCode::kIo, "open", shown, "is no regular file");
  };
  Handle handle = open(FILE_ATTRIBUTE_NORMAL | (follow ? 0 : FILE_FLAG_OPEN_REPARSE_POINT));
  BY_HANDLE_FILE_INFORMATION info;
  if (GetFileType(handle.get()) != FILE_TYPE_DISK ||
      !GetFileInformationByHandle(handle.get(), &info) ||
      (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
    refuse();
  }
  if (!follow && (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
    FILE_ATTRIBUTE_TAG_INFO tag;
    if (!GetFileInformationByHandleEx(handle.get(), FileAttributeTagInfo, &tag, sizeof tag) ||
        IsLink(tag.FileAttributes, tag.ReparseTag)) {
      refuse();
    }
    return std::make_unique<WindowsFile>(open(FILE_ATTRIBUTE_NORMAL), shown);
  }
  try {
    return std::make_unique<WindowsFile>(std::move(handle), shown);
  } catch (...) {
    if (create) DeleteFileW(name.c_str());
    throw;
  }
}

class RegionLock final : public WriterLock {
 public:
  explicit RegionLock(Handle handle) : handle_(std::move(handle)) {}
  // Closing alone releases it too, but Windows does not say when.
  ~RegionLock() override {
    OVERLAPPED at{};
    UnlockFileEx(handle_.get(), 0, 1, 0, &at);
  }

 private:
  Handle handle_;
};

class WindowsDirectory final : public Directory {
 public:
  WindowsDirectory(std::string path, std::string full)
      : path_(std::move(path)), full_(std::move(full)) {}

  std::unique_ptr<File> Open(const std::string& name, OpenMode mode) override {
    CheckFileName(name);
    return OpenFile(full_ + "\\" + name, PathOf(name), mode, false);
  }

  std::vector<std::string> List() const override {
    WIN32_FIND_DATAW entry;
    const HANDLE search = FindFirstFileW(SystemPath(full_ + "\\*").c_str(), &entry);
    if (search == INVALID_HANDLE_VALUE) ThrowSystem("list", path_, GetLastError());
    std::vector<std::string> names;
    DWORD error = ERROR_SUCCESS;
    do {
      if ((entry.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0 &&
          !IsLink(entry.dwFileAttributes, entry.dwReserved0)) {
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
    if (GetFileAttributesW(NameOf(name).c_str()) != INVALID_FILE_ATTRIBUTES) return true;
    const DWORD error = GetLastError();
    if (!IsMissing(error)) ThrowSystem("stat", PathOf(name), error);
    return false;
  }

  void Remove(const std::string& name) override {
    CheckFileName(name);
    // Not patiently: what somebody has mapped stays so for longer.
    if (DeleteFileW(NameOf(name).c_str())) return;
    const DWORD error = GetLastError();
    if (IsMissing(error)) return;
    ThrowSystem("remove", PathOf(name), error,
                IsInUse(error) ? ErrorCode::kLocked : ErrorCode::kIo);
  }

  void Rename(const std::string& from, const std::string& to) override {
    CheckFileName(from);
    CheckFileName(to);
    const std::wstring old_name = NameOf(from), new_name = NameOf(to);
    if (!Patiently([&] {
          return MoveFileExW(old_name.c_str(), new_name.c_str(),
                             MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
        })) {
      ThrowSystem("rename", PathOf(from), GetLastError());
    }
  }

  // NTFS journals entries in their order and Rename writes through, so this is for removals. File
  // systems without folders to flush are left alone.
  void Sync() override {
    const Handle folder(CreateFileW(SystemPath(full_).c_str(), GENERIC_WRITE, kShareAll, nullptr,
                                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr));
    if (!folder.valid() || FlushFileBuffers(folder.get())) return;
    const DWORD error = GetLastError();
    if (error != ERROR_ACCESS_DENIED && error != ERROR_INVALID_FUNCTION &&
        error != ERROR_INVALID_HANDLE && error != ERROR_INVALID_PARAMETER &&
        error != ERROR_NOT_SUPPORTED) {
      ThrowSystem("sync", path_, error);
    }
  }

  std::unique_ptr<WriterLock> LockWriter() override {
    return AcquireWriterLock(*this, SystemProcesses(), [this] { return TryLock(); });
  }

  bool persistent() const override { return true; }
  const std::string& path() const override { return path_; }

 private:
  std::unique_ptr<WriterLock> TryLock() {
    const std::string path = PathOf("LOCK");
    Handle handle(CreateFileW(NameOf("LOCK").c_str(), GENERIC_READ | GENERIC_WRITE, kShareAll,
                              nullptr, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr));
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
  std::wstring NameOf(const std::string& name) const { return SystemPath(full_ + "\\" + name); }

  std::string path_;  // as it was given, for messages
  std::string full_;
};

void CreateFolder(const std::string& path) {
  if (CreateDirectoryW(SystemPath(path).c_str(), nullptr)) return;
  DWORD error = GetLastError();
  if (error == ERROR_ALREADY_EXISTS) return;
  const size_t last = path.find_last_not_of("/\\");
  const size_t end = last == std::string::npos ? last : path.find_last_of("/\\", last);
  if (error == ERROR_PATH_NOT_FOUND && end != std::string::npos && end > 0) {
    CreateFolder(path.substr(0, end));
    if (CreateDirectoryW(SystemPath(path).c_str(), nullptr)) return;
    error = GetLastError();
    if (error == ERROR_ALREADY_EXISTS) return;
  }
  ThrowSystem("create folder", path, error);
}

}  // namespace

PathKind KindOfPath(const std::string& path) {
  CheckPath(path);
  const DWORD attributes = GetFileAttributesW(SystemPath(path).c_str());
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
  return std::make_unique<WindowsDirectory>(path, Narrow(full.data(), full.size()));
}

void RemoveFolder(const std::string& path) noexcept {
  try {
    RemoveDirectoryW(SystemPath(path).c_str());
  } catch (const std::exception&) {
    // No memory for the name, or none that Windows knows.
  }
}

std::unique_ptr<File> OpenPath(const std::string& path) {
  CheckPath(path);
  return OpenFile(path, path, OpenMode::kRead, true);
}

}  // namespace ruvector

#endif
