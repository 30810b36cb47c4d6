#include "support/fault_directory.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "core/error.h"
#include "core/random.h"

namespace ruvector {

namespace {

struct Inode {
  std::string written;
  std::string synced;
  bool lossy = false;  // a sync failed: what it was to save never reaches the disk
};

using Names = std::map<std::string, std::shared_ptr<Inode>>;

// A change of the folder: `inode` is called `name` now; none: nothing is. `from` was its name.
struct NameChange {
  std::string name, from;
  std::shared_ptr<Inode> inode;

  void Apply(Names& names) const {
    if (!from.empty()) names.erase(from);
    if (inode) {
      names[name] = inode;
    } else {
      names.erase(name);
    }
  }
};

std::string TornTail(const Inode& inode, Rng& rng) {
  std::string out = inode.synced;
  const std::string& all = inode.written;
  if (all.size() <= out.size() || all.compare(0, out.size(), out) != 0) return out;
  const size_t length = out.size() + static_cast<size_t>(rng.Below(all.size() - out.size() + 1));
  const size_t synced = out.size();
  out = all.substr(0, length);
  for (size_t sector = synced / 512 * 512; sector < length; sector += 512) {
    if (rng.Below(4) != 0) continue;
    const size_t begin = std::max(sector, synced);
    const size_t end = std::min(sector + 512, length);
    std::fill(out.begin() + static_cast<ptrdiff_t>(begin),
              out.begin() + static_cast<ptrdiff_t>(end), '\0');
  }
  return out;
}

std::string Surviving(const Inode& inode, CrashModel::Tail tail, Rng& rng) {
  switch (tail) {
    case CrashModel::Tail::kSynced:
      return inode.synced;
    case CrashModel::Tail::kAll:
      return inode.written;
    case CrashModel::Tail::kTorn:
      return TornTail(inode, rng);
    case CrashModel::Tail::kZeros: {
      std::string out = inode.synced;
      out.resize(std::max(out.size(), inode.written.size()), '\0');
      return out;
    }
  }
  return {};
}

}  // namespace

struct FaultDirectory::State {
  mutable std::mutex mutex;
  std::unique_ptr<Directory> base;
  Names names;
  Names synced_names;
  std::vector<NameChange> changes;  // since the folder was synced
  std::vector<std::string> log;
  bool armed = false;
  bool sticky = false;
  bool dead = false;
  uint64_t fault_call = 0;
  Fault fault = Fault::kIo;

  // Counts a changing call; the fault that strikes it, if one does.
  bool Strikes(const std::string& what, Fault* out) {
    const uint64_t index = log.size();
    log.push_back(what);
    if (dead) {
      *out = Fault::kPowerCut;
      return true;
    }
    if (!armed || (sticky ? index < fault_call : index != fault_call)) return false;
    if (fault == Fault::kPowerCut) dead = true;
    *out = fault;
    return true;
  }

  [[noreturn]] void Throw(const std::string& what, Fault struck) const {
    const char* words = struck == Fault::kIo         ? "input/output error"
                        : struck == Fault::kPowerCut ? "the power is cut"
                                                     : "no space left on device";
    throw Error(ErrorCode::kIo, what + " in " + base->path() + ": " + words);
  }

  void Count(const std::string& what) {
    Fault struck;
    if (Strikes(what, &struck) && struck != Fault::kLyingSync) Throw(what, struck);
  }

  void Change(NameChange change) {
    change.Apply(names);
    changes.push_back(std::move(change));
  }
};

class FaultDirectory::FaultFile final : public File {
 public:
  FaultFile(std::shared_ptr<State> state, std::shared_ptr<Inode> inode, std::unique_ptr<File> base,
            std::string name)
      : state_(std::move(state)),
        inode_(std::move(inode)),
        base_(std::move(base)),
        name_(std::move(name)) {}

  uint64_t Size() const override { return base_->Size(); }
  void ReadAt(uint64_t offset, void* out, size_t n) const override {
    base_->ReadAt(offset, out, n);
  }
  std::unique_ptr<Mapping> Map() const override { return base_->Map(); }

  void Append(const void* data, size_t n) override {
    const std::lock_guard<std::mutex> guard(state_->mutex);
    const std::string what = "append " + name_;
    Fault struck;
    const bool fails = state_->Strikes(what, &struck) && struck != Fault::kLyingSync;
    const size_t take = !fails ? n : struck == Fault::kShortWrite ? n / 2 : 0;
    base_->Append(data, take);
    inode_->written.append(static_cast<const char*>(data), take);
    if (fails) state_->Throw(what, struck);
  }

