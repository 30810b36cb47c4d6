// The 64 bytes every file of a database starts with. Bytes: FORMAT.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/wal.h"

namespace ruvector {

inline constexpr size_t kFileHeaderBytes = 64;
inline constexpr uint16_t kFormatMajor = 1;
inline constexpr uint16_t kFormatMinor = 0;

/// What is left of the header once magic, version, feature bits and its own checksum were checked.
struct FileHeader {
  uint32_t word12 = 0;
  DatabaseId database{};
  uint64_t word48 = 0;
  uint32_t word56 = 0;
};

/// Appends the 64 bytes; `magic` has 8.
void AppendFileHeader(std::string& out, std::string_view magic, const FileHeader& header);

/// Throws kCorrupt for a foreign, short or damaged header; kUnsupported for a newer major version
/// or an unknown required feature.
FileHeader ReadFileHeader(std::string_view bytes, std::string_view magic, const std::string& what);

}  // namespace ruvector
