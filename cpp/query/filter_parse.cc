#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "core/suggest.h"
#include "core/types.h"
#include "query/filter_tree.h"

namespace ruvector::filter_internal {
namespace {

constexpr auto kFieldOperators = std::to_array<std::string_view>(
    {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$all", "$size",
     "$elemMatch", "$not", "$contains", "$between"});
constexpr auto kLogicalOperators = std::to_array<std::string_view>({"$and", "$or", "$nor", "$not"});

bool IsOneOf(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string List(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) {
    if (!out.empty()) out += ", ";
    out += word;
  }
  return out;
}

bool StartsWithDollar(const Json& name) {
  return name.GetStringLength() > 0 && name.GetString()[0] == '$';
}

/// What an object under a field is: a literal, conditions, or an error of both.
enum class Shape { kLiteral, kOperators, kMixed };

Shape ShapeOf(const Json& value) {
  if (!value.IsObject() || value.MemberCount() == 0) return Shape::kLiteral;
  size_t operators = 0;
  for (const auto& member : value.GetObject()) operators += StartsWithDollar(member.name) ? 1 : 0;
  if (operators == 0) return Shape::kLiteral;
  return operators == value.MemberCount() ? Shape::kOperators : Shape::kMixed;
}

class Parser {
 public:
  explicit Parser(Tree& tree) : tree_(tree) {}

  /// A filter over fields: every member must hold.
  uint32_t Query(const Json& query) {
    const Level level(*this);
    if (!query.IsObject())
      Fail(std::string("expected a filter object, got ") + JsonTypeName(query));
    std::vector<uint32_t> parts;
    for (const auto& member : query.GetObject()) {
      const Step step(*this, JsonText(member.name));
      parts.push_back(StartsWithDollar(member.name) ? Logical(JsonText(member.name), member.value)
                                                    : Field(JsonText(member.name), member.value));
    }
    return Combine(Op::kAnd, std::move(parts));
  }

 private:
  /// Names the place in messages for as long as it lives.
  struct Step {
    Step(Parser& parser, std::string_view name) : trail(parser.trail_) { trail.push_back(name); }
    ~Step() { trail.pop_back(); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    std::vector<std::string_view>& trail;
  };

  /// One level of nesting, so that neither this parser nor the matcher runs out of stack.
  struct Level {
    explicit Level(Parser& parser) : depth(parser.depth_) {
      if (depth >= kMaxFilterDepth) {
        parser.Fail("more than " + std::to_string(kMaxFilterDepth) + " levels of nesting");
      }
      ++depth;
    }
    ~Level() { --depth; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    size_t& depth;
  };

  [[noreturn]] void Fail(const std::string& reason) const {
    if (trail_.empty()) throw Error(ErrorCode::kInvalidFilter, "filter: " + reason);
    std::string where;
    for (const std::string_view name : trail_) {
      if (!where.empty()) where += '.';
      where += name;
      if (where.size() > kMaxWhere) break;
    }
    throw Error(ErrorCode::kInvalidFilter, "filter at " + QuoteForMessage(where) + ": " + reason);
  }

  [[noreturn]] void FailUnknown(std::string_view name,
                                std::span<const std::string_view> allowed) const {
    if (name == "$regex" || name == "$options") {
      Fail(std::string(name) +
           " is not supported, use $contains for a substring; allowed here: " + List(allowed));
    }
    if (IsOneOf(name, kLogicalOperators)) {
      Fail(std::string(name) +
           " stands in place of a field, not under one; allowed here: " + List(allowed));
    }
    if (IsOneOf(name, kFieldOperators)) {
      Fail(std::string(name) + " stands under a field, as in {\"field\": {\"" + std::string(name) +
           "\": …}}; allowed here: " + List(allowed));
    }
    std::string hint = DidYouMean(name, allowed);
    if (hint.find("did you mean") == hint.npos) hint.clear();
    Fail("unknown operator " + QuoteForMessage(name) + hint + "; allowed here: " + List(allowed));
  }

  void Expect(bool ok, std::string_view operation, const char* expected, const Json& got) const {
    if (!ok) {
      Fail(std::string(operation) + " takes " + expected + ", got " + JsonTypeName(got));
    }
  }

  uint32_t Add(Node node) {
    if (node.children.empty() && ++conditions_ > kMaxFilterConditions) {
      Fail("more than " + std::to_string(kMaxFilterConditions) + " conditions");
    }
    tree_.nodes.push_back(std::move(node));
    return static_cast<uint32_t>(tree_.nodes.size() - 1);
  }

  uint32_t Combine(Op op, std::vector<uint32_t> parts) {
    if (parts.size() == 1) return parts[0];
    Node node{op};
    node.children = std::move(parts);
    return Add(std::move(node));
  }

  uint32_t Negate(uint32_t node) {
    tree_.nodes[node].negated = !tree_.nodes[node].negated;
    return node;
  }

  uint32_t Condition(Op op, uint32_t path, Json operand) {
    Node node{op};
    node.path = path;
    node.operand = std::move(operand);
    return Add(std::move(node));
  }

