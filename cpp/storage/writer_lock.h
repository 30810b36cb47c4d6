// One writer per database folder, across native and WebAssembly processes. Protocol: FORMAT.md,
// Lock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "storage/file.h"
#include "storage/process.h"

namespace ruvector {

/// What writes: native code, which also holds an operating system lock, or WebAssembly, which
/// cannot.
enum class WriterKind { kNative, kWasm };

/// What the name of a lock file says: "writer-<kind>-<pid>-<start>-<space>-<nonce>.lock", pid in
/// decimal, the others in 16 hexadecimal digits.
struct WriterName {
  WriterKind kind = WriterKind::kNative;
  ProcessIdentity process;
  uint64_t nonce = 0;
};

std::string FormatWriterName(const WriterName& writer);
/// False when the name is none of that form.
bool ParseWriterName(std::string_view name, WriterName* out);

/// Takes the system's lock without waiting; null when another holder has it. Throws kIo.
using TryNativeLock = std::function<std::unique_ptr<WriterLock>()>;

/// Becomes the only writer of `directory`. `native_lock` is empty for WebAssembly. Both `directory`
/// and `processes` outlive the lock. Throws kLocked naming kind, pid and folder, after a few tries
/// within about 50 ms; kIo.
std::unique_ptr<WriterLock> AcquireWriterLock(Directory& directory, const ProcessTable& processes,
                                              const TryNativeLock& native_lock);

}  // namespace ruvector
