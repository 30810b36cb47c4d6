// What the implementations of file.h share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "storage/file.h"

namespace ruvector {

/// Throws kInvalidOption unless `name` is a plain file name.
void CheckFileName(const std::string& name);

/// Throws kInvalidOption for a path that is empty or holds a NUL.
void CheckPath(const std::string& path);

/// Throws "<operation> <path>: <words>".
[[noreturn]] void ThrowFileError(ErrorCode code, const char* operation, const std::string& path,
                                 const std::string& words);

/// Throws kIo for a read past the end.
[[noreturn]] void ThrowShortRead(const std::string& path, uint64_t offset, size_t n, uint64_t size);

/// A string with `size` zeros to write to, whose bytes are aligned to 8 even when they are few
/// (libc++ keeps short strings inside the object, at an odd address).
std::string AlignedString(size_t size);

/// A mapping of bytes somebody keeps alive.
std::unique_ptr<Mapping> MapShared(SharedBytes bytes);

/// A mapping that is a heap copy of the first `size` bytes of `file`.
std::unique_ptr<Mapping> MapCopy(const File& file, uint64_t size, const std::string& path);

}  // namespace ruvector
