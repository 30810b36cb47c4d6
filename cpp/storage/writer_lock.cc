#include "storage/writer_lock.h"

#include <utility>
#include <vector>

#include "core/coding.h"
#include "core/error.h"
#include "core/random.h"

#if defined(__EMSCRIPTEN__)
extern "C" void ruvector_sleep(int milliseconds);
#else
#include <chrono>
#include <thread>
#endif

namespace ruvector {

namespace {

constexpr std::string_view kPrefix = "writer-";
constexpr std::string_view kSuffix = ".lock";
constexpr int kTries = 4;

void Sleep(int milliseconds) {
#if defined(__EMSCRIPTEN__)
  ruvector_sleep(milliseconds);
#else
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
#endif
}

const char* KindName(WriterKind kind) { return kind == WriterKind::kNative ? "native" : "wasm"; }

bool IsWriterFile(std::string_view name) {
  return name.size() >= kPrefix.size() + kSuffix.size() &&
         name.substr(0, kPrefix.size()) == kPrefix &&
         name.substr(name.size() - kSuffix.size()) == kSuffix;
}

bool ParseDecimal(std::string_view text, uint64_t* out) {
  if (text.empty() || text.size() > 19) return false;
  uint64_t v = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    v = v * 10 + static_cast<uint64_t>(c - '0');
  }
  *out = v;
  return true;
}

std::string Describe(const std::string& path, const std::string& file,
                     const ProcessIdentity& self) {
  const std::string start = "database " + path + " is open for writing by ";
  const std::string way_out =
      "; if that does not run any more, remove " + path + "/" + file + " by hand";
  WriterName writer;
  if (!ParseWriterName(file, &writer)) return start + "an unknown kind of process" + way_out;
  const std::string who =
      "process " + std::to_string(writer.process.pid) + " (" + KindName(writer.kind) + ")";
  if (writer.process.space != self.space) {
    return start + who + " of another host, boot or container" + way_out;
  }
  return start + (writer.process.pid == self.pid ? "this very " : "") + who;
}

class HeldLock final : public WriterLock {
 public:
  HeldLock(Directory& directory, std::string name, std::unique_ptr<WriterLock> native)
      : directory_(directory), name_(std::move(name)), native_(std::move(native)) {}

  ~HeldLock() override {
    try {
      // A forked child has a copy of this object, but the lock is its parent's.
      if (CurrentPid() == pid_) directory_.Remove(name_);
    } catch (const std::exception&) {
      // It stays as a dead holder's file, for the next writer to remove once this process has
      // ended.
    }
  }

 private:
  Directory& directory_;
  std::string name_;
  const uint64_t pid_ = CurrentPid();
  std::unique_ptr<WriterLock> native_;  // released last, after the file is gone
};

// One try. Null, with `*conflict` saying who stands in the way, or the lock.
std::unique_ptr<WriterLock> TryAcquire(Directory& directory, const ProcessTable& processes,
                                       const TryNativeLock& native_lock, std::string* conflict) {
  WriterName own;
  own.kind = native_lock ? WriterKind::kNative : WriterKind::kWasm;
  own.process = processes.Self();
  own.nonce = RandomU64();
  const std::string own_name = FormatWriterName(own);

  std::unique_ptr<WriterLock> native;
  if (native_lock) {
    native = native_lock();
    if (!native) {
      *conflict = "database " + directory.path() + " is open for writing by another process";
      for (const std::string& name : directory.List()) {
        WriterName other;
        if (ParseWriterName(name, &other) && other.kind == WriterKind::kNative) {
          *conflict = Describe(directory.path(), name, own.process);
        }
      }
      return nullptr;
    }
  }

  // First what removes the file.
  auto lock = std::make_unique<HeldLock>(directory, own_name, std::move(native));
  directory.Open(own_name, OpenMode::kCreate);
  std::vector<std::string> dead;
  for (const std::string& name : directory.List()) {
    if (!IsWriterFile(name) || name == own_name) continue;
    WriterName other;
    bool alive = true;
    if (ParseWriterName(name, &other)) {
      if (native_lock && other.kind == WriterKind::kNative) {
        alive = false;
      } else if (other.process.space == own.process.space) {
        alive = processes.IsAlive(other.process.pid, other.process.start);
      }
    }
    if (alive) {
      *conflict = Describe(directory.path(), name, own.process);
      return nullptr;
    }
    dead.push_back(name);
  }
  for (const std::string& name : dead) {
    try {
      directory.Remove(name);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kLocked) throw;  // else it stays, and its holder stays dead
    }
  }
  return lock;
}

}  // namespace

std::string FormatWriterName(const WriterName& writer) {
  std::string name(kPrefix);
  name += KindName(writer.kind);
  name += '-' + std::to_string(writer.process.pid);
  name += '-' + Hex16(writer.process.start);
  name += '-' + Hex16(writer.process.space);
  name += '-' + Hex16(writer.nonce);
  name += kSuffix;
  return name;
}

bool ParseWriterName(std::string_view name, WriterName* out) {
  if (!IsWriterFile(name)) return false;
  name = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  std::string_view fields[5];
  for (int i = 0; i < 5; ++i) {
    const size_t dash = i < 4 ? name.find('-') : name.size();
    if (dash == std::string_view::npos) return false;
    fields[i] = name.substr(0, dash);
    if (i < 4) name.remove_prefix(dash + 1);
  }
  WriterName writer;
  if (fields[0] == "native") {
    writer.kind = WriterKind::kNative;
  } else if (fields[0] == "wasm") {
    writer.kind = WriterKind::kWasm;
  } else {
    return false;
  }
  if (!ParseDecimal(fields[1], &writer.process.pid) ||
      !ParseHex(fields[2], &writer.process.start) || !ParseHex(fields[3], &writer.process.space) ||
      !ParseHex(fields[4], &writer.nonce)) {
    return false;
  }
  *out = writer;
  return true;
}

std::unique_ptr<WriterLock> AcquireWriterLock(Directory& directory, const ProcessTable& processes,
                                              const TryNativeLock& native_lock) {
  std::string conflict;
  for (int i = 0; i < kTries; ++i) {
    // Two that arrive together may both back off; uneven waits let one of them in.
    if (i > 0) Sleep(5 + static_cast<int>(RandomU64() % 15));
    if (auto lock = TryAcquire(directory, processes, native_lock, &conflict)) return lock;
  }
  throw Error(ErrorCode::kLocked, conflict);
}

}  // namespace ruvector
