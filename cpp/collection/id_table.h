// Finds the row of an id: open addressing over slots, the same layout in memory and on disk
// (FORMAT.md, section 4).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/random.h"
#include "core/types.h"

namespace ruvector {

/// Looks an id up in a table of `capacity` (a power of two) words holding slot + 1 or 0.
///   word(i)   the table's word
///   id_of(s)  the id of a slot; called for slots < rows only, a larger one ends the search
///   (damaged file)
template <typename Word, typename IdOf>
Slot FindInIdTable(std::string_view id, size_t capacity, size_t rows, const Word& word,
                   const IdOf& id_of) {
  if (capacity == 0) return kNoSlot;
  size_t at = static_cast<size_t>(HashBytes(id)) & (capacity - 1);
  for (size_t probes = 0; probes < capacity; ++probes, at = (at + 1) & (capacity - 1)) {
    const uint32_t entry = word(at);
    if (entry == 0 || entry > rows) return kNoSlot;
    if (id_of(entry - 1) == id) return entry - 1;
  }
  return kNoSlot;
}

/// One entry per distinct id: the last row that had it.
class IdTable {
 public:
  size_t capacity() const { return words_.size(); }
  const std::vector<uint32_t>& words() const { return words_; }

  template <typename IdOf>
  Slot Find(std::string_view id, size_t rows, const IdOf& id_of) const {
    return FindInIdTable(
        id, words_.size(), rows, [&](size_t i) { return words_[i]; }, id_of);
  }

  size_t CapacityAfterReserve(size_t more) const {
    size_t wanted = words_.empty() ? 64 : words_.size();
    while (wanted * 2 < (used_ + more) * 3) wanted *= 2;  // at most two thirds full
    return wanted;
  }

  /// Makes room for `more` further ids, so that Put cannot fail.
  template <typename IdOf>
  void Reserve(size_t more, const IdOf& id_of) {
    const size_t wanted = CapacityAfterReserve(more);
    if (wanted == words_.size()) return;
    std::vector<uint32_t> old(wanted, 0);
    old.swap(words_);
    for (uint32_t entry : old) {
      if (entry != 0) words_[FreeOrSame(id_of(entry - 1), id_of)] = entry;
    }
  }

  /// Points the id of `slot` at it. Needs room reserved.
  template <typename IdOf>
  void Put(Slot slot, const IdOf& id_of) noexcept {
    const size_t at = FreeOrSame(id_of(slot), id_of);
    if (words_[at] == 0) ++used_;
    words_[at] = slot + 1;
  }

 private:
  template <typename IdOf>
  size_t FreeOrSame(std::string_view id, const IdOf& id_of) const {
    size_t at = static_cast<size_t>(HashBytes(id)) & (words_.size() - 1);
    while (words_[at] != 0 && id_of(words_[at] - 1) != id) at = (at + 1) & (words_.size() - 1);
    return at;
  }

  std::vector<uint32_t> words_;
  size_t used_ = 0;
};

}  // namespace ruvector
