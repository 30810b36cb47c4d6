#include <algorithm>
#include <string_view>
#include <utility>

#include "query/filter.h"
#include "query/filter_tree.h"

namespace ruvector {
namespace filter_internal {
namespace {

constexpr size_t kMaxSteps = size_t{1} << 22;

/// The field of an object, or of an array taken as the object {"0": …, "1": …}; null when missing.
const Json* Get(const Json& document, const Segment& segment) {
  if (document.IsArray()) {
    return segment.index < document.Size() ? &document[segment.index] : nullptr;
  }
  return FindMember(document, segment.name);
}

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
    return WalkObject(node, tree_.paths[node.path], 0, value);
  }

  /// Whether any value the rest of the path (from segment `i`) leads to passes the test; a missing
  /// one is tested as null pointer. An array on the way without objects leads to nothing, not to
  /// missing. Recursion ends with the path.
  bool WalkObject(const Node& node, const Path& path, size_t i, const Json& object) {
    const Json* value = &object;
    for (;; ++i) {
      value = Get(*value, path[i]);
      const bool last = i + 1 == path.size();
      if (value == nullptr) return Test(node, nullptr);
      if (value->IsArray()) break;
      if (last) return Test(node, value);
      if (!value->IsObject()) return Test(node, nullptr);
    }
    return WalkArray(node, path, i + 1, *value);
  }

  bool WalkArray(const Node& node, const Path& path, size_t i, const Json& array) {
    if (i == path.size()) {
      if (SeesElements(node.op)) {
        for (const Json& element : array.GetArray()) {
          if (Test(node, &element)) return true;
        }
      }
      return Test(node, &array);
    }
    const Segment& segment = path[i];
    const bool last = i + 1 == path.size();
    for (rapidjson::SizeType at = 0; at < array.Size(); ++at) {
      const Json& element = array[at];
      if (element.IsObject()) {
        CountStep();
        if (WalkObject(node, path, i, element)) return true;
      }
      if (at != segment.index) continue;
      if (last) {
        if (Test(node, &element)) return true;
      } else if (element.IsObject()) {
        CountStep();
        if (WalkObject(node, path, i + 1, element)) return true;
      } else if (element.IsArray()) {
        CountStep();
        if (WalkArray(node, path, i + 1, element)) return true;
      }
    }
    return false;
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
      CountStep();
      const bool has_fields = element.IsObject() || element.IsArray();
      if (node.op == Op::kElemMatchQuery && !has_fields) continue;
      if (Holds(node.children[0], element)) return true;
    }
    return false;
  }

  /// "a.0.0…" over nested arrays of objects can be read in exponentially many ways.
  void CountStep() {
    if (++steps_ > kMaxSteps) {
      throw Error(ErrorCode::kInvalidFilter,
                  "filter takes more than " + std::to_string(kMaxSteps) +
                      " steps in one document; expected fewer nested arrays on its paths");
    }
  }

  const Tree& tree_;
  size_t steps_ = 0;
};

}  // namespace

bool MatchTree(const Tree& tree, const Json& metadata) {
  Matcher matcher(tree);
  if (metadata.IsObject()) return matcher.Holds(tree.root, metadata);
  const Json none(rapidjson::kObjectType);
  return matcher.Holds(tree.root, none);
}

}  // namespace filter_internal

Filter Filter::Parse(const Json& filter) {
  auto tree = std::make_shared<filter_internal::Tree>();
  filter_internal::ParseTree(filter, *tree);
  return Filter(std::move(tree));
}

bool Filter::Matches(const Json& metadata) const {
  return filter_internal::MatchTree(*tree_, metadata);
}

bool Filter::MatchesText(std::string_view metadata_json, FilterScratch& scratch) const {
  scratch.pool_.Clear();
  const Json fields = filter_internal::ReadFields(*tree_, metadata_json, scratch.pool_);
  return filter_internal::MatchTree(*tree_, fields);
}

}  // namespace ruvector
