// Metadata filters in MongoDB's query language.
//
//   {"year": {"$gte": 2020}, "tags": "ai"}          siblings are a conjunction, a bare value is $eq
//   $eq $ne $gt $gte $lt $lte $in $nin $exists $all $size $elemMatch $not      under a field
//   $contains (substring, or element of an array), $between [lo, hi]           ours, under a field
//   $and $or $nor, and ours: $not {filter}                                     in place of a field
//
// As in MongoDB: "a.b" goes through objects, arrays of objects and array indexes ("a.0.b"); an
// array matches when an element does, or the whole; null matches a missing field; $ne, $nin, $not
// and $nor are exact complements; comparison never crosses types; an object literal is equality
// with key order. Numbers compare by value, 64-bit integers exactly; strings by bytes. Unlike
// MongoDB, an order comparison takes a number, string or boolean only, and a key that starts with $
// inside a literal is refused: both are mistakes in practice. {"$and": []} is all, {"$or": []}
// none. Source: mongodb.com/docs/manual/reference/operator/query; semantics of paths as in
// MongoDB 8.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "core/json.h"

namespace ruvector {

namespace filter_internal {
struct Tree;
}

/// Memory that MatchesText reuses from row to row. One thread at a time.
class FilterScratch {
 public:
  FilterScratch() : pool_(buffer_, sizeof buffer_, kChunk) {}
  FilterScratch(const FilterScratch&) = delete;
  FilterScratch& operator=(const FilterScratch&) = delete;

 private:
  friend class Filter;
  // Holds the fields a filter names; only a large array or object among them spills to the heap.
  static constexpr size_t kBuffer = 8192;
  static constexpr size_t kChunk = 65536;

  alignas(16) char buffer_[kBuffer];
  JsonAllocator pool_;
};

/// A parsed filter. Immutable; copies share it; any number of threads may match at once.
class Filter {
 public:
  /// Reads a filter object. Throws kInvalidFilter for an unknown operator, a wrong operand, a $ key
  /// where none belongs, more than kMaxFilterDepth levels or kMaxFilterConditions conditions (the
  /// members of $in are one), naming the path and what is allowed there.
  static Filter Parse(const Json& filter);

  /// Whether a row matches; anything but an object counts as {}. Throws kInvalidFilter when the
  /// filter's paths branch into more than four million steps in this one document.
  bool Matches(const Json& metadata) const;

  /// Matches(ParseJson(metadata_json)) without parsing more than the fields the filter names; empty
  /// text is {}. The text must be an object (or null) that ParseJson accepts: what is not looked at
  /// is not checked, and damage that is seen throws kCorrupt. `scratch` serves one call at a time.
  bool MatchesText(std::string_view metadata_json, FilterScratch& scratch) const;

  /// For the other files of this folder.
  const filter_internal::Tree& tree() const { return *tree_; }

 private:
  explicit Filter(std::shared_ptr<const filter_internal::Tree> tree) : tree_(std::move(tree)) {}

  std::shared_ptr<const filter_internal::Tree> tree_;
};

}  // namespace ruvector
