// Writes that depend on what is there: looked up and committed while no other writer is at work.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "collection/database.h"

namespace ruvector {

/// Replaces the vector ([dimensions], null: stays) and the metadata (none: stays) of a row; false
/// when there is no such id. Arguments are checked by the caller. Throws like Database::Write.
bool UpdateRow(Database& database, Collection& collection, std::string_view id, const float* vector,
               std::optional<std::string> metadata);

/// Deletes the rows of these ids; returns how many there were.
size_t DeleteRows(Database& database, Collection& collection,
                  std::span<const std::string_view> ids);

/// Deletes the rows that match; returns how many there were.
size_t DeleteMatching(Database& database, Collection& collection, const Filter& filter);

/// Deletes all rows.
void DeleteAll(Database& database, Collection& collection);

}  // namespace ruvector
