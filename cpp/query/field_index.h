// Which rows have which values in one metadata field: its distinct values in order, and for each
// the rows that have it. It answers conditions of a filter without reading metadata text.
//
// It holds every value that a condition on the field's path can see (elements of arrays too), but
// for objects, arrays and strings of more than kMaxIndexedString bytes. Bytes: storage/FORMAT.md,
// Field index.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/bitset.h"
#include "core/interrupt.h"
#include "core/types.h"
#include "query/filter_tree.h"

namespace ruvector {

/// JSON text of a row's metadata; empty: none.
using TextOfRow = std::function<std::string_view(Slot)>;

/// Threads: immutable.
class FieldIndex {
 public:
  static constexpr size_t kMaxIndexedString = 256;

  /// Makes the index of rows begin … end - 1; empty where it would take more than `most` bytes, or
  /// as much while it is made. `path`: without array indexes. Throws kCorrupt, kAborted, kTimeout,
  /// and kInvalidFilter for documents that take too many steps.
  static std::string Build(const filter_internal::Path& path, Slot begin, Slot end,
                           const TextOfRow& text, size_t most, const Interrupt* interrupt);

  /// Reads an index that Build made of rows begin … end - 1. Checks all of it but the order of its
  /// values; throws kCorrupt. The bytes must outlive it.
  FieldIndex(std::string_view bytes, Slot begin, Slot end);
  /// The same, with bytes of its own.
  static std::shared_ptr<const FieldIndex> Own(std::string bytes, Slot begin, Slot end);

  Slot begin() const { return begin_; }
  Slot end() const { return end_; }
  /// In memory, not in a file.
  size_t heap_bytes() const { return owned_.capacity(); }
  std::string_view bytes() const { return bytes_; }
  /// Has any row a value?
  bool any() const { return Start(kSpecials) > Start(kNull) || numbers_ + strings_ > 0; }

  enum class Answer {
    kExact,     ///< the rows that fulfil the condition
    kSuperset,  ///< those and perhaps others
    kUnknown,   ///< cannot tell; what was set means nothing
  };
  /// Sets the rows that fulfil a condition, `negated` left aside, on this path.
  Answer Match(const filter_internal::Node& condition, Bitset& rows) const;

 private:
  // Lists of rows come in this order: these five, then each number's, then each string's.
  enum Special : uint32_t { kMissing, kOddExistence, kNull, kFalse, kTrue, kSpecials };

  uint32_t Start(uint32_t list) const;
  std::string_view StringAt(uint32_t i) const;
  Json ValueAt(uint32_t list) const;
  uint32_t LowerBound(const Json& value, uint32_t begin, uint32_t end) const;
  uint32_t UpperBound(const Json& value, uint32_t begin, uint32_t end) const;
  void SetLists(uint32_t begin, uint32_t end, Bitset& rows) const;
  void SetMissing(Bitset& rows) const;
  bool SetEqual(const Json& value, Bitset& rows) const;
  bool SetRange(const Json* low, bool low_included, const Json* high, bool high_included,
                Bitset& rows) const;

  std::string owned_;
  std::string_view bytes_;
  Slot begin_, end_;
  uint32_t flags_ = 0, numbers_ = 0, strings_ = 0, postings_ = 0, string_bytes_ = 0;
  const char* number_bits_ = nullptr;   // u64 [numbers]
  const char* starts_ = nullptr;        // u32 [kSpecials + numbers + strings + 1]
  const char* rows_ = nullptr;          // u32 [postings], relative to begin
  const char* string_ends_ = nullptr;   // u32 [strings]
  const char* number_kinds_ = nullptr;  // u8 [numbers]
  const char* text_ = nullptr;          // u8 [string_bytes]
};

}  // namespace ruvector
