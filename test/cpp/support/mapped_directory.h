// A disk as Windows has it: a file that somebody has mapped cannot be removed, replaced or cut.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "storage/file.h"
#include "storage/file_internal.h"

namespace ruvector {

/// One view of such a disk; every Directory from Open() sees the same files, as processes do. One
/// thread at a time.
class MappedDisk {
 public:
  std::unique_ptr<Directory> Open() const { return std::make_unique<View>(state_); }
  std::vector<std::string> List() const { return state_->files->List(); }

 private:
  struct State {
    std::unique_ptr<MemoryDirectory> files = NewMemoryDirectory("disk");
    std::map<std::string, int> maps;  // alive, by name

    void RequireUnmapped(const char* operation, const std::string& name) {
      if (maps[name] > 0) ThrowFileError(ErrorCode::kLocked, operation, name, "is mapped");
    }
  };

  struct CountedMapping final : Mapping {
    CountedMapping(std::shared_ptr<State> s, std::string n, std::unique_ptr<Mapping> m)
        : state(std::move(s)), name(std::move(n)), inner(std::move(m)) {
      ++state->maps[name];
    }
    ~CountedMapping() override { --state->maps[name]; }
    const uint8_t* data() const override { return inner->data(); }
    size_t size() const override { return inner->size(); }
    size_t heap_bytes() const override { return inner->heap_bytes(); }

    std::shared_ptr<State> state;
    std::string name;
    std::unique_ptr<Mapping> inner;
  };

  struct CountedFile final : File {
    CountedFile(std::shared_ptr<State> s, std::string n, std::unique_ptr<File> f)
        : state(std::move(s)), name(std::move(n)), inner(std::move(f)) {}
    uint64_t Size() const override { return inner->Size(); }
    void ReadAt(uint64_t offset, void* out, size_t n) const override {
      inner->ReadAt(offset, out, n);
    }
    void Append(const void* data, size_t n) override { inner->Append(data, n); }
    void Sync() override { inner->Sync(); }
    void Truncate(uint64_t size) override {
      state->RequireUnmapped("truncate", name);
      inner->Truncate(size);
    }
    std::unique_ptr<Mapping> Map() const override {
      return std::make_unique<CountedMapping>(state, name, inner->Map());
    }

    std::shared_ptr<State> state;
    std::string name;
    std::unique_ptr<File> inner;
  };

  struct View final : Directory {
    explicit View(std::shared_ptr<State> s) : state(std::move(s)) {}
    std::unique_ptr<File> Open(const std::string& name, OpenMode mode) override {
      return std::make_unique<CountedFile>(state, name, state->files->Open(name, mode));
    }
    std::vector<std::string> List() const override { return state->files->List(); }
    bool Exists(const std::string& name) const override { return state->files->Exists(name); }
    void Remove(const std::string& name) override {
      state->RequireUnmapped("remove", name);
      state->files->Remove(name);
    }
    void Rename(const std::string& from, const std::string& to) override {
      state->RequireUnmapped("rename", from);
      state->RequireUnmapped("rename", to);
      state->files->Rename(from, to);
    }
    void Sync() override {}
    std::unique_ptr<WriterLock> LockWriter() override { return state->files->LockWriter(); }
    bool persistent() const override { return true; }
    const std::string& path() const override { return state->files->path(); }

    std::shared_ptr<State> state;
  };

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace ruvector
