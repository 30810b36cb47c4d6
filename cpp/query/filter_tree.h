// What Filter::Parse makes of a filter, shared by the files of this folder only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace ruvector::filter_internal {

/// Everything else is made of these: $ne is a negated kEq, $nor a negated kOr, $all a kAnd of kEq.
enum class Op : uint8_t {
  kAnd,
  kOr,
  kEq,
  kGt,
  kGte,
  kLt,
  kLte,
  kBetween,
  kIn,
  kExists,
  kSize,
  kContains,
  kElemMatchQuery,  // the child is a filter over the element's fields
  kElemMatchValue,  // the child is a condition on the element itself
};

struct Segment {
  static constexpr uint32_t kNoIndex = 0xffffffffu;
  std::string name;
  uint32_t index = kNoIndex;  // the array index it also names: "0", "17", not "00"
};

using Path = std::vector<Segment>;

/// The path of a condition on the value itself, inside $elemMatch.
inline constexpr uint32_t kSelf = 0xffffffffu;

struct Node {
  Op op;
  bool negated = false;
  uint32_t path = kSelf;             // of a condition: index into Tree::paths, or kSelf
  uint32_t size = 0;                 // of kSize
  std::vector<uint32_t> children{};  // of kAnd, kOr, and the one of kElemMatch*
  Json operand{};
  std::vector<const Json*> sorted{};  // a large kIn: the members in CompareJson order
};

/// From this size on a kIn is searched in order instead of one by one.
inline constexpr size_t kSortedIn = 17;

struct Tree {
  JsonAllocator pool{1024};  // owns the operands
  std::vector<Path> paths;
  std::vector<Node> nodes;
  uint32_t root = 0;
  std::vector<std::string> fields;  // the top-level fields it looks at, sorted
};

/// Throws kInvalidFilter.
void ParseTree(const Json& filter, Tree& tree);

/// Whether the metadata object (or anything, standing for {}) fulfils a node, not inside
/// $elemMatch.
bool MatchNode(const Tree& tree, uint32_t node, const Json& metadata);

/// An object of those top-level fields of a JSON object text that are wanted, sorted names. It
/// points into `text` and `pool`. Throws kCorrupt.
Json ReadFields(const std::vector<std::string>& wanted, std::string_view text, JsonAllocator& pool);

/// MongoDB's order of values: by type (null, number, string, object, array, boolean), then by
/// value. Recurses no deeper than the shallower of the two.
int CompareJson(const Json& a, const Json& b);

/// The rank of a type in CompareJson; integers and doubles share one.
int TypeRank(const Json& value);

}  // namespace ruvector::filter_internal
