// CRC-32C (Castagnoli; reflected polynomial 0x82f63b78, initial value and final xor 0xffffffff), as
// iSCSI uses it (RFC 3720, 12.1 and B.4). Every byte of a database is under one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ruvector {

/// The checksum of `n` bytes. Chainable: Crc32c(b, nb, Crc32c(a, na)) is the checksum of a followed
/// by b. Uses the processor's crc32 instruction where it has one, tables elsewhere; the value is
/// the same. Any thread.
uint32_t Crc32c(const void* data, size_t n, uint32_t crc = 0) noexcept;

/// Crc32c by tables only, whatever the processor offers: what tests compare with.
uint32_t Crc32cPortable(const void* data, size_t n, uint32_t crc = 0) noexcept;

}  // namespace ruvector
