// What a database that was accepted must be able to do, whatever its files hold.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collection/database.h"
#include "core/error.h"

namespace ruvector::fuzz {

/// Ends the process when it does not hold.
void Require(bool holds, const char* what);

/// Codes with which opening may refuse a file.
inline constexpr std::initializer_list<ErrorCode> kRefusals = {ErrorCode::kCorrupt,
                                                               ErrorCode::kUnsupported};

/// Runs `f`; anything but std::bad_alloc or an Error of these codes ends the process. True when
/// nothing was thrown.
bool Survives(const std::function<void()>& f,
              std::initializer_list<ErrorCode> codes = {ErrorCode::kCorrupt});

struct Stored {
  std::vector<float> vector;
  std::string metadata;
  /// By their bits: what is no number differs from itself.
  bool operator==(const Stored& other) const;
};
/// By id.
using Rows = std::map<std::string, Stored>;

struct Content {
  std::map<std::string, Rows> collections;
  /// Each id comes once and is found by itself. The rows of a hostile file need not be so.
  bool consistent = true;
};

/// Throws kCorrupt.
Content ReadAll(Database& db);

/// Reads, searches, counts; ends the process for an answer that is wrong whatever the files hold.
/// Throws kCorrupt.
Content Read(Database& db);

/// Reads, writes, and compares with what `reopen` finds after closing; it may return nothing.
/// Throws kCorrupt unless what was there is consistent.
void Exercise(std::unique_ptr<Database> db,
              const std::function<std::unique_ptr<Database>()>& reopen);

/// Counts inputs by how far they got, told at exit: all, behind the checksums, into the core.
void Reached(const char* stage);

/// Options of every target.
DatabaseOptions Options();

}  // namespace ruvector::fuzz
