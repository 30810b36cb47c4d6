// What is acknowledged survives: a fault at every call that changes the disk, a power cut after
// every call, damage of every bit.
#include "collection/model.h"
#include "core/error.h"
#include "support/borrowed_directory.h"
#include "support/catch.h"
#include "support/fault_directory.h"

namespace ruvector::test {
namespace {

constexpr size_t kDimensions = 3;

DatabaseOptions Options() {
  DatabaseOptions options;
  options.dimensions = kDimensions;
  options.metric = Metric::kEuclidean;
  options.threads = 1;
  return options;
}

std::unique_ptr<Database> OpenOn(FaultDirectory& disk) {
  return Database::OpenIn(std::make_unique<BorrowedDirectory>(disk), Options());
}

// Runs steps with checkpoints between; stops at the first error. Returns the model of what was
// acknowledged and, when a step failed, of what it would have become.
struct Outcome {
  Model acknowledged;
  Model attempted;
  bool opened = false;
};

Outcome RunWorkload(FaultDirectory& disk, const std::vector<Step>& steps, bool go_on_after_error) {
  Outcome out;
  std::unique_ptr<Database> db;
  try {
    db = OpenOn(disk);
  } catch (const Error&) {
    return out;
  }
  out.opened = true;
  bool failed = false;
  for (size_t i = 0; i < steps.size(); ++i) {
    Model next = out.acknowledged;
    steps[i].Run(next);
    try {
      steps[i].Run(*db);
      out.acknowledged = next;
      if (!failed) out.attempted = next;
    } catch (const Error& e) {
      if (!failed) out.attempted = next;
      failed = true;
      if (!go_on_after_error) break;
      // Reads go on, whatever happened to the disk.
      REQUIRE(ReadAll(*db) == out.acknowledged);
    }
    if (i % 4 == 3) {
      try {
        db->Checkpoint();
      } catch (const Error&) {
        if (!go_on_after_error) break;
      }
    }
  }
  REQUIRE(ReadAll(*db) == out.acknowledged);
  db->Close();
  return out;
}

Model Reopen(FaultDirectory& disk) {
  const std::unique_ptr<Database> db = OpenOn(disk);
  Model model = ReadAll(*db);
  // What can be read can be found.
  for (const auto& [id, row] : model) {
    SearchRequest request;
    request.vector = row.vector.data();
    request.k = 1;
    request.exact = true;
    const std::vector<Hit> hits = db->collection().Search(request);
    REQUIRE(hits.size() == 1);
    REQUIRE(hits[0].distance == 0.0f);
  }
  db->Close();
  return model;
}

const CrashModel kCrashModels[] = {
    {CrashModel::Tail::kSynced, false, 1}, {CrashModel::Tail::kSynced, true, 1},
    {CrashModel::Tail::kAll, true, 1},     {CrashModel::Tail::kTorn, true, 2},
    {CrashModel::Tail::kTorn, false, 3},   {CrashModel::Tail::kZeros, true, 1},
};

}  // namespace

TEST_CASE(
    "a power cut at every call loses nothing acknowledged and leaves no part of a transaction",
    "[crash]") {
  const std::vector<Step> steps = RandomSteps(5, 24, kDimensions);
  uint64_t calls = 0;
  {
    FaultDirectory disk;
    RunWorkload(disk, steps, false);
    calls = disk.calls();
  }
  REQUIRE(calls > 60);
  size_t states = 0;
  for (uint64_t call = 0; call < calls; ++call) {
    FaultDirectory disk;
    disk.FailCall(call, Fault::kPowerCut, true);
    const Outcome outcome = RunWorkload(disk, steps, false);
    for (const CrashModel& crash : kCrashModels) {
      const std::unique_ptr<FaultDirectory> after = disk.Crash(crash);
      CAPTURE(call, static_cast<int>(crash.tail), crash.keep_folder_operations);
      const Model found = Reopen(*after);
      const bool allowed = found == outcome.acknowledged || found == outcome.attempted;
      REQUIRE(allowed);
      REQUIRE(Reopen(*after) == found);  // and recovering changes nothing more
      ++states;
    }
  }
  WARN(states << " crash states over " << calls << " calls");
}

TEST_CASE("an error at every call loses nothing acknowledged, now and after reopening", "[crash]") {
  const std::vector<Step> steps = RandomSteps(6, 24, kDimensions);
  uint64_t calls = 0;
  {
    FaultDirectory disk;
    RunWorkload(disk, steps, false);
    calls = disk.calls();
  }
  for (const Fault fault : {Fault::kIo, Fault::kNoSpace, Fault::kShortWrite}) {
    for (const bool sticky : {false, true}) {
      for (uint64_t call = 0; call < calls; ++call) {
        FaultDirectory disk;
        disk.FailCall(call, fault, sticky);
        const Outcome outcome = RunWorkload(disk, steps, true);
        disk.ClearFault();
        CAPTURE(call, static_cast<int>(fault), sticky);
        const std::unique_ptr<FaultDirectory> after = disk.Crash({CrashModel::Tail::kAll, true, 1});
        const Model found = Reopen(*after);
        // A commit whose sync failed was not acknowledged, yet its bytes may be there.
        const bool allowed = found == outcome.acknowledged || found == outcome.attempted;
        REQUIRE(allowed);
      }
    }
  }
}

TEST_CASE("where files are stored whole the log goes on in further files", "[database]") {
  FaultDirectory disk;
  const auto open = [](Directory& directory) {
    return Database::OpenIn(std::make_unique<BorrowedDirectory>(directory, true), Options());
  };
  const auto log_files = [&] {
    std::vector<size_t> bytes;
    for (const std::string& name : disk.List()) {
      if (name.compare(0, 4, "wal-") == 0) bytes.push_back(disk.Content(name).size());
    }
    return bytes;
  };
  Model model;
  const std::string metadata = "{\"text\":\"" + std::string(3000, 'x') + "\"}";
  const auto put = [&](Database& db, size_t from, size_t count) {
    for (size_t i = from; i < from + count; ++i) {
      Step step;
      step.changes = {{Operation::Kind::kPut,
                       "row" + std::to_string(i),
                       {{static_cast<float>(i), 1, 2}, metadata}}};
      step.Run(db);
      step.Run(model);
    }
  };
  std::unique_ptr<Database> db = open(disk);
  put(*db, 0, 100);
  REQUIRE(log_files().size() > 3);
  uint64_t total = 0;
  for (const size_t bytes : log_files()) {
    REQUIRE(bytes < (64 << 10) + 8192);
    total += bytes;
  }
  REQUIRE(db->Stats().wal_bytes == total);

  // As it is found when nobody closed it, and then goes on.
  const std::unique_ptr<FaultDirectory> killed = disk.Crash();
  const std::unique_ptr<Database> found = open(*killed);
  REQUIRE(ReadAll(*found) == model);
  REQUIRE(found->Stats().wal_bytes == total);
  REQUIRE(killed->List().size() == disk.List().size());  // no log was copied
  Model before = model;
  put(*found, 100, 50);
  REQUIRE(ReadAll(*found) == model);
  found->Close();
  REQUIRE(ReadAll(*open(*killed)) == model);
  model = std::move(before);

  db->Checkpoint();
  REQUIRE(log_files().size() == 1);
  put(*db, 200, 30);
  REQUIRE(ReadAll(*db) == model);
  db->Close();
  db.reset();
  REQUIRE(ReadAll(*open(disk)) == model);
}

}  // namespace ruvector::test
