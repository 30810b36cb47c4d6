#include "storage/file_header.h"

#include "core/coding.h"
#include "core/crc32c.h"
#include "core/error.h"

namespace ruvector {

void AppendFileHeader(std::string& out, std::string_view magic, const FileHeader& header) {
  const size_t start = out.size();
  out.append(magic);
  PutU16(out, kFormatMajor);
  PutU16(out, kFormatMinor);
  PutU32(out, header.word12);
  PutU64(out, 0);  // required features
  PutU64(out, 0);  // optional features
  PutBytes(out, header.database.data(), header.database.size());
  PutU64(out, header.word48);
  PutU32(out, header.word56);
  PutU32(out, Crc32c(out.data() + start, kFileHeaderBytes - 4));
}

FileHeader ReadFileHeader(std::string_view bytes, std::string_view magic, const std::string& what) {
  if (bytes.size() < kFileHeaderBytes) {
    throw Error(ErrorCode::kCorrupt, what + ": has " + std::to_string(bytes.size()) +
                                         " bytes, expected a header of " +
                                         std::to_string(kFileHeaderBytes));
  }
  if (bytes.substr(0, magic.size()) != magic) {
    throw Error(ErrorCode::kCorrupt, what + ": is no ruvector file of this kind (wrong magic)");
  }
  if (LoadU32(bytes.data() + 60) != Crc32c(bytes.data(), 60)) {
    throw Error(ErrorCode::kCorrupt, what + ": header is damaged (checksum differs)");
  }
  const uint16_t major = LoadU16(bytes.data() + 8);
  if (major != kFormatMajor) {
    throw Error(ErrorCode::kUnsupported, what + ": has format version " + std::to_string(major) +
                                             ", this program reads version " +
                                             std::to_string(kFormatMajor));
  }
  if (const uint64_t required = LoadU64(bytes.data() + 16); required != 0) {
    throw Error(
        ErrorCode::kUnsupported,
        what + ": needs features this program does not have (bits " + Hex16(required) + ")");
  }
  FileHeader header;
  header.word12 = LoadU32(bytes.data() + 12);
  std::memcpy(header.database.data(), bytes.data() + 32, header.database.size());
  header.word48 = LoadU64(bytes.data() + 48);
  header.word56 = LoadU32(bytes.data() + 56);
  return header;
}

}  // namespace ruvector
