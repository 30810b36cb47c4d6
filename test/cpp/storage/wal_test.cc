#include "storage/wal.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/crc32c.h"
#include "core/random.h"
#include "storage/file_header.h"
#include "storage/wal_format.h"
#include "support/catch.h"
#include "support/fault_directory.h"
#include "support/test_folder.h"

namespace ruvector {
namespace {

const DatabaseId kDatabase = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

struct Record {
  WalRecordType type;
  uint32_t collection;
  std::string payload;
  bool operator==(const Record&) const = default;
};

struct Transaction {
  uint64_t sequence;
  std::vector<Record> records;
  bool operator==(const Transaction&) const = default;
};

using Log = std::vector<Transaction>;

struct Recovered {
  Log log;
  WalReplay replay;
};

Recovered Recover(Directory& directory, uint64_t number = 1, uint64_t after = 0) {
  Recovered out;
  out.replay =
      ReplayWal(directory, number, kDatabase, after,
                [&](uint64_t sequence, std::span<const WalRecord> records) {
                  Transaction transaction{sequence, {}};
                  for (const WalRecord& r : records) {
                    transaction.records.push_back({r.type, r.collection, std::string(r.payload)});
                  }
                  out.log.push_back(std::move(transaction));
                });
  CHECK(out.replay.transactions == out.log.size());
  return out;
}

// A folder whose log 1 has exactly these bytes.
std::unique_ptr<FaultDirectory> FolderWith(const std::string& bytes, uint64_t number = 1) {
  auto memory = NewMemoryDirectory();
  memory->AddFile(WalName(number), ShareString(bytes));
  return std::make_unique<FaultDirectory>(std::move(memory));
}

std::string RandomText(Rng& rng, size_t n) {
  std::string text(n, '\0');
  for (char& c : text) c = static_cast<char>(rng.Next());
  return text;
}

Transaction MixedTransaction(Rng& rng, uint64_t sequence, size_t longest) {
  Transaction transaction{sequence, {}};
  const WalRecordType types[] = {WalRecordType::kPut, WalRecordType::kDelete, WalRecordType::kClear,
                                 WalRecordType::kSetMetadata};
  for (uint64_t n = 1 + rng.Below(4); n > 0; --n) {
    transaction.records.push_back({types[rng.Below(4)], static_cast<uint32_t>(rng.Below(3)),
                                   RandomText(rng, rng.Below(longest))});
  }
  return transaction;
}

Log MixedLog(uint64_t seed, size_t n, size_t longest = 40) {
  Rng rng(seed);
  Log log;
  for (size_t i = 0; i < n; ++i) log.push_back(MixedTransaction(rng, i + 1, longest));
  return log;
}

uint64_t Write(WalWriter& writer, const Transaction& transaction, bool sync) {
  for (const Record& record : transaction.records) {
    const size_t half = record.payload.size() / 2;
    writer.Add(record.type, record.collection,
               {std::string_view(record.payload).substr(0, half),
                std::string_view(record.payload).substr(half)});
  }
  return writer.Commit(sync);
}

struct Written {
  std::string bytes;
  std::vector<uint64_t> ends;  // of the file after the header, and after each transaction
};

Written WriteLog(const Log& log, bool sync = true, const DatabaseId& database = kDatabase,
                 uint64_t number = 1, bool close = false) {
  FaultDirectory directory;
  const auto writer =
      WalWriter::Create(directory, number, database, log.empty() ? 1 : log.front().sequence);
  Written written;
  written.ends.push_back(writer->bytes());
  for (const Transaction& transaction : log) {
    REQUIRE(Write(*writer, transaction, sync) == transaction.sequence);
    written.ends.push_back(writer->bytes());
  }
  if (close) writer->MarkClosed();
  written.bytes = directory.Content(WalName(number));
  REQUIRE(written.bytes.size() == writer->bytes());
  return written;
}

Log Prefix(const Log& log, size_t n) {
  return Log(log.begin(), log.begin() + static_cast<ptrdiff_t>(std::min(n, log.size())));
}

bool IsPrefix(const Log& part, const Log& whole) {
  return part.size() <= whole.size() && part == Prefix(whole, part.size());
}

// A record with a right checksum, whatever it says.
std::string Forge(uint32_t salt, uint32_t length, uint64_t sequence, uint8_t type,
                  const std::string& payload, uint32_t word17 = kWalFlagSynced) {
  std::string out;
  PutU32(out, length);
  PutU32(out, 0);
  PutU64(out, sequence);
  PutU32(out, type | word17 << 8);
  PutU32(out, 0);
  out += payload;
  StoreU32(out.data() + 4, Crc32c(out.data() + 8, out.size() - 8, WalSaltCrc(salt)));
  PutPadding(out, 8);
  return out;
}

uint32_t SaltOf(const std::string& bytes) { return LoadU32(bytes.data() + 12); }

TEST_CASE("wal: round trip, continuation, and skipping what the segments hold") {
  CHECK(WalName(0xab) == "wal-00000000000000ab");
  FaultDirectory directory;
  const Log log = MixedLog(1, 6);
  {
    const auto writer = WalWriter::Create(directory, 3, kDatabase, 1);
    CHECK(writer->number() == 3);
    CHECK(writer->bytes() == 64);
    for (size_t i = 0; i < 3; ++i) {
      CHECK(writer->next_sequence() == i + 1);
      CHECK(Write(*writer, log[i], i % 2 == 0) == i + 1);
    }
    writer->Sync();
    writer->Add(WalRecordType::kPut, 1, {"dropped"});
    writer->Rollback();
    writer->Add(WalRecordType::kPut, 1, {"never committed"});
  }
  Recovered found = Recover(directory, 3);
  CHECK(found.log == Prefix(log, 3));
  CHECK(found.replay.cut_bytes == 0);
  CHECK(found.replay.next_sequence == 4);
  CHECK(found.replay.continuable);
  CHECK_FALSE(found.replay.closed);
  {
    const auto writer = WalWriter::Continue(directory, 3, kDatabase, found.replay.valid_bytes, 4);
    for (size_t i = 3; i < 6; ++i) CHECK(Write(*writer, log[i], true) == i + 1);
    writer->MarkClosed();
  }
  found = Recover(directory, 3, 2);
  REQUIRE(found.log.size() == 5);
  CHECK(found.log.back().records ==
        std::vector<Record>{{WalRecordType::kClosed, 0, std::string()}});
  found.log.pop_back();
  CHECK(found.log == Log(log.begin() + 2, log.end()));
  CHECK(found.replay.closed);
  CHECK(found.replay.next_sequence == 8);
  // All of it is older than the segments: nothing to replay, and nothing can be added without a
  // gap.
  found = Recover(directory, 3, 20);
  CHECK(found.log.empty());
  CHECK(found.replay.next_sequence == 21);
  CHECK_FALSE(found.replay.continuable);
}

TEST_CASE("wal: a file prepared for a later transaction, or for an earlier one, is continued") {
  for (const uint64_t prepared : {3, 5, 9}) {
    FaultDirectory directory;
    WalWriter::Create(directory, 1, kDatabase, prepared);
    directory.Sync();
    const Recovered found = Recover(directory, 1, 4);
    CHECK(found.log.empty());
    CHECK(found.replay.continuable);
    CHECK(found.replay.valid_bytes == 64);
    CHECK(found.replay.next_sequence == 5);
    const uint64_t calls = directory.calls();
    for (uint64_t call = calls; call < calls + 6; ++call) {
      const auto copy = directory.Crash();
      copy->FailCall(call - calls, Fault::kPowerCut);
      ErrorOf([&] { WalWriter::Continue(*copy, 1, kDatabase, 64, 5); });
      for (const auto tail : {CrashModel::Tail::kSynced, CrashModel::Tail::kAll,
                              CrashModel::Tail::kTorn, CrashModel::Tail::kZeros}) {
        CHECK(Recover(*copy->Crash({tail, false, call}), 1, 4).log.empty());
      }
    }
    const auto writer = WalWriter::Continue(directory, 1, kDatabase, 64, 5);
    const Transaction transaction{5, {{WalRecordType::kDelete, 1, "x"}}};
    CHECK(Write(*writer, transaction, true) == 5);
    CHECK(Recover(*directory.Crash(), 1, 4).log == Log{transaction});
    CHECK(ErrorOf([&] {
            WalWriter::Continue(directory, 1, kDatabase, writer->bytes(), 7);
          }).code() == ErrorCode::kCorrupt);
  }
}

TEST_CASE("wal: an empty transaction and an empty log count") {
  FaultDirectory directory;
  const auto writer = WalWriter::Create(directory, 1, kDatabase, 9);
  CHECK(Recover(directory, 1, 8).replay.next_sequence == 9);
  CHECK(writer->Commit(true) == 9);
  const Recovered found = Recover(directory, 1, 8);
  CHECK(found.log == Log{{9, {}}});
  CHECK(found.replay.next_sequence == 10);
}

TEST_CASE("wal: a cut at every byte leaves exactly the whole transactions") {
  const Log log = MixedLog(2, 10);
  const Written written = WriteLog(log);
  for (size_t cut = 0; cut <= written.bytes.size(); ++cut) {
    const auto directory = FolderWith(written.bytes.substr(0, cut));
    const Recovered found = Recover(*directory);
    if (cut < kFileHeaderBytes) {
      REQUIRE(found.replay.valid_bytes == 0);
      REQUIRE_FALSE(found.replay.continuable);
      REQUIRE(found.replay.cut_bytes == cut);
      continue;
    }
    size_t whole = 0;
    while (whole < log.size() && written.ends[whole + 1] <= cut) ++whole;
    REQUIRE(found.log == Prefix(log, whole));
    REQUIRE(found.replay.valid_bytes == written.ends[whole]);
    REQUIRE(found.replay.cut_bytes == cut - written.ends[whole]);
    REQUIRE(found.replay.next_sequence == whole + 1);
    REQUIRE(found.replay.continuable);

    // And it goes on from there.
    if (cut % 16 != 3) continue;
    const auto writer = WalWriter::Continue(*directory, 1, kDatabase, found.replay.valid_bytes,
                                            found.replay.next_sequence);
    Log longer = Prefix(log, whole);
    longer.push_back({whole + 1, {{WalRecordType::kDelete, 7, "after the cut"}}});
    Write(*writer, longer.back(), true);
    REQUIRE(Recover(*directory->Crash(CrashModel{CrashModel::Tail::kSynced, true, 1})).log ==
            longer);
  }
}

TEST_CASE("wal: transactions larger than the buffer survive whole or not at all") {
  Rng rng(3);
  Log log = MixedLog(3, 2);
  Transaction large{3, {}};
  for (int i = 0; i < 40; ++i) {
    large.records.push_back({WalRecordType::kPut, 1, RandomText(rng, 70000 + rng.Below(9))});
  }
  log.push_back(large);
  log.push_back({4, {{WalRecordType::kPut, 1, RandomText(rng, 3000001)}}});
  const Written written = WriteLog(log);
  CHECK(Recover(*FolderWith(written.bytes)).log == log);
  std::vector<uint64_t> cuts;
  for (uint64_t cut = 64; cut < written.bytes.size(); cut += 97001) cuts.push_back(cut);
  for (const uint64_t end : written.ends) {
    for (uint64_t near = end - 9; near < end + 9 && near <= written.bytes.size(); ++near) {
      if (near >= 64) cuts.push_back(near);
    }
  }
  for (const uint64_t cut : cuts) {
    const Recovered found = Recover(*FolderWith(written.bytes.substr(0, cut)));
    size_t whole = 0;
    while (whole < log.size() && written.ends[whole + 1] <= cut) ++whole;
    REQUIRE(found.replay.valid_bytes == written.ends[whole]);
    REQUIRE(found.log == Prefix(log, whole));
  }
}

TEST_CASE("wal: no flipped bit gives a wrong record") {
  const Log log = MixedLog(4, 5, 24);
  for (const bool close : {false, true}) {
    const Written written = WriteLog(log, true, kDatabase, 1, close);
    const uint64_t last = written.ends[close ? 5 : 4];
    for (size_t bit = 0; bit < written.bytes.size() * 8; ++bit) {
      std::string bytes = written.bytes;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
      const auto directory = FolderWith(bytes);
      CAPTURE(bit, close);
      Recovered found;
      const Error error = ErrorOf([&] { found = Recover(*directory); });
      if (bit / 8 < last) {
        // Before the last transaction: seen as what it is.
        REQUIRE(error.code() == ErrorCode::kCorrupt);
        REQUIRE(std::string(error.what()).find(WalName(1)) != std::string::npos);
      } else {
        REQUIRE(error.code() == ErrorCode::kInternal);
        REQUIRE(found.log == Prefix(log, close ? 5 : 4));
        REQUIRE(found.replay.valid_bytes == last);
      }
    }
  }
}

TEST_CASE("wal: a flipped bit in an empty log's header loses nothing") {
  const Written written = WriteLog({});
  for (size_t bit = 0; bit < 64 * 8; ++bit) {
    std::string bytes = written.bytes;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    const Recovered found = Recover(*FolderWith(bytes));
    REQUIRE(found.log.empty());
    REQUIRE(found.replay.valid_bytes == 0);
  }
}

TEST_CASE("wal: tails of zeros, noise and other files are cut") {
  const Log log = MixedLog(5, 4);
  const Written written = WriteLog(log);
  const Written other = WriteLog(MixedLog(6, 12));
  Rng rng(5);
  std::vector<std::string> tails = {std::string(1, '\0'), std::string(24, '\0'),
                                    std::string(100000, '\0'), std::string(5000, '\xff')};
  for (int i = 0; i < 50; ++i) tails.push_back(RandomText(rng, rng.Below(3000)));
  // What lay on the disk before: later transactions, whole but for the salt.
  for (const uint64_t end : other.ends) tails.push_back(other.bytes.substr(end));
  for (const std::string& tail : tails) {
    const Recovered found = Recover(*FolderWith(written.bytes + tail));
    REQUIRE(found.log == log);
    REQUIRE(found.replay.valid_bytes == written.bytes.size());
    REQUIRE(found.replay.cut_bytes == tail.size());
  }
}

TEST_CASE("wal: duplicated, missing and swapped parts never count") {
  const Log log = MixedLog(7, 6);
  const Written written = WriteLog(log);
  const auto part = [&](size_t i) {
    return written.bytes.substr(written.ends[i], written.ends[i + 1] - written.ends[i]);
  };
  const std::string header = written.bytes.substr(0, 64);
  const auto code = [&](const std::string& bytes) {
    return ErrorOf([&] { Recover(*FolderWith(bytes)); }).code();
  };

  // A transaction twice: at the end it is cut, in the middle later ones follow.
  Recovered found = Recover(*FolderWith(written.bytes + part(5)));
  CHECK(found.log == log);
  CHECK(found.replay.cut_bytes == part(5).size());
  CHECK(code(header + part(0) + part(0) + part(1) + part(2)) == ErrorCode::kCorrupt);
  CHECK(Recover(*FolderWith(header + part(0) + part(0) + part(1))).log == Prefix(log, 1));
  // A transaction missing, two swapped, the first missing.
  CHECK(code(header + part(0) + part(2)) == ErrorCode::kCorrupt);
  CHECK(code(header + part(0) + part(2) + part(1)) == ErrorCode::kCorrupt);
  CHECK(code(header + part(1)) == ErrorCode::kCorrupt);
  // One record of a transaction twice: its commit counts others.
  FaultDirectory directory;
  {
    const auto writer = WalWriter::Create(directory, 1, kDatabase, 1);
    writer->Add(WalRecordType::kDelete, 1, {"12345678"});
    writer->Commit(true);
  }
  const std::string bytes = directory.Content(WalName(1));
  CHECK(code(bytes.substr(0, 96) + bytes.substr(64, 32) + bytes.substr(96)) == ErrorCode::kCorrupt);
  CHECK(code(bytes.substr(0, 64) + bytes.substr(96)) == ErrorCode::kCorrupt);
}

TEST_CASE("wal: logs of other databases and places are refused") {
  DatabaseId stranger = kDatabase;
  stranger[15] ^= 1;
  const Written written = WriteLog(MixedLog(8, 2), true, stranger);
  const auto directory = FolderWith(written.bytes);
  CHECK(ErrorOf([&] { Recover(*directory); }).code() == ErrorCode::kCorrupt);
  CHECK(ErrorOf([&] {
          WalWriter::Continue(*directory, 1, kDatabase, written.bytes.size(), 3);
        }).code() == ErrorCode::kCorrupt);
  CHECK(ErrorOf([&] {
          WalWriter::Continue(*directory, 1, stranger, written.bytes.size() + 8, 3);
        }).code() == ErrorCode::kCorrupt);
  const auto moved = FolderWith(WriteLog(MixedLog(8, 2)).bytes, 2);
  CHECK(ErrorOf([&] { Recover(*moved, 2); }).code() == ErrorCode::kCorrupt);
  CHECK(ErrorOf([&] { Recover(*moved, 1); }).code() == ErrorCode::kNotFound);

  // A log that starts too late is a gap when it has records; without, nothing is lost.
  const Log late = {{5, {{WalRecordType::kClear, 1, ""}}}};
  CHECK(ErrorOf([&] { Recover(*FolderWith(WriteLog(late).bytes), 1, 3); }).code() ==
        ErrorCode::kCorrupt);
  CHECK(Recover(*FolderWith(WriteLog(late).bytes), 1, 4).log == late);
  const Recovered empty = Recover(*FolderWith(WriteLog(late).bytes.substr(0, 64)), 1, 3);
  CHECK(empty.replay.next_sequence == 4);
  CHECK(empty.replay.continuable);
}

TEST_CASE("wal: newer formats are refused") {
  std::string bytes = WriteLog(MixedLog(9, 2)).bytes;
  const auto code = [&](size_t at, char value) {
    std::string changed = bytes;
    changed[at] = value;
    StoreU32(changed.data() + 60, Crc32c(changed.data(), 60));
    return ErrorOf([&] { Recover(*FolderWith(changed)); }).code();
  };
  CHECK(code(8, 2) == ErrorCode::kUnsupported);
  CHECK(code(16, 1) == ErrorCode::kUnsupported);
  CHECK(code(10, 9) == ErrorCode::kInternal);
  CHECK(code(24, 1) == ErrorCode::kInternal);
  CHECK(code(0, 'X') == ErrorCode::kCorrupt);
}

TEST_CASE("wal: hostile records with right checksums") {
  const Log log = MixedLog(10, 2);
  const Written written = WriteLog(log);
  const uint32_t salt = SaltOf(written.bytes);
  const std::string count1("\1\0\0\0", 4);
  const auto outcome = [&](const std::string& tail) {
    return ErrorOf([&] {
             const Recovered found = Recover(*FolderWith(written.bytes + tail));
             REQUIRE(found.log == log);
             REQUIRE(found.replay.valid_bytes == written.bytes.size());
           })
        .code();
  };
  // Lengths beyond the file and the limit; no type; reserved bytes; a checksum without its payload.
  for (const uint32_t length :
       {9u, 1000u, 0x40000000u, 0x40000001u, 0x7fffffffu, 0xffffffe8u, 0xfffffff8u, 0xffffffffu}) {
    CHECK(outcome(Forge(salt, length, 3, 1, "12345678")) == ErrorCode::kInternal);
  }
  CHECK(outcome(Forge(salt, 0, 3, 0, "")) == ErrorCode::kInternal);
  CHECK(outcome(Forge(salt, 0, 3, 1, "", 2)) == ErrorCode::kInternal);
  CHECK(outcome(Forge(salt, 0, 3, 1, "", 0x100)) == ErrorCode::kInternal);
  CHECK(outcome(Forge(salt, 7, 3, 1, "1234567")) == ErrorCode::kInternal);
  // Commits that count wrong, or are none.
  CHECK(outcome(Forge(salt, 4, 3, 16, count1)) == ErrorCode::kCorrupt);
  CHECK(outcome(Forge(salt, 0, 3, 16, "")) == ErrorCode::kCorrupt);
  CHECK(outcome(Forge(salt, 4, 3, 16, "\xff\xff\xff\xff")) == ErrorCode::kCorrupt);
  // Types nobody knows.
  for (const int type : {5, 15, 18, 34, 64, 255}) {
    CHECK(outcome(Forge(salt, 0, 3, static_cast<uint8_t>(type), "")) == ErrorCode::kCorrupt);
  }
  // Sequences from anywhere: later ones say that something is missing, if they vouch for it.
  for (const uint64_t sequence : {uint64_t{4}, uint64_t{1} << 40, UINT64_MAX}) {
    CHECK(outcome(Forge(salt, 0, sequence, 1, "")) == ErrorCode::kCorrupt);
    CHECK(outcome(Forge(salt, 0, sequence, 1, "", 0)) == ErrorCode::kInternal);
  }
  for (const uint64_t sequence : {0, 1, 2}) {
    CHECK(outcome(Forge(salt, 0, sequence, 1, "")) == ErrorCode::kInternal);
  }
  // At an odd place a record is none.
  CHECK(outcome("x" + Forge(salt, 0, 4, 1, "")) == ErrorCode::kInternal);
  CHECK(outcome("12345678" + Forge(salt, 0, 4, 1, "")) == ErrorCode::kCorrupt);
}

TEST_CASE("wal: a tail made to look like records everywhere ends in bounded time") {
  const Log log = MixedLog(11, 1);
  const Written written = WriteLog(log);
  std::string tail;
  const size_t n = 400000;
  for (size_t i = 0; i < n; ++i) {
    PutU32(tail, static_cast<uint32_t>((n - i - 1) * 24));
    PutU32(tail, 0xdeadbeef);
    PutU64(tail, 77);
    PutU32(tail, 1 | kWalFlagSynced << 8);
    PutU32(tail, 0);
  }
  CHECK(ErrorOf([&] { Recover(*FolderWith(written.bytes + tail)); }).code() == ErrorCode::kCorrupt);
}

TEST_CASE("wal: unsynced transactions torn out of order are cut, not called damage") {
  const Log log = MixedLog(12, 8, 900);
  FaultDirectory directory;
  const auto writer = WalWriter::Create(directory, 1, kDatabase, 1);
  directory.Sync();
  for (size_t i = 0; i < 3; ++i) Write(*writer, log[i], true);
  for (size_t i = 3; i < 8; ++i) Write(*writer, log[i], false);
  size_t shortest = 8;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const Recovered found = Recover(*directory.Crash({CrashModel::Tail::kTorn, false, seed}));
    REQUIRE(found.log.size() >= 3);
    REQUIRE(IsPrefix(found.log, log));
    shortest = std::min(shortest, found.log.size());
  }
  CHECK(shortest == 3);
  // Once synced and followed by anything, a hole is damage.
  writer->Sync();
  writer->Add(WalRecordType::kDelete, 1, {"x"});
  writer->Commit(false);
  std::string bytes = directory.Content(WalName(1));
  bytes[bytes.size() - 100] ^= 1;
  CHECK(ErrorOf([&] { Recover(*FolderWith(bytes)); }).code() == ErrorCode::kCorrupt);
}

// What a run of a workload was told.
struct Outcome {
  bool created = false;
  bool broken = false;
  Log acknowledged;
  Log attempted;  // in the order of their sequences, failed syncs included
};

Log Workload() {
  Log log = MixedLog(13, 6);
  Rng rng(13);
  for (int i = 0; i < 12; ++i) {
    log[2].records.push_back({WalRecordType::kPut, 2, RandomText(rng, 100000)});
  }
  return log;
}

Outcome Run(FaultDirectory& directory, const Log& workload) {
  Outcome outcome;
  std::unique_ptr<WalWriter> writer;
  try {
    writer = WalWriter::Create(directory, 1, kDatabase, 1);
    directory.Sync();
    outcome.created = true;
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kIo);
    return outcome;
  }
  for (const Transaction& wanted : workload) {
    Transaction transaction = wanted;
    transaction.sequence = writer->next_sequence();
    const uint64_t bytes = writer->bytes();
    try {
      Write(*writer, transaction, true);
      outcome.attempted.push_back(transaction);
      outcome.acknowledged.push_back(transaction);
      CHECK_FALSE(outcome.broken);
    } catch (const Error& error) {
      if (outcome.broken) {
        CHECK(error.code() == ErrorCode::kReadOnly);
        continue;
      }
      CHECK(error.code() == ErrorCode::kIo);
      outcome.broken = writer->broken();
      if (outcome.broken) {
        outcome.attempted.push_back(transaction);
      } else {
        CHECK(writer->bytes() == bytes);
        CHECK(writer->next_sequence() == transaction.sequence);
      }
    }
  }
  return outcome;
}