  void Sync() override {
    const std::lock_guard<std::mutex> guard(state_->mutex);
    const std::string what = "sync " + name_;
    Fault struck;
    if (state_->Strikes(what, &struck)) {
      if (struck == Fault::kLyingSync) return;
      inode_->lossy = true;
      state_->Throw(what, struck);
    }
    base_->Sync();
    if (!inode_->lossy) inode_->synced = inode_->written;
  }

  void Truncate(uint64_t size) override {
    const std::lock_guard<std::mutex> guard(state_->mutex);
    state_->Count("truncate " + name_);
    base_->Truncate(size);
    inode_->written.resize(static_cast<size_t>(size));
    // Nothing is left of what a failed sync lost.
    if (inode_->written == inode_->synced.substr(0, inode_->written.size())) inode_->lossy = false;
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Inode> inode_;
  std::unique_ptr<File> base_;
  std::string name_;
};

FaultDirectory::FaultDirectory(std::unique_ptr<Directory> base)
    : state_(std::make_shared<State>()) {
  state_->base = base ? std::move(base) : NewMemoryDirectory();
  for (const std::string& name : state_->base->List()) {
    auto inode = std::make_shared<Inode>();
    inode->written = ReadWholeFile(*state_->base, name, UINT64_MAX);
    inode->synced = inode->written;
    state_->names[name] = inode;
  }
  state_->synced_names = state_->names;
}

FaultDirectory::~FaultDirectory() = default;

void FaultDirectory::FailCall(uint64_t index, Fault fault, bool sticky) {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  state_->armed = true;
  state_->fault_call = index;
  state_->fault = fault;
  state_->sticky = sticky;
}

void FaultDirectory::ClearFault() {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  state_->armed = false;
}

uint64_t FaultDirectory::calls() const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  return state_->log.size();
}

std::vector<std::string> FaultDirectory::log() const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  return state_->log;
}

std::unique_ptr<FaultDirectory> FaultDirectory::Crash(const CrashModel& model) const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  auto memory = NewMemoryDirectory(state_->base->path());
  Rng rng(model.seed);
  Names names = state_->synced_names;
  for (size_t i = 0; i < state_->changes.size(); ++i) {
    if (model.keep_folder_operations && model.lost_operation != i) state_->changes[i].Apply(names);
  }
  for (const auto& [name, inode] : names) {
    const bool lags = name == model.lagging_file;
    memory->AddFile(
        name, ShareString(Surviving(*inode, lags ? CrashModel::Tail::kSynced : model.tail, rng)));
  }
  return std::make_unique<FaultDirectory>(std::move(memory));
}

size_t FaultDirectory::unsynced_operations() const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  return state_->changes.size();
}

std::vector<std::string> FaultDirectory::unsynced_files() const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  std::vector<std::string> files;
  for (const auto& [name, inode] : state_->names) {
    if (inode->written != inode->synced) files.push_back(name);
  }
  return files;
}

std::string FaultDirectory::Content(const std::string& name) const {
  return ReadWholeFile(*state_->base, name, UINT64_MAX);
}

std::unique_ptr<File> FaultDirectory::Open(const std::string& name, OpenMode mode) {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  if (mode == OpenMode::kCreate) state_->Count("create " + name);
  std::unique_ptr<File> file = state_->base->Open(name, mode);
  if (mode == OpenMode::kCreate) state_->Change({name, "", std::make_shared<Inode>()});
  return std::make_unique<FaultFile>(state_, state_->names.at(name), std::move(file), name);
}

std::vector<std::string> FaultDirectory::List() const { return state_->base->List(); }

bool FaultDirectory::Exists(const std::string& name) const { return state_->base->Exists(name); }

void FaultDirectory::Remove(const std::string& name) {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  state_->Count("remove " + name);
  state_->base->Remove(name);
  state_->Change({name, "", nullptr});
}

void FaultDirectory::Rename(const std::string& from, const std::string& to) {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  state_->Count("rename " + from + " " + to);
  state_->base->Rename(from, to);
  state_->Change({to, from, state_->names.at(from)});
}

void FaultDirectory::Sync() {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  Fault struck;
  if (state_->Strikes("sync folder", &struck)) {
    if (struck == Fault::kLyingSync) return;
    state_->Throw("sync folder", struck);
  }
  state_->base->Sync();
  state_->synced_names = state_->names;
  state_->changes.clear();
}

std::unique_ptr<WriterLock> FaultDirectory::LockWriter() { return state_->base->LockWriter(); }

const std::string& FaultDirectory::path() const { return state_->base->path(); }

}  // namespace ruvector
