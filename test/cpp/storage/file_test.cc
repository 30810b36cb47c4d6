#include "storage/file.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "storage/file_internal.h"
#include "support/catch.h"
#include "support/fault_directory.h"
#include "support/test_folder.h"

#if !defined(_WIN32) && !defined(__EMSCRIPTEN__)
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#define RUVECTOR_TEST_POSIX 1
#endif

namespace ruvector {
namespace {

std::string Text(const Mapping& mapping) {
  return std::string(reinterpret_cast<const char*>(mapping.data()), mapping.size());
}

void Append(File& file, const std::string& text) { file.Append(text.data(), text.size()); }

std::vector<std::string> Sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

// Windows cuts no file that is mapped, and replaces none that is open.
#if defined(_WIN32)
constexpr bool kReadersHold = true;
#else
constexpr bool kReadersHold = false;
#endif

// What every implementation does.
void CheckDirectory(Directory& directory) {
  CHECK(directory.List().empty());
  CHECK_FALSE(directory.Exists("a"));
  directory.Remove("a");
  CHECK(ErrorOf([&] { directory.Open("a", OpenMode::kRead); }).code() == ErrorCode::kNotFound);
  CHECK(ErrorOf([&] { directory.Open("a", OpenMode::kAppend); }).code() == ErrorCode::kNotFound);

  {
    const auto file = directory.Open("a", OpenMode::kCreate);
    CHECK(file->Size() == 0);
    CHECK(file->Map()->size() == 0);
    CHECK(file->Map()->data() != nullptr);
    Append(*file, "hello ");
    Append(*file, "world");
    file->Append(nullptr, 0);
    file->Sync();
    CHECK(file->Size() == 11);
    char buffer[5];
    file->ReadAt(6, buffer, 5);
    CHECK(std::string(buffer, 5) == "world");
    file->ReadAt(11, buffer, 0);
    for (const uint64_t offset : {uint64_t{7}, uint64_t{11}, uint64_t{1} << 40}) {
      const Error error = ErrorOf([&] { file->ReadAt(offset, buffer, 5); });
      CHECK(error.code() == ErrorCode::kIo);
      CHECK(std::string(error.what()).find(directory.path()) != std::string::npos);
    }
    auto before = file->Map();
    CHECK(Text(*before) == "hello world");
    CHECK(reinterpret_cast<uintptr_t>(before->data()) % 8 == 0);
    Append(*file, "!");
    CHECK(Text(*before) == "hello world");
    CHECK(Text(*file->Map()) == "hello world!");
    if (kReadersHold) before.reset();
    file->Truncate(5);
    CHECK(file->Size() == 5);
    Append(*file, "?");
    CHECK(Text(*file->Map()) == "hello?");
  }
  CHECK(ErrorOf([&] { directory.Open("a", OpenMode::kCreate); }).code() == ErrorCode::kIo);
  {
    const auto file = directory.Open("a", OpenMode::kAppend);
    Append(*file, "?");
    file->Sync();
  }
  CHECK(directory.Exists("a"));
  auto reading = directory.Open("a", OpenMode::kRead);
  CHECK(Text(*reading->Map()) == "hello??");
  CHECK(ErrorOf([&] { Append(*reading, "x"); }).code() == ErrorCode::kIo);

  WriteFileAtomically(directory, "b", "new", 3);
  directory.Sync();
  CHECK(Sorted(directory.List()) == std::vector<std::string>{"a", "b"});
  CHECK(ReadWholeFile(directory, "b", 3) == "new");
  CHECK(ErrorOf([&] { ReadWholeFile(directory, "b", 2); }).code() == ErrorCode::kCorrupt);
  auto mapping = directory.Open("b", OpenMode::kRead)->Map();
  if (kReadersHold) mapping.reset();
  WriteFileAtomically(directory, "b", "newer", 5);
  CHECK(ReadWholeFile(directory, "b", 9) == "newer");
  if (mapping) CHECK(Text(*mapping) == "new");

  if (kReadersHold) reading.reset();
  directory.Rename("b", "a");
  CHECK(directory.List() == std::vector<std::string>{"a"});
  CHECK(ReadWholeFile(directory, "a", 9) == "newer");
  if (reading) CHECK(Text(*reading->Map()) == "hello??");
  CHECK(ErrorOf([&] { directory.Rename("b", "a"); }).code() == ErrorCode::kIo);
  directory.Remove("a");
  CHECK(directory.List().empty());
  if (mapping) CHECK(Text(*mapping) == "new");

  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("x/y"), std::string("../x"),
        std::string("a\\b"), std::string("a\0b", 3), std::string(201, 'a'), std::string("a\\b"),
        std::string("c:"), std::string("tab\t")}) {
    CAPTURE(bad);
    CHECK(ErrorOf([&] { directory.Open(bad, OpenMode::kCreate); }).code() ==
          ErrorCode::kInvalidOption);
    CHECK(ErrorOf([&] { directory.Remove(bad); }).code() == ErrorCode::kInvalidOption);
    CHECK(ErrorOf([&] { directory.Rename(bad, "x"); }).code() == ErrorCode::kInvalidOption);
    CHECK(ErrorOf([&] { directory.Rename("x", bad); }).code() == ErrorCode::kInvalidOption);
  }
}

