// What writer and replay of the log share. Bytes: FORMAT.md, Write-ahead log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/coding.h"
#include "core/crc32c.h"

namespace ruvector {

inline constexpr std::string_view kWalMagic = "RUVWAL\r\n";
inline constexpr size_t kWalRecordHeaderBytes = 24;

/// Byte 17 of a record: every earlier transaction was on disk when this one was begun.
inline constexpr uint8_t kWalFlagSynced = 1;

/// Length of a record with its padding.
inline uint64_t WalRecordBytes(uint64_t payload_bytes) {
  return (kWalRecordHeaderBytes + payload_bytes + 7) / 8 * 8;
}

/// The state of a record's checksum after the salt; the record's bytes from 8 on follow.
inline uint32_t WalSaltCrc(uint32_t salt) {
  char bytes[4];
  StoreU32(bytes, salt);
  return Crc32c(bytes, sizeof bytes);
}

}  // namespace ruvector
