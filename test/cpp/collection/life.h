// The whole life of a database as a fixed script, on a disk that fails, with a model of every state
// it committed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collection/compaction.h"
#include "collection/model.h"
#include "collection/snapshot.h"
#include "core/error.h"
#include "support/borrowed_directory.h"
#include "support/fault_directory.h"
#include "support/test_folder.h"

namespace ruvector::test {

/// What every collection holds, by name.
using State = std::map<std::string, Model>;

inline Model ReadRows(const Collection& collection) {
  Model model;
  uint64_t cursor = 0;
  for (bool more = true; more;) {
    const ScanPage page = collection.Scan(cursor, 7, nullptr, true);
    for (const Row& row : page.rows) model[row.id] = {row.vector, row.metadata};
    more = page.cursor.has_value();
    cursor = page.cursor.value_or(0);
  }
  return model;
}

inline State ReadState(Database& db) {
  State state;
  for (const std::string& name : db.CollectionNames())
    state[name] = ReadRows(*db.OpenCollection(name, {}));
  return state;
}

/// The states a database went through, and how far they are safe.
struct History {
  std::vector<State> states{{{"default", {}}}};
  size_t durable = 0;  // of a power cut; the end of the process spares all but kNone's
  State attempted;     // by the call that failed first, unless a later one went well
  bool failed = false;
  std::string failures;                                // what calls threw
  std::vector<std::pair<uint64_t, uint64_t>> closing;  // the disk's calls while closing
  std::string maintenance_error;                       // what Stats told last

  const State& now() const { return states.back(); }
  bool Knows(const State& found, size_t from) const {
    if (failed && found == attempted) return true;
    for (size_t i = from; i < states.size(); ++i) {
      if (found == states[i]) return true;
    }
    return false;
  }
};

class Life {
 public:
  /// `rows`: of the larger batches; from 256 on segments have graphs or lists.
  Life(FaultDirectory& disk, Durability durability, size_t rows, IndexKind index = IndexKind::kHnsw)
      : disk_(disk), durability_(durability), rows_(rows), index_(index) {}

  /// All of it. After an error: stops, or goes on with the next call. Reads never fail and always
  /// show what was acknowledged.
  History Run(bool go_on) {
    for (const Call& call : Script()) {
      if (!Do(call) && !go_on) break;
    }
    Close();
    return std::move(history_);
  }

  static DatabaseOptions Options(Durability durability, IndexKind index = IndexKind::kHnsw) {
    DatabaseOptions options;
    options.dimensions = 3;
    options.metric = Metric::kEuclidean;
    options.index = index;
    options.quantization = Quantization::kScalar8;
    options.threads = 1;
    options.background = false;
    options.durability = durability;
    options.limits.seal_bytes = 2000;
    options.limits.merge_bytes = 1 << 20;
    options.limits.least_deleted = 2;
    return options;
  }

 private:
  struct Call {
    std::function<void(Life&)> run;
    std::function<void(State&)> change;  // what it does to the state; none: nothing
    bool makes_durable = false;
  };

  // --- The script

  static Call Put(const std::string& collection, size_t from, size_t count, uint64_t seed) {
    Rng rng(seed);
    Step step;
    for (size_t i = 0; i < count; ++i) {
      step.changes.push_back({Operation::Kind::kPut,
                              "id" + std::to_string(from + i),
                              {RandomVector(rng, 3), "{\"n\":" + std::to_string(i) + "}"}});
    }
    return Change(collection, step);
  }
  static Call Change(const std::string& collection, const Step& step) {
    return {[=](Life& life) {
              life.Commit({{collection, step}});
            },
            [=](State& state) { step.Run(state[collection]); }};
  }
  static Call Delete(const std::string& collection, size_t from, size_t count) {
    Step step;
    for (size_t i = 0; i < count; ++i)
      step.changes.push_back({Operation::Kind::kDelete, "id" + std::to_string(from + i), {}});
    return Change(collection, step);
  }
  static Call Make(const std::string& name) {
    return {[=](Life& life) {
              CollectionRequest request;
              request.dimensions = 3;
              request.metric = Metric::kEuclidean;
              life.db_->OpenCollection(name, request);
            },
            [=](State& state) { state[name]; }};
  }
  static Call Drop(const std::string& name) {
    return {[=](Life& life) { life.db_->DropCollection(name); },
            [=](State& state) { state.erase(name); }};
  }
  static Call Checkpoint() {
    return {[](Life& life) { life.db_->Checkpoint(); }, nullptr, true};
  }

