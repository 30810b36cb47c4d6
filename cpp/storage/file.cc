#include "storage/file.h"

#include <algorithm>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

#include "storage/file_internal.h"

namespace ruvector {

namespace {

alignas(8) constexpr uint8_t kNoBytes[8] = {};

class SharedMapping final : public Mapping {
 public:
  explicit SharedMapping(SharedBytes bytes) : bytes_(std::move(bytes)) {}
  const uint8_t* data() const override { return bytes_.data != nullptr ? bytes_.data : kNoBytes; }
  size_t size() const override { return bytes_.size; }
  size_t heap_bytes() const override { return bytes_.heap_bytes; }

 private:
  SharedBytes bytes_;
};

}  // namespace

bool IsPlainFileName(std::string_view name) {
  return !name.empty() && name.size() <= 200 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return static_cast<unsigned char>(c) >= 0x20 &&
                  std::string_view("/\\:*?\"<>|").find(c) == std::string_view::npos;
         });
}

void CheckFileName(const std::string& name) {
  if (!IsPlainFileName(name))
    throw Error(ErrorCode::kInvalidOption, "expected a plain file name, got \"" + name + "\"");
}

void CheckPath(const std::string& path) {
  if (path.empty()) throw Error(ErrorCode::kInvalidOption, "expected a path, got an empty string");
  if (path.find('\0') != std::string::npos) {
    throw Error(ErrorCode::kInvalidOption, "expected a path, got one with a NUL character");
  }
}

void ThrowFileError(ErrorCode code, const char* operation, const std::string& path,
                    const std::string& words) {
  throw Error(code, std::string(operation) + " " + path + ": " + words);
}

void ThrowShortRead(const std::string& path, uint64_t offset, size_t n, uint64_t size) {
  ThrowFileError(ErrorCode::kIo, "read", path,
                 std::to_string(n) + " bytes expected at offset " + std::to_string(offset) +
                     ", the file has " + std::to_string(size));
}

std::string AlignedString(size_t size) {
  std::string out;
  out.reserve(size < 64 ? 64 : size);
  out.resize(size);
  return out;
}

std::unique_ptr<Mapping> MapShared(SharedBytes bytes) {
  return std::make_unique<SharedMapping>(std::move(bytes));
}

std::unique_ptr<Mapping> MapCopy(const File& file, uint64_t size, const std::string& path) {
  if (size == 0) return MapShared({});
  if (size > std::numeric_limits<size_t>::max() / 2) {
    ThrowFileError(ErrorCode::kMemoryLimit, "read", path,
                   std::to_string(size) + " bytes are more than this process can address");
  }
  const auto n = static_cast<size_t>(size);
  std::shared_ptr<uint8_t> copy;
  try {
    copy = std::shared_ptr<uint8_t>(new uint8_t[n], std::default_delete<uint8_t[]>());
  } catch (const std::bad_alloc&) {
    ThrowFileError(ErrorCode::kMemoryLimit, "read", path,
                   "no memory for its " + std::to_string(size) + " bytes");
  }
  file.ReadAt(0, copy.get(), n);
  const uint8_t* data = copy.get();
  return MapShared({std::move(copy), data, n, n});
}

SharedBytes ShareString(std::string bytes) {
  if (bytes.capacity() < 64) {
    std::string aligned = AlignedString(0);
    aligned += bytes;
    bytes = std::move(aligned);
  }
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const auto* data = reinterpret_cast<const uint8_t*>(owner->data());
  const size_t size = owner->size();
  return {std::move(owner), data, size, size};
}

void WriteFileAtomically(Directory& directory, const std::string& name, const void* data,
                         size_t n) {
  const std::string temporary = name + ".tmp";
  directory.Remove(temporary);
  try {
    std::unique_ptr<File> file = directory.Open(temporary, OpenMode::kCreate);
    file->Append(data, n);
    file->Sync();
    file.reset();
    directory.Rename(temporary, name);
  } catch (...) {
    try {
      directory.Remove(temporary);
    } catch (const std::exception&) {
      // The first failure is the one to report; the next writer removes what is left over.
    }
    throw;
  }
}

std::string ReadWholeFile(Directory& directory, const std::string& name, uint64_t limit) {
  const std::unique_ptr<File> file = directory.Open(name, OpenMode::kRead);
  const uint64_t size = file->Size();
  if (size > limit) {
    throw Error(ErrorCode::kCorrupt, directory.path() + "/" + name + ": has " +
                                         std::to_string(size) + " bytes, expected at most " +
                                         std::to_string(limit));
  }
  std::string out(static_cast<size_t>(size), '\0');
  file->ReadAt(0, out.data(), out.size());
  return out;
}

}  // namespace ruvector
