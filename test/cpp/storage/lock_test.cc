#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "storage/process.h"
#include "storage/writer_lock.h"
#include "support/catch.h"
#include "support/test_folder.h"

#if !defined(_WIN32) && !defined(__EMSCRIPTEN__)
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#define RUVECTOR_TEST_POSIX 1
#endif

namespace ruvector {
namespace {

class FakeProcesses final : public ProcessTable {
 public:
  explicit FakeProcesses(ProcessIdentity self) : self_(self) {}
  ProcessIdentity Self() const override { return self_; }
  bool IsAlive(uint64_t pid, uint64_t start) const override {
    return alive.count({pid, start}) != 0;
  }
  std::set<std::pair<uint64_t, uint64_t>> alive;

 private:
  ProcessIdentity self_;
};

// What flock does, without a file.
class FakeNativeLock {
 public:
  TryNativeLock Try() {
    return [this]() -> std::unique_ptr<WriterLock> {
      if (held_.exchange(true)) return nullptr;
      return std::make_unique<Held>(&held_);
    };
  }

 private:
  class Held final : public WriterLock {
   public:
    explicit Held(std::atomic<bool>* held) : held_(held) {}
    ~Held() override { held_->store(false); }

   private:
    std::atomic<bool>* held_;
  };
  std::atomic<bool> held_{false};
};

std::string NameOf(WriterKind kind, ProcessIdentity process, uint64_t nonce = 9) {
  return FormatWriterName({kind, process, nonce});
}

void Touch(Directory& directory, const std::string& name) {
  directory.Open(name, OpenMode::kCreate);
}

TEST_CASE("lock: names say who holds it") {
  const std::string name = NameOf(WriterKind::kWasm, {1234, 0xabc, 0xdef}, 7);
  CHECK(name == "writer-wasm-1234-0000000000000abc-0000000000000def-0000000000000007.lock");
  WriterName writer;
  REQUIRE(ParseWriterName(name, &writer));
  CHECK(writer.kind == WriterKind::kWasm);
  CHECK(writer.process.pid == 1234);
  CHECK(writer.process.start == 0xabc);
  CHECK(writer.process.space == 0xdef);
  CHECK(writer.nonce == 7);
  for (const char* bad :
       {"", "LOCK", "writer-.lock", "writer-wasm-1-2-3.lock", "writer-wasm-1-2-3-4-5.lock",
        "writer-other-1-2-3-4.lock", "writer-wasm-x-2-3-4.lock", "writer-wasm-1-2-3-g.lock",
        "writer-wasm-99999999999999999999-2-3-4.lock", "writer-wasm-1-2-3-4.lock2"}) {
    CHECK_FALSE(ParseWriterName(bad, &writer));
  }
}

TEST_CASE("lock: one writer at a time, native or wasm") {
  const auto directory = NewMemoryDirectory();
  FakeProcesses me({10, 100, 1});
  FakeProcesses other({11, 110, 1});
  me.alive = other.alive = {{10, 100}, {11, 110}};
  FakeNativeLock native;
  for (const bool first_native : {false, true}) {
    for (const bool second_native : {false, true}) {
      CAPTURE(first_native, second_native);
      const auto first = first_native ? native.Try() : TryNativeLock();
      const auto second = second_native ? native.Try() : TryNativeLock();
      auto lock = AcquireWriterLock(*directory, me, first);
      CHECK(directory->List().size() == 1);
      const Error error = ErrorOf([&] { AcquireWriterLock(*directory, other, second); });
      CHECK(error.code() == ErrorCode::kLocked);
      const std::string message = error.what();
      CHECK(message.find("process 10 ") != std::string::npos);
      CHECK(message.find(first_native ? "(native)" : "(wasm)") != std::string::npos);
      CHECK(message.find(directory->path()) != std::string::npos);
      CHECK(ErrorOf([&] { AcquireWriterLock(*directory, me, second); }).code() ==
            ErrorCode::kLocked);
      CHECK(directory->List().size() == 1);
      lock.reset();
      CHECK(directory->List().empty());
      CHECK(AcquireWriterLock(*directory, other, second) != nullptr);
    }
  }
}

TEST_CASE("lock: a dead holder does not block") {
  const auto directory = NewMemoryDirectory();
  FakeProcesses me({10, 100, 1});
  me.alive = {{10, 100}, {12, 120}};
  FakeNativeLock native;

  // Its pid is gone, or another process has it now, or it died on another host and we have the
  // system's lock.
  Touch(*directory, NameOf(WriterKind::kWasm, {11, 110, 1}));
  Touch(*directory, NameOf(WriterKind::kWasm, {12, 119, 1}));
  Touch(*directory, NameOf(WriterKind::kNative, {11, 110, 1}));
  Touch(*directory, NameOf(WriterKind::kNative, {12, 120, 1}));
  Touch(*directory, NameOf(WriterKind::kNative, {11, 110, 2}));
  {
    const auto lock = AcquireWriterLock(*directory, me, native.Try());
    CHECK(directory->List().size() == 1);
  }
  // Without it only processes of our own space can be judged.
  Touch(*directory, NameOf(WriterKind::kNative, {11, 110, 1}));
  { const auto lock = AcquireWriterLock(*directory, me, nullptr); }
  CHECK(directory->List().empty());
}

TEST_CASE("lock: whoever may be alive blocks, and the message says the way out") {
  FakeProcesses me({10, 100, 1});
  me.alive = {{10, 100}};
  struct Case {
    std::string name;
    bool native;
  };
  for (const Case& c : {Case{NameOf(WriterKind::kWasm, {11, 110, 2}), true},
                        Case{NameOf(WriterKind::kWasm, {11, 110, 2}), false},
                        Case{NameOf(WriterKind::kNative, {11, 110, 2}), false},
                        Case{"writer-future-1-2-3-4.lock", true}}) {
    const auto directory = NewMemoryDirectory();
    Touch(*directory, c.name);
    FakeNativeLock native;
    const Error error = ErrorOf(
        [&] { AcquireWriterLock(*directory, me, c.native ? native.Try() : TryNativeLock()); });
    CHECK(error.code() == ErrorCode::kLocked);
    CHECK(std::string(error.what()).find("remove " + directory->path() + "/" + c.name) !=
          std::string::npos);
    CHECK(directory->List() == std::vector<std::string>{c.name});
  }
}

TEST_CASE("lock: a folder that cannot be written is IO, not LOCKED") {
  class ReadOnly final : public ProcessTable {
    ProcessIdentity Self() const override { throw Error(ErrorCode::kIo, "no processes here"); }
    bool IsAlive(uint64_t, uint64_t) const override { return true; }
  } processes;
  const auto directory = NewMemoryDirectory();
  CHECK(ErrorOf([&] { AcquireWriterLock(*directory, processes, nullptr); }).code() ==
        ErrorCode::kIo);
}

TEST_CASE("lock: this process is alive, and its space is stable") {
  if (!TestFolder::Available()) return;
  const ProcessTable& processes = SystemProcesses();
  const ProcessIdentity self = processes.Self();
  CHECK(self.pid > 0);
  CHECK(self.space == processes.Self().space);
  CHECK(processes.IsAlive(self.pid, self.start));
  CHECK(processes.IsAlive(self.pid, 0));
  CHECK_FALSE(processes.IsAlive(0, 1));
  CHECK_FALSE(processes.IsAlive(0x7ffffff0, 1));
#if defined(__linux__)
  CHECK(self.start > 0);
  CHECK_FALSE(processes.IsAlive(self.pid, self.start + 1));
#endif
  CHECK(HashSpace("a", "b", "c") != HashSpace("ab", "", "c"));
}

TEST_CASE("lock: a second writer on disk is refused until the first is gone") {
  if (!TestFolder::Available()) return;
  const TestFolder folder;
  const auto one = folder.Open();
  const auto two = folder.Open();
  auto lock = one->LockWriter();
  const Error error = ErrorOf([&] { two->LockWriter(); });
  CHECK(error.code() == ErrorCode::kLocked);
  const std::string pid = std::to_string(SystemProcesses().Self().pid);
  CHECK(std::string(error.what()).find("this very process " + pid) != std::string::npos);
  CHECK(std::string(error.what()).find(folder.path()) != std::string::npos);
  CHECK(ErrorOf([&] { one->LockWriter(); }).code() == ErrorCode::kLocked);
  lock.reset();
  CHECK(two->LockWriter() != nullptr);
}

#if !defined(__EMSCRIPTEN__)

// Many threads, half of them with the system's lock, half without: never two at once, and somebody
// gets on.
TEST_CASE("lock: contenders never share") {
  const TestFolder folder;
  folder.Open();
  std::atomic<int> inside{0};
  std::atomic<int> taken{0};
  std::atomic<bool> shared{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      const auto directory = folder.Open();
      for (int round = 0; round < 40; ++round) {
        try {
          const auto lock = i % 2 == 0 ? directory->LockWriter()
                                       : AcquireWriterLock(*directory, SystemProcesses(), nullptr);
          if (inside.fetch_add(1) != 0) shared = true;
          std::this_thread::yield();
          inside.fetch_sub(1);
          ++taken;
        } catch (const Error& error) {
          if (error.code() != ErrorCode::kLocked) shared = true;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(shared);
  CHECK(taken > 0);
  CHECK(folder.Open()->LockWriter() != nullptr);
}

#endif

#if defined(RUVECTOR_TEST_POSIX)

// Forks a child that takes the lock and waits to be killed.
pid_t ForkHolder(const TestFolder& folder, bool native) {
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto directory = folder.Open();
    const auto lock = native ? directory->LockWriter()
                             : AcquireWriterLock(*directory, SystemProcesses(), nullptr);
    if (write(ready[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  close(ready[0]);
  close(ready[1]);
  return child;
}

TEST_CASE("lock: a killed process never blocks, not even as a zombie") {
  for (const bool holder_native : {true, false}) {
    for (const bool reaped : {true, false}) {
      CAPTURE(holder_native, reaped);
      const TestFolder folder;
      const auto directory = folder.Open();
      const pid_t child = ForkHolder(folder, holder_native);
      const Error error = ErrorOf([&] { directory->LockWriter(); });
      CHECK(error.code() == ErrorCode::kLocked);
      CHECK(std::string(error.what()).find("process " + std::to_string(child) + " ") !=
            std::string::npos);
      kill(child, SIGKILL);
      siginfo_t info;
      REQUIRE(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | (reaped ? 0 : WNOWAIT)) ==
              0);
#if !defined(__linux__)
      if (!reaped) waitpid(child, nullptr, 0);
#endif
      CHECK(directory->LockWriter() != nullptr);
      CHECK(AcquireWriterLock(*directory, SystemProcesses(), nullptr) != nullptr);
      const auto names = directory->List();
      CHECK(std::count(names.begin(), names.end(), "LOCK") == static_cast<int>(names.size()));
      if (!reaped) waitpid(child, nullptr, 0);
    }
  }
}

TEST_CASE("lock: a forked child does not release its parent's lock") {
  const TestFolder folder;
  const auto directory = folder.Open();
  auto lock = directory->LockWriter();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    lock.reset();
    _exit(0);
  }
  REQUIRE(waitpid(child, nullptr, 0) == child);
  CHECK(folder.Open()->List().size() == 2);
  CHECK(ErrorOf([&] { folder.Open()->LockWriter(); }).code() == ErrorCode::kLocked);
  lock.reset();
  CHECK(folder.Open()->LockWriter() != nullptr);
}

#endif

}  // namespace
}  // namespace ruvector