TEST_CASE("file: memory") {
  const auto directory = NewMemoryDirectory();
  CHECK_FALSE(directory->persistent());
  CHECK(directory->path() == ":memory:");
  CheckDirectory(*directory);
}

TEST_CASE("file: through FaultDirectory") {
  FaultDirectory directory;
  CHECK(directory.persistent());
  CheckDirectory(directory);
}

TEST_CASE("file: on disk") {
  if (!TestFolder::Available()) {
    CHECK(ErrorOf([] { OpenDirectory("/tmp/x", true); }).code() == ErrorCode::kUnsupported);
    CHECK(ErrorOf([] { OpenPath("/tmp/x"); }).code() == ErrorCode::kUnsupported);
    WARN("skipped: no file system here");
    return;
  }
  const TestFolder folder;
  const auto directory = folder.Open();
  CHECK(directory->persistent());
  CheckDirectory(*directory);
  FaultDirectory faulty(folder.Open());
  CheckDirectory(faulty);
}

TEST_CASE("file: memory shares bytes instead of copying them") {
  auto directory = NewMemoryDirectory();
  auto owner = std::make_shared<std::string>("0123456789");
  const auto* bytes = reinterpret_cast<const uint8_t*>(owner->data());
  directory->AddFile("part", {owner, bytes + 2, 4, 0});
  auto mapping = directory->Open("part", OpenMode::kRead)->Map();
  CHECK(mapping->data() == bytes + 2);
  CHECK(Text(*mapping) == "2345");
  CHECK(mapping->heap_bytes() == 0);
  const auto file = directory->Open("part", OpenMode::kAppend);
  Append(*file, "x");
  CHECK(Text(*file->Map()) == "2345x");
  CHECK(file->Map()->heap_bytes() == 5);
  CHECK(*owner == "0123456789");
  const auto first = file->Map();
  CHECK(first->data() == file->Map()->data());
  directory.reset();
  CHECK(Text(*mapping) == "2345");
  CHECK(reinterpret_cast<uintptr_t>(ShareString("abc").data) % 8 == 0);
}

TEST_CASE("file: memory has one writer") {
  const auto directory = NewMemoryDirectory();
  auto lock = directory->LockWriter();
  CHECK(ErrorOf([&] { directory->LockWriter(); }).code() == ErrorCode::kLocked);
  lock.reset();
  CHECK(directory->LockWriter() != nullptr);
}

TEST_CASE("file: an atomic write that fails leaves the old file and no other") {
  FaultDirectory directory;
  WriteFileAtomically(directory, "m", "old", 3);
  directory.Sync();
  for (uint64_t call = 0;; ++call) {
    for (const Fault fault : {Fault::kIo, Fault::kShortWrite}) {
      const auto copy = directory.Crash();
      copy->FailCall(call, fault);
      const Error error = ErrorOf([&] { WriteFileAtomically(*copy, "m", "newer", 5); });
      if (error.code() == ErrorCode::kInternal) {
        CHECK(call >= 5);
        return;
      }
      CHECK(copy->Content("m") == "old");
      CHECK(copy->List() == std::vector<std::string>{"m"});
    }
  }
}

