// Keeps a mapped file that another process cuts short from killing ours. POSIX only.
#pragma once

#include <cstddef>

namespace ruvector {

/// Guards the pages of one memory map: a read beyond the file's new end (SIGBUS) finds zeros
/// instead. The first guard installs a SIGBUS handler for the process, once; signals elsewhere go
/// on to the handler that was there before. Any thread.
class MapGuard {
 public:
  MapGuard() = default;
  ~MapGuard() { Release(); }
  MapGuard(const MapGuard&) = delete;
  MapGuard& operator=(const MapGuard&) = delete;

  /// False when all the places (4096 maps) are taken; the map is then not to be used.
  bool Protect(const void* begin, size_t size);
  /// To be called before the map goes. Calling it twice is no error.
  void Release() noexcept;

 private:
  int place_ = -1;
};

}  // namespace ruvector