  uint32_t Logical(std::string_view name, const Json& operand) {
    if (!IsOneOf(name, kLogicalOperators)) FailUnknown(name, kLogicalOperators);
    if (name == "$not") {
      Expect(operand.IsObject(), name, "a filter object", operand);
      return Negate(Query(operand));
    }
    Expect(operand.IsArray(), name, "an array of filters", operand);
    std::vector<uint32_t> parts;
    for (const Json& part : operand.GetArray()) parts.push_back(Query(part));
    const uint32_t node = Combine(name == "$and" ? Op::kAnd : Op::kOr, std::move(parts));
    return name == "$nor" ? Negate(node) : node;
  }

  uint32_t Field(std::string_view dotted, const Json& value) {
    const uint32_t path = AddPath(dotted);
    switch (ShapeOf(value)) {
      case Shape::kOperators:
        return Operators(path, value);
      case Shape::kMixed:
        Fail("operators and plain keys in one object; write {\"a.b\": …} for a nested field");
      case Shape::kLiteral:
        break;
    }
    return Condition(Op::kEq, path, Literal(value));
  }

  /// Conditions on one path, or with kSelf on one array element: all must hold.
  uint32_t Operators(uint32_t path, const Json& operators) {
    const Level level(*this);
    std::vector<uint32_t> parts;
    for (const auto& member : operators.GetObject()) {
      const std::string_view name = JsonText(member.name);
      if (!IsOneOf(name, kFieldOperators)) FailUnknown(name, kFieldOperators);
      parts.push_back(Operator(path, name, member.value));
    }
    return Combine(Op::kAnd, std::move(parts));
  }

  uint32_t Operator(uint32_t path, std::string_view name, const Json& operand) {
    if (name == "$eq") return Condition(Op::kEq, path, Literal(operand));
    if (name == "$ne") return Negate(Condition(Op::kEq, path, Literal(operand)));
    if (name == "$gt") return Order(Op::kGt, path, name, operand);
    if (name == "$gte") return Order(Op::kGte, path, name, operand);
    if (name == "$lt") return Order(Op::kLt, path, name, operand);
    if (name == "$lte") return Order(Op::kLte, path, name, operand);
    if (name == "$in") return In(path, name, operand);
    if (name == "$nin") return Negate(In(path, name, operand));
    if (name == "$contains") return Condition(Op::kContains, path, Literal(operand));
    if (name == "$between") return Between(path, name, operand);
    if (name == "$all") return All(path, operand);
    if (name == "$size") return Size(path, operand);
    if (name == "$elemMatch") return ElemMatch(path, operand);
    if (name == "$exists") {
      Expect(operand.IsBool(), name, "true or false", operand);
      const uint32_t node = Condition(Op::kExists, path, Json());
      return operand.GetBool() ? node : Negate(node);
    }
    Expect(operand.IsObject(), name, "an object of operators", operand);
    if (ShapeOf(operand) != Shape::kOperators) {
      Fail("$not takes an object of operators, as in {\"$not\": {\"$gt\": 1}}");
    }
    return Negate(Operators(path, operand));
  }

  static bool IsOrdered(const Json& value) {
    return value.IsNumber() || value.IsString() || value.IsBool();
  }

  uint32_t Order(Op op, uint32_t path, std::string_view name, const Json& operand) {
    Expect(IsOrdered(operand), name, "a number, string or boolean", operand);
    return Condition(op, path, Literal(operand));
  }

  uint32_t Between(uint32_t path, std::string_view name, const Json& operand) {
    Expect(operand.IsArray(), name, "[low, high]", operand);
    if (operand.Size() != 2 || !IsOrdered(operand[0]) ||
        TypeRank(operand[0]) != TypeRank(operand[1])) {
      Fail("$between takes [low, high], two numbers or two strings");
    }
    return Condition(Op::kBetween, path, Literal(operand));
  }

  uint32_t In(uint32_t path, std::string_view name, const Json& operand) {
    Expect(operand.IsArray(), name, "an array", operand);
    const uint32_t id = Condition(Op::kIn, path, Literal(operand));
    Node& node = tree_.nodes[id];
    if (node.operand.Size() >= kSortedIn) {
      for (const Json& member : node.operand.GetArray()) node.sorted.push_back(&member);
      std::sort(node.sorted.begin(), node.sorted.end(),
                [](const Json* a, const Json* b) { return CompareJson(*a, *b) < 0; });
    }
    return id;
  }

  uint32_t All(uint32_t path, const Json& operand) {
    Expect(operand.IsArray(), "$all", "an array", operand);
    // Unlike an empty $and, an empty $all holds for nothing.
    if (operand.Empty()) return Combine(Op::kOr, {});
    const auto is_elem_match = [](const Json& member) {
      return member.IsObject() && member.MemberCount() == 1 &&
             JsonText(member.MemberBegin()->name) == "$elemMatch";
    };
    const bool elem_match = is_elem_match(operand[0]);
    std::vector<uint32_t> parts;
    for (const Json& member : operand.GetArray()) {
      if (is_elem_match(member) != elem_match) {
        Fail("$all takes values or {\"$elemMatch\": …} objects, not both");
      }
      parts.push_back(elem_match ? ElemMatch(path, member.MemberBegin()->value)
                                 : Condition(Op::kEq, path, Literal(member)));
    }
    return Combine(Op::kAnd, std::move(parts));
  }

