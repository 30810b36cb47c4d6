// What a database that was accepted must be able to do, whatever its files hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "collection/database.h"

namespace ruvector::fuzz {

/// Runs `f`; anything but an Error (kInternal apart) or std::bad_alloc ends the process. True when
/// nothing was thrown.
bool Survives(const std::function<void()>& f);

/// Reads, searches, counts. Throws Error for damage; ends the process for a wrong answer.
void Read(Database& db);

/// Reads, writes, and compares with what `reopen` finds after closing.
void Exercise(std::unique_ptr<Database> db,
              const std::function<std::unique_ptr<Database>()>& reopen);

/// Counted, and told at exit.
void Accepted(bool accepted);

}  // namespace ruvector::fuzz