TEST_CASE("file: FaultDirectory knows what a power cut leaves") {
  FaultDirectory directory;
  const auto file = directory.Open("f", OpenMode::kCreate);
  Append(*file, "synced");
  file->Sync();
  CHECK(directory.Crash()->List().empty());
  directory.Sync();
  Append(*file, " lost");
  CHECK(directory.Crash()->Content("f") == "synced");
  CrashModel model;
  model.tail = CrashModel::Tail::kAll;
  CHECK(directory.Crash(model)->Content("f") == "synced lost");
  model.tail = CrashModel::Tail::kZeros;
  CHECK(directory.Crash(model)->Content("f") == std::string("synced\0\0\0\0\0", 11));
  directory.Rename("f", "g");
  CHECK(directory.Crash()->List() == std::vector<std::string>{"f"});
  model.keep_folder_operations = true;
  CHECK(directory.Crash(model)->List() == std::vector<std::string>{"g"});

  // A failed sync loses its bytes for good.
  directory.FailCall(directory.calls(), Fault::kIo);
  CHECK(ErrorOf([&] { file->Sync(); }).code() == ErrorCode::kIo);
  file->Sync();
  CHECK(directory.Crash()->Content("f") == "synced");

  directory.FailCall(directory.calls(), Fault::kPowerCut);
  CHECK(ErrorOf([&] { directory.Sync(); }).code() == ErrorCode::kIo);
  directory.ClearFault();
  CHECK(ErrorOf([&] { directory.Sync(); }).code() == ErrorCode::kIo);
  CHECK(directory.log().back() == "sync folder");
}

#if defined(_WIN32)
TEST_CASE("file: on Windows a mapped file is not cut, and the error says so") {
  const TestFolder folder;
  const auto directory = folder.Open();
  const auto file = directory->Open("a", OpenMode::kCreate);
  Append(*file, "hello");
  auto mapping = file->Map();
  CHECK(ErrorOf([&] { file->Truncate(2); }).code() == ErrorCode::kIo);
  CHECK(Text(*mapping) == "hello");
  mapping.reset();
  file->Truncate(2);
  CHECK(file->Size() == 2);
}

TEST_CASE("file: on Windows names are UTF-8 and paths longer than 260 characters") {
  const TestFolder folder;
  std::string path = folder.path();
  for (int i = 0; i < 4; ++i)
    path += "/" + std::string(90, static_cast<char>('a' + i)) + "-\u00e9\u6f22\U0001F600";
  {
    const auto directory = OpenDirectory(path, true);
    CHECK(KindOfPath(path) == PathKind::kFolder);
    WriteFileAtomically(*directory, "\u00fc", "x", 1);
    CHECK(directory->List() == std::vector<std::string>{"\u00fc"});
    CHECK(directory->Exists("\u00fc"));
    CHECK(directory->LockWriter() != nullptr);
    CHECK(Text(*OpenPath(path + "/\u00fc")->Map()) == "x");
    for (const std::string& name : directory->List()) directory->Remove(name);
    CHECK(ErrorOf([&] { directory->Open("\xff", OpenMode::kRead); }).code() ==
          ErrorCode::kInvalidOption);
  }
  for (int i = 0; i < 4; ++i) {
    RemoveFolder(path);
    CHECK(KindOfPath(path) == PathKind::kNone);
    path.resize(path.rfind('/'));
  }
}
#endif

