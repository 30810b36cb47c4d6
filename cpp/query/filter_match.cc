#include <algorithm>
#include <string_view>
#include <utility>

#include "query/filter.h"
#include "query/filter_tree.h"
#include "query/filter_walk.h"

namespace ruvector {
namespace filter_internal {
namespace {

/// Both conditions look at the array itself, the others at its elements too.
bool SeesElements(Op op) {
  return op != Op::kExists && op != Op::kSize && op != Op::kContains && op != Op::kElemMatchQuery &&
         op != Op::kElemMatchValue;
}

class Matcher {
 public:
  explicit Matcher(const Tree& tree) : tree_(tree) {}

  /// Whether `value` fulfils the node: a document where it has paths, an array element where it has
  /// none. Recursion ends with the filter, which is at most kMaxFilterDepth deep.
  bool Holds(uint32_t id, const Json& value) {
    const Node& node = tree_.nodes[id];
    return HoldsUnnegated(node, value) != node.negated;
  }

 private:
  bool HoldsUnnegated(const Node& node, const Json& value) {
    if (node.op == Op::kAnd || node.op == Op::kOr) {
      const bool decides = node.op == Op::kOr;
      for (const uint32_t child : node.children) {
        if (Holds(child, value) == decides) return decides;
      }
      return !decides;
    }
    if (node.path == kSelf) return Test(node, &value);
    return WalkObject(tree_.paths[node.path], 0, value, SeesElements(node.op), steps_,
                      [&](const Json* found) { return Test(node, found); });
  }

  bool Test(const Node& node, const Json* value) {
    const Json& operand = node.operand;
    switch (node.op) {
      case Op::kEq:
        return value == nullptr ? operand.IsNull() : CompareJson(*value, operand) == 0;
      case Op::kGt:
        return SameType(value, operand) && CompareJson(*value, operand) > 0;
      case Op::kGte:
        return SameType(value, operand) && CompareJson(*value, operand) >= 0;
      case Op::kLt:
        return SameType(value, operand) && CompareJson(*value, operand) < 0;
      case Op::kLte:
        return SameType(value, operand) && CompareJson(*value, operand) <= 0;
      case Op::kBetween:
        return SameType(value, operand[0]) && CompareJson(*value, operand[0]) >= 0 &&
               CompareJson(*value, operand[1]) <= 0;
      case Op::kIn:
        return IsIn(node, value);
      case Op::kExists:
        return value != nullptr;
      case Op::kSize:
        return value != nullptr && value->IsArray() && value->Size() == node.size;
      case Op::kContains:
        return value != nullptr && Contains(*value, operand);
      case Op::kElemMatchQuery:
      case Op::kElemMatchValue:
        return value != nullptr && value->IsArray() && ElemMatch(node, *value);
      case Op::kAnd:
      case Op::kOr:
        break;
    }
    return false;
  }

  static bool SameType(const Json* value, const Json& operand) {
    return value != nullptr && TypeRank(*value) == TypeRank(operand);
  }

  static bool IsIn(const Node& node, const Json* value) {
    const Json missing;
    const Json& wanted = value == nullptr ? missing : *value;
    if (!node.sorted.empty()) {
      const auto at =
          std::lower_bound(node.sorted.begin(), node.sorted.end(), &wanted,
                           [](const Json* a, const Json* b) { return CompareJson(*a, *b) < 0; });
      return at != node.sorted.end() && CompareJson(**at, wanted) == 0;
    }
    for (const Json& member : node.operand.GetArray()) {
      if (CompareJson(wanted, member) == 0) return true;
    }
    return false;
  }

  static bool Contains(const Json& value, const Json& operand) {
    if (value.IsArray()) {
      for (const Json& element : value.GetArray()) {
        if (CompareJson(element, operand) == 0) return true;
      }
      return false;
    }
    return value.IsString() && operand.IsString() &&
           JsonText(value).find(JsonText(operand)) != std::string_view::npos;
  }

  bool ElemMatch(const Node& node, const Json& array) {
    for (const Json& element : array.GetArray()) {
      steps_.Count();
      const bool has_fields = element.IsObject() || element.IsArray();
      if (node.op == Op::kElemMatchQuery && !has_fields) continue;
      if (Holds(node.children[0], element)) return true;
    }
    return false;
  }

  const Tree& tree_;
  StepCounter steps_;
};

}  // namespace

void StepCounter::Fail() {
  throw Error(ErrorCode::kInvalidFilter,
              "filter takes more than " + std::to_string(kMost) +
                  " steps in one document; expected fewer nested arrays on its paths");
}

bool MatchNode(const Tree& tree, uint32_t node, const Json& metadata) {
  Matcher matcher(tree);
  if (metadata.IsObject()) return matcher.Holds(node, metadata);
  const Json none(rapidjson::kObjectType);
  return matcher.Holds(node, none);
}

}  // namespace filter_internal

Filter Filter::Parse(const Json& filter) {
  auto tree = std::make_shared<filter_internal::Tree>();
  filter_internal::ParseTree(filter, *tree);
  return Filter(std::move(tree));
}

bool Filter::Matches(const Json& metadata) const {
  return filter_internal::MatchNode(*tree_, tree_->root, metadata);
}

bool Filter::MatchesText(std::string_view metadata_json, FilterScratch& scratch) const {
  scratch.pool_.Clear();
  const Json fields = filter_internal::ReadFields(tree_->fields, metadata_json, scratch.pool_);
  return filter_internal::MatchNode(*tree_, tree_->root, fields);
}

}  // namespace ruvector