// Recovery finds all that was acknowledged, in order, and at most one transaction more.
void CheckRecovery(Directory& directory, const Outcome& outcome) {
  if (!directory.Exists(WalName(1))) {
    REQUIRE_FALSE(outcome.created);
    return;
  }
  const Recovered found = Recover(directory);
  REQUIRE(IsPrefix(outcome.acknowledged, found.log));
  REQUIRE(IsPrefix(found.log, outcome.attempted));
}

TEST_CASE("wal: a fault at every call loses nothing that was acknowledged") {
  const Log workload = Workload();
  FaultDirectory healthy;
  CHECK(Run(healthy, workload).acknowledged == workload);
  const uint64_t calls = healthy.calls();
  CHECK(calls > 15);
  for (uint64_t call = 0; call < calls; ++call) {
    for (const Fault fault : {Fault::kIo, Fault::kNoSpace, Fault::kShortWrite, Fault::kPowerCut}) {
      for (const bool sticky : {false, true}) {
        FaultDirectory directory;
        directory.FailCall(call, fault, sticky);
        const Outcome outcome = Run(directory, workload);
        CAPTURE(call, static_cast<int>(fault), sticky, directory.log());
        if (!sticky && fault != Fault::kPowerCut && outcome.created && !outcome.broken) {
          // One write failed: all others went through.
          REQUIRE(outcome.acknowledged.size() == workload.size() - 1);
        }
        CheckRecovery(directory, outcome);
        for (uint64_t seed = 0; seed < 4; ++seed) {
          for (const auto tail : {CrashModel::Tail::kSynced, CrashModel::Tail::kAll,
                                  CrashModel::Tail::kTorn, CrashModel::Tail::kZeros}) {
            if (tail != CrashModel::Tail::kTorn && seed > 0) continue;
            CheckRecovery(*directory.Crash({tail, seed % 2 == 1, seed}), outcome);
          }
        }
      }
    }
  }
}

