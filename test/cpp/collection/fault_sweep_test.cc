// A database's whole life with a fault at every call that changes the disk: nothing acknowledged is
// lost, no transaction is there in part, no error is kept secret, it always opens and goes on.
#include <cstdlib>
#include <optional>

#include "collection/life.h"
#include "support/catch.h"

namespace ruvector::test {
namespace {

bool Soaking() { return std::getenv("RUVECTOR_SOAK") != nullptr; }
// Calls between two that are tried; every one of them when soaking.
uint64_t Stride(uint64_t short_form) { return Soaking() ? 1 : short_form; }

constexpr Durability kDurabilities[] = {Durability::kSync, Durability::kBatch, Durability::kNone};

State Reopened(FaultDirectory& disk, IndexKind index = IndexKind::kHnsw) {
  const std::unique_ptr<Database> db = Database::OpenIn(std::make_unique<BorrowedDirectory>(disk),
                                                        Life::Options(Durability::kSync, index));
  State state = ReadState(*db);
  // What can be read can be found.
  for (const auto& [name, rows] : state) {
    const std::shared_ptr<Collection> collection = db->OpenCollection(name, {});
    REQUIRE(collection->Count(nullptr) == rows.size());
    size_t looked_at = 0;
    for (const auto& [id, row] : rows) {
      if (++looked_at > 5) break;
      SearchRequest request;
      request.vector = row.vector.data();
      request.k = 1;
      request.exact = true;
      const std::vector<Hit> hits = collection->Search(request);
      REQUIRE(hits.size() == 1);
      REQUIRE(hits[0].distance == 0.0f);
    }
  }
  return state;
}

// And it can be written.
void RequireGoesOn(FaultDirectory& disk) {
  State before;
  {
    const std::shared_ptr<Database> db = Database::OpenIn(std::make_unique<BorrowedDirectory>(disk),
                                                          Life::Options(Durability::kSync));
    before = ReadState(*db);
    const float vector[] = {1, 1, 1};
    db->Write([&] { return std::vector<Operation>{{Operation::Kind::kPut, "new", "", vector}}; });
    Compaction compaction(db);
    while (compaction.Step()) {
    }
    db->Close();
  }
  before["default"]["new"] = {{1, 1, 1}, ""};
  REQUIRE(Reopened(disk) == before);
}

const CrashModel kCrashModels[] = {
    {CrashModel::Tail::kSynced, false, 1}, {CrashModel::Tail::kSynced, true, 1},
    {CrashModel::Tail::kAll, true, 1},     {CrashModel::Tail::kTorn, true, 2},
    {CrashModel::Tail::kTorn, false, 3},   {CrashModel::Tail::kZeros, true, 1},
};
// What the end of the process leaves: all that was written.
const CrashModel kProcessEnd{CrashModel::Tail::kAll, true, 1};

size_t SafeFromProcessEnd(const History& history, Durability durability) {
  return durability == Durability::kNone ? history.durable : history.states.size() - 1;
}

uint64_t CallsOf(Durability durability, size_t rows, IndexKind index = IndexKind::kHnsw) {
  FaultDirectory disk;
  const History history = Life(disk, durability, rows, index).Run(false);
  REQUIRE(history.failures.empty());
  CAPTURE(static_cast<int>(durability));
  REQUIRE(history.maintenance_error == "");
  REQUIRE(Reopened(disk, index) == history.now());
  return disk.calls();
}

// Every state that a power cut now might leave.
std::vector<CrashModel> CrashStates(const FaultDirectory& disk) {
  std::vector<CrashModel> states(std::begin(kCrashModels), std::end(kCrashModels));
  for (size_t i = 0; i < disk.unsynced_operations(); ++i) {
    CrashModel one_lost{CrashModel::Tail::kAll, true, 1};
    one_lost.lost_operation = i;
    states.push_back(one_lost);
  }
  for (const std::string& name : disk.unsynced_files()) {
    CrashModel one_lags{CrashModel::Tail::kAll, true, 1};
    one_lags.lagging_file = name;
    states.push_back(one_lags);
  }
  return states;
}

}  // namespace

TEST_CASE("a power cut at every call of a life", "[crash]") {
  size_t states = 0, calls_tried = 0;
  for (const Durability durability : kDurabilities) {
    const uint64_t calls = CallsOf(durability, 12);
    REQUIRE(calls > 100);
    for (uint64_t call = 0; call < calls; call += Stride(5)) {
      FaultDirectory disk;
      disk.FailCall(call, Fault::kPowerCut, true);
      const History history = Life(disk, durability, 12).Run(false);
      ++calls_tried;
      for (const CrashModel& crash : CrashStates(disk)) {
        CAPTURE(static_cast<int>(durability), call, static_cast<int>(crash.tail),
                crash.keep_folder_operations, crash.lost_operation.value_or(999),
                crash.lagging_file);
        const std::unique_ptr<FaultDirectory> after = disk.Crash(crash);
        const State found = Reopened(*after);
        REQUIRE(history.Knows(found, history.durable));
        REQUIRE(Reopened(*after) == found);  // recovering changes nothing more
        ++states;
      }
      const std::unique_ptr<FaultDirectory> killed = disk.Crash(kProcessEnd);
      const State found = Reopened(*killed);
      REQUIRE(history.Knows(found, SafeFromProcessEnd(history, durability)));
      RequireGoesOn(*killed);
    }
  }
  WARN(states << " crash states over " << calls_tried << " calls");
}

TEST_CASE("a failing call, once and from then on, at every call of a life", "[crash]") {
  size_t runs = 0;
  for (const Durability durability : kDurabilities) {
    const uint64_t calls = CallsOf(durability, 12);
    for (const Fault fault : {Fault::kIo, Fault::kNoSpace, Fault::kShortWrite}) {
      for (const bool sticky : {false, true}) {
        for (uint64_t call = 0; call < calls; call += Stride(11)) {
          FaultDirectory disk;
          disk.FailCall(call, fault, sticky);
          const History history = Life(disk, durability, 12).Run(true);
          if (call >= disk.calls()) continue;
          ++runs;
          CAPTURE(static_cast<int>(durability), call, static_cast<int>(fault), sticky,
                  disk.log()[call], history.failures);
          // A file that is not removed costs room, not rows; what closing leaves in the log is
          // safe.
          bool harmless = disk.log()[call].starts_with("remove ");
          for (const auto& [begin, end] : history.closing)
            harmless = harmless || (call >= begin && call < end);
          const bool told = !history.failures.empty() || !history.maintenance_error.empty();
          REQUIRE((told || harmless));
          disk.ClearFault();
          for (const CrashModel& crash : {kCrashModels[0], kCrashModels[2], kCrashModels[3]}) {
            CAPTURE(static_cast<int>(crash.tail));
            const State found = Reopened(*disk.Crash(crash));
            REQUIRE(history.Knows(found, history.durable));
          }
          const std::unique_ptr<FaultDirectory> ended = disk.Crash(kProcessEnd);
          REQUIRE(history.Knows(Reopened(*ended), SafeFromProcessEnd(history, durability)));
          RequireGoesOn(*ended);
        }
      }
    }
  }
  WARN(runs << " runs");
}

// No software can keep what a disk says it has and has not. What can be kept is honesty: the
// database is refused as damaged, or shows a state it once had.
TEST_CASE("a sync that lies, once and from then on, never leads to wrong answers", "[crash]") {
  size_t runs = 0, refused = 0;
  const uint64_t calls = CallsOf(Durability::kSync, 12);
  for (const bool sticky : {false, true}) {
    for (uint64_t call = 0; call < calls; call += Stride(7)) {
      FaultDirectory disk;
      disk.FailCall(call, Fault::kLyingSync, sticky);
      const History history = Life(disk, Durability::kSync, 12).Run(true);
      REQUIRE(history.failures.empty());
      for (const CrashModel& crash : kCrashModels) {
        CAPTURE(call, sticky, static_cast<int>(crash.tail), crash.keep_folder_operations);
        const std::unique_ptr<FaultDirectory> after = disk.Crash(crash);
        ++runs;
        std::optional<Error> error;
        State found;
        try {
          found = Reopened(*after);
        } catch (const Error& e) {
          error = e;
        }
        if (error) {
          CAPTURE(error->what());
          REQUIRE(error->code() == ErrorCode::kCorrupt);
          ++refused;
        } else {
          REQUIRE(history.Knows(found, 0));
        }
      }
    }
  }
  WARN(runs << " runs, " << refused << " refused as damaged");
}

TEST_CASE("a power cut in a life with graphs, or with lists", "[crash]") {
  const auto index = GENERATE(IndexKind::kHnsw, IndexKind::kIvf);
  const uint64_t calls = CallsOf(Durability::kSync, 300, index);
  size_t tried = 0;
  for (uint64_t call = calls / 3; call < calls; call += Stride(calls / 6)) {
    FaultDirectory disk;
    disk.FailCall(call, Fault::kPowerCut, true);
    const History history = Life(disk, Durability::kSync, 300, index).Run(false);
    CAPTURE(call);
    ++tried;
    for (const CrashModel& crash : {kCrashModels[0], kCrashModels[2], kCrashModels[3]})
      REQUIRE(history.Knows(Reopened(*disk.Crash(crash), index), history.durable));
  }
  WARN(tried << " calls tried");
}

}  // namespace ruvector::test