TEST_CASE("file: paths") {
  if (!TestFolder::Available()) return;
  const TestFolder folder;
  CHECK(KindOfPath(folder.path()) == PathKind::kNone);
  CHECK(ErrorOf([&] { OpenDirectory(folder.path(), false); }).code() == ErrorCode::kNotFound);
  CHECK(ErrorOf([&] { OpenPath(folder.path()); }).code() == ErrorCode::kNotFound);
  const auto directory = folder.Open();
  CHECK(KindOfPath(folder.path()) == PathKind::kFolder);
  CHECK(KindOfPath(folder.path() + "/") == PathKind::kFolder);
  WriteFileAtomically(*directory, "f", "container", 9);
  CHECK(KindOfPath(folder.path() + "/f") == PathKind::kFile);
  CHECK(Text(*OpenPath(folder.path() + "/f")->Map()) == "container");
  CHECK(ErrorOf([&] { OpenDirectory(folder.path() + "/f", true); }).code() == ErrorCode::kIo);
  CHECK(ErrorOf([&] { OpenPath(folder.path()); }).code() == ErrorCode::kIo);
  CHECK(ErrorOf([] { OpenDirectory("", true); }).code() == ErrorCode::kInvalidOption);
  CHECK(ErrorOf([] { OpenPath(std::string("a\0b", 3)); }).code() == ErrorCode::kInvalidOption);
}

#if defined(RUVECTOR_TEST_POSIX)

TEST_CASE("file: folders are created with their parents and survive a change of directory") {
  const TestFolder folder;
  folder.Open();
  char before[4096];
  REQUIRE(getcwd(before, sizeof before) != nullptr);
  REQUIRE(chdir(folder.path().c_str()) == 0);
  const auto directory = OpenDirectory("one//two/three/", true);
  REQUIRE(chdir(before) == 0);
  WriteFileAtomically(*directory, "f", "x", 1);
  CHECK(KindOfPath(folder.path() + "/one/two/three/f") == PathKind::kFile);
  directory->Remove("f");
  for (const char* name : {"/one/two/three", "/one/two", "/one"}) {
    CHECK(rmdir((folder.path() + name).c_str()) == 0);
  }
  CHECK(ErrorOf([] { OpenDirectory("/proc/no/such", true); }).code() == ErrorCode::kIo);
}

TEST_CASE("file: links, pipes and folders are no files of a database") {
  const TestFolder folder;
  const auto directory = folder.Open();
  WriteFileAtomically(*directory, "real", "x", 1);
  REQUIRE(symlink("real", (folder.path() + "/link").c_str()) == 0);
  REQUIRE(mkfifo((folder.path() + "/pipe").c_str(), 0600) == 0);
  REQUIRE(mkdir((folder.path() + "/sub").c_str(), 0700) == 0);
  CHECK(directory->List() == std::vector<std::string>{"real"});
  for (const char* name : {"link", "pipe", "sub"}) {
    CHECK(ErrorOf([&] { directory->Open(name, OpenMode::kRead); }).code() == ErrorCode::kIo);
    CHECK(ErrorOf([&] { directory->Open(name, OpenMode::kAppend); }).code() == ErrorCode::kIo);
  }
  directory->Remove("link");
  directory->Remove("pipe");
  CHECK(directory->Exists("real"));
  rmdir((folder.path() + "/sub").c_str());
}