  uint32_t Size(uint32_t path, const Json& operand) {
    Expect(operand.IsNumber(), "$size", "a whole number", operand);
    const double size = operand.GetDouble();
    if (!(size >= 0 && size <= 0xffffffffu) || size != std::trunc(size)) {
      Fail("$size takes a whole number from 0 on");
    }
    Node node{Op::kSize};
    node.path = path;
    node.size = static_cast<uint32_t>(size);
    return Add(std::move(node));
  }

  uint32_t ElemMatch(uint32_t path, const Json& operand) {
    Expect(operand.IsObject(), "$elemMatch", "an object", operand);
    const Level level(*this);
    const Step step(*this, "$elemMatch");
    const bool on_value = ConditionsOnElement(operand);
    if (on_value && ShapeOf(operand) == Shape::kMixed) {
      Fail("operators and plain keys in one object");
    }
    const bool outer = top_level_;
    top_level_ = false;
    Node node{on_value ? Op::kElemMatchValue : Op::kElemMatchQuery};
    node.path = path;
    node.children.push_back(on_value ? Operators(kSelf, operand) : Query(operand));
    top_level_ = outer;
    return Add(std::move(node));
  }

  /// {"$gt": 1} speaks of the element, {"b": 1} and {"$or": …} of its fields. $not is either.
  static bool ConditionsOnElement(const Json& operand) {
    for (const auto& member : operand.GetObject()) {
      std::string_view name = JsonText(member.name);
      const Json* value = &member.value;
      while (name == "$not" && value->IsObject() && value->MemberCount() > 0) {
        name = JsonText(value->MemberBegin()->name);
        value = &value->MemberBegin()->value;
      }
      if (name.substr(0, 1) == "$" && !IsOneOf(name, kLogicalOperators)) return true;
    }
    return false;
  }

  /// A copy of a value to compare with.
  Json Literal(const Json& value) {
    CheckLiteral(value, 0);
    return CopyJson(value, tree_.pool);
  }

  void CheckLiteral(const Json& value, size_t depth) const {
    if (depth >= kMaxJsonDepth) {
      Fail("a value of more than " + std::to_string(kMaxJsonDepth) + " levels");
    }
    if (value.IsArray()) {
      for (const Json& element : value.GetArray()) CheckLiteral(element, depth + 1);
    } else if (value.IsObject()) {
      for (const auto& member : value.GetObject()) {
        if (StartsWithDollar(member.name)) {
          Fail(QuoteForMessage(JsonText(member.name)) +
               " inside a value; for a condition on a nested field write {\"a.b\": {\"$…\": …}}");
        }
        CheckLiteral(member.value, depth + 1);
      }
    }
  }

  uint32_t AddPath(std::string_view dotted) {
    Path path;
    for (size_t begin = 0; begin <= dotted.size();) {
      const size_t end = std::min(dotted.find('.', begin), dotted.size());
      Segment segment{std::string(dotted.substr(begin, end - begin))};
      if (IsOneOf(segment.name, kFieldOperators)) {
        Fail("operator in a path; write {\"field\": {\"" + segment.name + "\": …}}");
      }
      segment.index = ArrayIndex(segment.name);
      path.push_back(std::move(segment));
      if (path.size() > kMaxJsonDepth) {
        Fail("a path of more than " + std::to_string(kMaxJsonDepth) + " segments");
      }
      begin = end + 1;
    }
    if (top_level_) {
      std::vector<std::string>& fields = tree_.fields;
      const auto at = std::lower_bound(fields.begin(), fields.end(), path[0].name);
      if (at == fields.end() || *at != path[0].name) fields.insert(at, path[0].name);
    }
    tree_.paths.push_back(std::move(path));
    return static_cast<uint32_t>(tree_.paths.size() - 1);
  }

  static uint32_t ArrayIndex(std::string_view name) {
    constexpr size_t kMaxDigits = 9;
    if (name.empty() || name.size() > kMaxDigits || (name[0] == '0' && name.size() > 1)) {
      return Segment::kNoIndex;
    }
    uint32_t index = 0;
    for (const char c : name) {
      if (c < '0' || c > '9') return Segment::kNoIndex;
      index = index * 10 + static_cast<uint32_t>(c - '0');
    }
    return index;
  }

  static constexpr size_t kMaxWhere = 256;

  Tree& tree_;
  std::vector<std::string_view> trail_;
  size_t depth_ = 0;
  size_t conditions_ = 0;
  bool top_level_ = true;  // not inside $elemMatch, whose paths start at an element
};

}  // namespace

void ParseTree(const Json& filter, Tree& tree) { tree.root = Parser(tree).Query(filter); }

}  // namespace ruvector::filter_internal