  std::vector<Call> Script() const {
    std::vector<Call> script;
    script.push_back({[](Life&) {}, nullptr, false});  // opens
    script.push_back(Put("default", 0, 5, 1));
    script.push_back(Make("notes"));
    script.push_back(Put("notes", 0, 3, 2));
    script.push_back(Put("default", 3, 4, 3));  // replaces some
    Step first, second;
    first.changes.push_back({Operation::Kind::kDelete, "id1", {}});
    first.changes.push_back({Operation::Kind::kPut, "both", {{1, 2, 3}, "{}"}});
    second.changes.push_back({Operation::Kind::kPut, "both", {{3, 2, 1}, ""}});
    script.push_back({[=](Life& life) {
                        life.Commit({{"default", first}, {"notes", second}});
                      },
                      [=](State& state) {
                        first.Run(state["default"]);
                        second.Run(state["notes"]);
                      }});
    script.push_back(
        {[](Life& life) { life.db_->Sync(); }, nullptr, durability_ != Durability::kNone});
    script.push_back({[](Life& life) { life.db_->Flush(); }, nullptr, true});
    // Segments, deleted rows, merging.
    for (uint64_t round = 0; round < 5; ++round) {
      script.push_back(Put("default", 10 + round * rows_, rows_, 10 + round));
      script.push_back(Delete("default", 10 + round * rows_, rows_ / 2));
      script.push_back(Checkpoint());
    }
    // A collection that only the log knows while a merge publishes its manifest.
    script.push_back(Make("beside"));
    script.push_back(Delete("default", 10 + rows_ / 2, rows_ / 4));
    script.push_back(Put("beside", 0, 2, 41));
    Step update;
    update.changes.push_back({Operation::Kind::kSetMetadata, "id4", {{}, "{\"new\":1}"}});
    update.changes.push_back({Operation::Kind::kSetMetadata, "both", {{}, ""}});
    script.push_back(Change("default", update));
    script.push_back({[](Life& life) { life.Compact(); }, nullptr, true});
    script.push_back({[](Life& life) { life.TakeSnapshot(); }, nullptr, true});
    script.push_back(Put("notes", 1, 6, 20));
    script.push_back({[](Life& life) { life.Reopen(); }, nullptr, true});
    script.push_back(Make("gone"));
    script.push_back(Put("gone", 0, 4, 21));
    script.push_back(Drop("gone"));
    Step replace;
    replace.changes.push_back({Operation::Kind::kClear, "", {}});
    replace.changes.push_back({Operation::Kind::kPut, "only", {{7, 8, 9}, "{\"x\":2}"}});
    script.push_back(Change("notes", replace));
    script.push_back({[](Life& life) { life.Reopen(); }, nullptr, true});
    script.push_back(Put("default", 2, 2, 30));
    // Codes of another kind, learned from the rows.
    script.push_back({[](Life& life) {
                        life.quantization_ = {Quantization::Type::kRotated, 2};
                        life.Reopen();
                      },
                      nullptr, true});
    script.push_back({[](Life& life) { life.Compact(); }, nullptr, true});
    script.push_back(Put("default", 4, 2, 31));
    return script;
  }

  // --- Doing it

  bool Do(const Call& call) {
    State next = history_.now();
    if (call.change) call.change(next);
    const size_t failures = history_.failures.size();
    try {
      if (!db_) Open();
      call.run(*this);
      if (call.change) {
        history_.states.push_back(next);
        history_.failed = false;  // what failed before was rolled back for good
      }
      const bool synced = durability_ == Durability::kSync && call.change;
      if (synced || call.makes_durable) history_.durable = history_.states.size() - 1;
    } catch (const Error& e) {
      history_.failures += std::string(e.what()) + "\n";
      if (call.change && !history_.failed) {
        history_.failed = true;
        history_.attempted = next;
      }
    }
    Check();
    return history_.failures.size() == failures;
  }

  void Check() {
    if (!db_) return;
    const DatabaseStats stats = db_->Stats();
    if (!stats.maintenance_error.empty()) history_.maintenance_error = stats.maintenance_error;
    State found = ReadState(*db_);
    if (!(found == history_.now())) {
      throw std::logic_error("an open database shows what was not acknowledged, or not all of it");
    }
  }

  // What an opened database shows may be an attempted state that reached the disk all the same.
  void Open() {
    DatabaseOptions options = Options(durability_, index_);
    options.quantization = quantization_;
    db_ = Database::OpenIn(std::make_unique<BorrowedDirectory>(disk_), options);
    State found = ReadState(*db_);
    if (!history_.Knows(found, history_.durable))
      throw std::logic_error("opening shows a state that nobody committed, or an old one");
    history_.states.push_back(std::move(found));
    history_.durable = history_.states.size() - 1;
    history_.failed = false;
  }

  void Close() {
    if (!db_) return;
    const uint64_t begin = disk_.calls();
    try {
      db_->Close();
      history_.durable = history_.states.size() - 1;
    } catch (const Error& e) {
      history_.failures += std::string(e.what()) + "\n";
    }
    db_.reset();
    history_.closing.push_back({begin, disk_.calls()});
  }

  void Reopen() {
    Close();
    Open();
  }

  void Commit(const std::vector<std::pair<std::string, Step>>& parts) {
    std::vector<std::shared_ptr<Collection>> collections;
    std::vector<Operation> operations;
    for (const auto& [name, step] : parts) {
      collections.push_back(db_->OpenCollection(name, {}));
      for (const Step::Change& c : step.changes) {
        operations.push_back({c.kind, c.id, c.row.metadata,
                              c.row.vector.empty() ? nullptr : c.row.vector.data(),
                              collections.back().get()});
      }
    }
    db_->Write([&] { return operations; });
  }

  void Compact() {
    Compaction compaction(db_);
    while (compaction.Step()) {
    }
  }

  void TakeSnapshot() {
    if (!TestFolder::Available()) return db_->Checkpoint();
    const TestFolder folder;
    const std::string path = folder.path() + ".rvf";
    {
      Snapshot snapshot(db_, path);
      while (snapshot.Step()) {
      }
    }
    DatabaseOptions options;
    options.path = path;
    const State copied = ReadState(*Database::Open(options));
    RemovePath(path);
    if (!(copied == history_.now())) throw std::logic_error("a snapshot holds something else");
  }

  static void RemovePath(const std::string& path) {
    const size_t slash = path.find_last_of('/');
    OpenDirectory(path.substr(0, slash), false)->Remove(path.substr(slash + 1));
  }

  FaultDirectory& disk_;
  Durability durability_;
  size_t rows_;
  IndexKind index_;
  Quantization quantization_ = Quantization::kScalar8;
  std::shared_ptr<Database> db_;
  History history_;
};

}  // namespace ruvector::test