TEST_CASE("wal: after a failed sync only reopening helps") {
  FaultDirectory directory;
  const auto writer = WalWriter::Create(directory, 1, kDatabase, 1);
  writer->Add(WalRecordType::kDelete, 1, {"a"});
  directory.FailCall(directory.calls() + 1, Fault::kIo);
  CHECK(ErrorOf([&] { writer->Commit(true); }).code() == ErrorCode::kIo);
  CHECK(writer->broken());
  CHECK(ErrorOf([&] { writer->Add(WalRecordType::kDelete, 1, {"b"}); }).code() ==
        ErrorCode::kReadOnly);
  CHECK(ErrorOf([&] { writer->Commit(true); }).code() == ErrorCode::kReadOnly);
  CHECK(ErrorOf([&] { writer->Sync(); }).code() == ErrorCode::kReadOnly);
  CHECK(ErrorOf([&] { writer->MarkClosed(); }).code() == ErrorCode::kReadOnly);
  writer->Rollback();
}

TEST_CASE("wal: a cut that fails breaks the writer, and the torn transaction does not count") {
  FaultDirectory directory;
  const auto writer = WalWriter::Create(directory, 1, kDatabase, 1);
  directory.FailCall(directory.calls(), Fault::kShortWrite, true);
  writer->Add(WalRecordType::kDelete, 1, {std::string(1000, 'a')});
  CHECK(ErrorOf([&] { writer->Commit(true); }).code() == ErrorCode::kIo);
  CHECK(writer->broken());
  const Recovered found = Recover(directory);
  CHECK(found.log.empty());
  CHECK(found.replay.cut_bytes > 0);
}

TEST_CASE("wal: on disk") {
  if (!TestFolder::Available()) return;
  const TestFolder folder;
  const auto directory = folder.Open();
  const Log log = MixedLog(14, 20, 5000);
  {
    const auto writer = WalWriter::Create(*directory, 1, kDatabase, 1);
    for (const Transaction& transaction : log) Write(*writer, transaction, true);
    // Left open, with a transaction written through but not committed.
    writer->Add(WalRecordType::kPut, 1, {std::string(size_t{3} << 20, 'x')});
  }
  Recovered found = Recover(*directory);
  CHECK(found.log == log);
  CHECK(found.replay.cut_bytes >= size_t{3} << 20);
  const auto writer = WalWriter::Continue(*directory, 1, kDatabase, found.replay.valid_bytes,
                                          found.replay.next_sequence);
  CHECK(directory->Open(WalName(1), OpenMode::kRead)->Size() == found.replay.valid_bytes);
  writer->MarkClosed();
  CHECK(Recover(*directory).replay.closed);
  CHECK(ErrorOf([&] { WalWriter::Create(*directory, 1, kDatabase, 1); }).code() == ErrorCode::kIo);
}

}  // namespace
}  // namespace ruvector
