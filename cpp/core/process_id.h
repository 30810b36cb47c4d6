// Which process this is.
#pragma once

#include <cstdint>

namespace ruvector {

/// Another number in a forked child; 0 where nothing forks (WebAssembly).
uint64_t CurrentPid() noexcept;

}  // namespace ruvector