TEST_CASE("file: a full device says so") {
  // A limit on file sizes gives the short write and the refusal of a full disk.
  const TestFolder folder;
  const auto directory = folder.Open();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {1000, 1000};
    int result = 1;
    if (setrlimit(RLIMIT_FSIZE, &limit) == 0) {
      const auto file = directory->Open("f", OpenMode::kCreate);
      const Error error = ErrorOf([&] { Append(*file, std::string(5000, 'x')); });
      result = error.code() == ErrorCode::kIo && file->Size() == 1000 ? 0 : 2;
      file->Truncate(10);
      Append(*file, "y");
      if (file->Size() != 11) result = 3;
    }
    _exit(result);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

// Installed before the first map of this program, so that it is the previous handler the guard
// passes signals to.
sigjmp_buf jump;
volatile sig_atomic_t expected = 0;

void OnForeignBus(int signal_number) {
  if (expected != 0) siglongjmp(jump, 1);
  signal(signal_number, SIG_DFL);
}

const bool with_handler = [] {
  if (std::getenv("RUVECTOR_TEST_DEFAULT_SIGBUS") != nullptr) return false;
  struct sigaction action {};
  action.sa_handler = OnForeignBus;
  sigaction(SIGBUS, &action, nullptr);
  return true;
}();

unsigned Sum(const Mapping& mapping) {
  unsigned sum = 0;
  for (size_t i = 0; i < mapping.size(); ++i) sum += mapping.data()[i];
  return sum;
}

TEST_CASE("file: a map whose file is cut short reads zeros") {
  const TestFolder folder;
  const auto directory = folder.Open();
  const std::string content(5 * 65536, '\1');
  WriteFileAtomically(*directory, "f", content.data(), content.size());
  const auto mapping = directory->Open("f", OpenMode::kRead)->Map();
  CHECK(mapping->heap_bytes() == 0);
  CHECK(Sum(*mapping) == 5 * 65536);
  REQUIRE(truncate((folder.path() + "/f").c_str(), 2 * 65536) == 0);
  CHECK(Sum(*mapping) == 2 * 65536);
  REQUIRE(truncate((folder.path() + "/f").c_str(), 0) == 0);
  CHECK(Sum(*mapping) == 0);

  WriteFileAtomically(*directory, "g", content.data(), content.size());
  const auto inherited = directory->Open("g", OpenMode::kRead)->Map();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto own = directory->Open("g", OpenMode::kRead)->Map();
    if (truncate((folder.path() + "/g").c_str(), 0) != 0) _exit(1);
    _exit(Sum(*inherited) == 0 && Sum(*own) == 0 ? 0 : 2);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(Sum(*inherited) == 0);
}

TEST_CASE("file: more maps than the guard has places for are copies") {
  const TestFolder folder;
  const auto directory = folder.Open();
  WriteFileAtomically(*directory, "f", "guarded", 7);
  const auto file = directory->Open("f", OpenMode::kRead);
  std::vector<std::unique_ptr<Mapping>> mappings;
  for (int i = 0; i < 4200; ++i) mappings.push_back(file->Map());
  CHECK(mappings.back()->heap_bytes() == 7);
  CHECK(Text(*mappings.back()) == "guarded");
  mappings.clear();
  CHECK(file->Map()->heap_bytes() == 0);
}

// A map of our own making, which the guard does not know, whose file is cut short.
const volatile char* ForeignMap(const TestFolder& folder) {
  const auto directory = folder.Open();
  WriteFileAtomically(*directory, "foreign", "x", 1);
  const int fd = open((folder.path() + "/foreign").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(fd >= 0);
  void* data = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  REQUIRE(data != MAP_FAILED);
  REQUIRE(ftruncate(fd, 0) == 0);
  close(fd);
  // Makes sure that the guard's handler is in place.
  WriteFileAtomically(*directory, "guarded", "x", 1);
  directory->Open("guarded", OpenMode::kRead)->Map();
  return static_cast<const volatile char*>(data);
}

TEST_CASE("file: a bus error elsewhere reaches the handler that was there before") {
  if (!with_handler) return;
  const TestFolder folder;
  const volatile char* data = ForeignMap(folder);
  expected = 1;
  volatile bool reached = true;
  if (sigsetjmp(jump, 1) == 0) {
    static_cast<void>(*data);
    reached = false;
  }
  expected = 0;
  CHECK(reached);
}

TEST_CASE("file: a bus error elsewhere without a handler kills", "[.][sigbus]") {
  const TestFolder folder;
  const volatile char* data = ForeignMap(folder);
  static_cast<void>(*data);
  // Not reached; what calls this test sees how it ended.
}

#if defined(__linux__)
TEST_CASE("file: a bus error elsewhere is still deadly by default") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    setenv("RUVECTOR_TEST_DEFAULT_SIGBUS", "1", 1);
    // Its last words are of no interest.
    const int null = open("/dev/null", O_WRONLY);
    dup2(null, 1);
    dup2(null, 2);
    execl("/proc/self/exe", "test", "[sigbus]", static_cast<char*>(nullptr));
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  // Under a sanitizer it is the sanitizer's handler that ends it.
  CHECK((WIFSIGNALED(status) || WEXITSTATUS(status) != 0));
}
#endif

#endif

}  // namespace
}  // namespace ruvector
