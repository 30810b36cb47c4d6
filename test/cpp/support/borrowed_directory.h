// A folder that a database uses and a test keeps.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/file.h"

namespace ruvector {

class BorrowedDirectory final : public Directory {
 public:
  /// `directory` outlives this one.
  explicit BorrowedDirectory(Directory& directory, bool stores_whole_files = false)
      : directory_(directory), stores_whole_files_(stores_whole_files) {}
  std::unique_ptr<File> Open(const std::string& name, OpenMode mode) override {
    return directory_.Open(name, mode);
  }
  std::vector<std::string> List() const override { return directory_.List(); }
  bool Exists(const std::string& name) const override { return directory_.Exists(name); }
  void Remove(const std::string& name) override { directory_.Remove(name); }
  void Rename(const std::string& from, const std::string& to) override {
    directory_.Rename(from, to);
  }
  void Sync() override { directory_.Sync(); }
  std::unique_ptr<WriterLock> LockWriter() override { return directory_.LockWriter(); }
  bool stores_whole_files() const override { return stores_whole_files_; }
  bool persistent() const override { return directory_.persistent(); }
  const std::string& path() const override { return directory_.path(); }

 private:
  Directory& directory_;
  const bool stores_whole_files_;
};

}  // namespace ruvector
