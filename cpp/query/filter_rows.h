// Which of many rows match a filter: by field indexes where they answer, by text where not.
#pragma once

#include <string>
#include <vector>

#include "core/bitset.h"
#include "core/interrupt.h"
#include "query/field_indexes.h"
#include "query/filter.h"

namespace ruvector {

/// How a filter was answered.
struct FilterWork {
  std::vector<std::string> indexed;  ///< fields whose index was used, sorted
  size_t texts_read = 0;             ///< rows whose metadata was read
};

/// Takes the rows that do not match out of `rows`. `indexes`: of those rows; new ones
/// may take `room` bytes. Throws kInvalidFilter, kCorrupt, kAborted, kTimeout, as
/// Filter::MatchesText does.
void KeepMatching(const Filter& filter, const TextOfRow& text, FieldIndexes& indexes, size_t room,
                  const Interrupt* interrupt, Bitset& rows, FilterWork* work = nullptr);

}  // namespace ruvector
