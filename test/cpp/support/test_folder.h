// A folder on disk for one test, where the target has files: natively always, in WebAssembly when
// the embedder passes Module.ruvectorFiles.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include "core/coding.h"
#include "core/error.h"
#include "core/random.h"
#include "storage/file.h"

namespace ruvector {

class TestFolder {
 public:
  TestFolder() {
    const char* parent = std::getenv("TMPDIR");
    path_ =
        std::string(parent != nullptr ? parent : "/tmp") + "/ruvector-test-" + Hex16(RandomU64());
  }

  ~TestFolder() {
    try {
      if (KindOfPath(path_) != PathKind::kFolder) return;
      const std::unique_ptr<Directory> directory = OpenDirectory(path_, false);
      for (const std::string& name : directory->List()) directory->Remove(name);
    } catch (const std::exception&) {
      // What is left over lies in the temporary folder.
    }
    RemoveFolder(path_);
  }

  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  static bool Available() {
    try {
      KindOfPath("/");
      return true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnsupported) throw;
      return false;
    }
  }

  const std::string& path() const { return path_; }
  std::unique_ptr<Directory> Open() const { return OpenDirectory(path_, true); }

 private:
  std::string path_;
};

/// The code of the error that f throws; kInternal with a message that says so when it throws none.
template <typename F>
Error ErrorOf(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::kInternal, "nothing was thrown");
}

}  // namespace ruvector
