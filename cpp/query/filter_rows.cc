#include "query/filter_rows.h"

#include <algorithm>
#include <unordered_map>

#include "query/filter_tree.h"

namespace ruvector {

using namespace filter_internal;

namespace {

// Rows whose text is read between two looks at the clock.
constexpr size_t kTextsBetweenLooks = 512;

void Intersect(Bitset& a, const Bitset& b) {
  for (size_t w = 0; w < a.words().size(); ++w) a.words()[w] &= b.words()[w];
}
void Unite(Bitset& a, const Bitset& b) {
  for (size_t w = 0; w < a.words().size(); ++w) a.words()[w] |= b.words()[w];
}
void Subtract(Bitset& a, const Bitset& b) {
  for (size_t w = 0; w < a.words().size(); ++w) a.words()[w] &= ~b.words()[w];
}
class RowMatcher {
 public:
  RowMatcher(const Tree& tree, const TextOfRow& text, const Interrupt* interrupt, FilterWork& work)
      : tree_(tree), text_(text), interrupt_(interrupt), work_(work) {}

  /// Finds the indexes of the paths that conditions outside $elemMatch name. Returns the rows that
  /// all of them cover.
  size_t FindIndexes(FieldIndexes& indexes, size_t room, size_t rows) {
    size_t covered = rows;
    FindIndexes(tree_.root, indexes, room, rows, covered);
    return covered;
  }

  /// Keeps of `rows` those that fulfil a node. Recursion ends with the filter.
  void Keep(uint32_t id, Bitset& rows) {
    const Node& node = tree_.nodes[id];
    if (!node.negated) return KeepUnnegated(id, node, rows);
    Bitset fulfil = rows;
    KeepUnnegated(id, node, fulfil);
    Subtract(rows, fulfil);
  }

  /// The same for the whole filter, by text alone.
  void KeepByText(Bitset& rows) {
    KeepByText(rows, [&](const Json& document) { return MatchNode(tree_, tree_.root, document); });
  }

 private:
  struct Indexed {
    FieldIndexes::Runs runs;
    std::string path;
  };

  // Objects and arrays are in no index.
  static bool AnIndexMayTell(const Node& node) {
    const auto is_scalar = [](const Json& value) { return !value.IsObject() && !value.IsArray(); };
    switch (node.op) {
      case Op::kSize:
      case Op::kElemMatchQuery:
      case Op::kElemMatchValue:
        return false;
      case Op::kExists:
      case Op::kBetween:
        return true;
      case Op::kIn:
        return std::all_of(node.operand.Begin(), node.operand.End(), is_scalar);
      default:
        return is_scalar(node.operand);
    }
  }

  void Note(const std::string& path) {
    const auto at = std::lower_bound(work_.indexed.begin(), work_.indexed.end(), path);
    if (at == work_.indexed.end() || *at != path) work_.indexed.insert(at, path);
  }

  static bool IsCondition(const Node& node) { return node.op != Op::kAnd && node.op != Op::kOr; }

  void FindIndexes(uint32_t id, FieldIndexes& indexes, size_t room, size_t rows, size_t& covered) {
    const Node& node = tree_.nodes[id];
    if (!IsCondition(node)) {
      for (const uint32_t child : node.children) FindIndexes(child, indexes, room, rows, covered);
      return;
    }
    if (node.path == kSelf || !AnIndexMayTell(node)) return;
    const Path& path = tree_.paths[node.path];
    std::string dotted;
    for (const Segment& segment : path) {
      if (segment.index != Segment::kNoIndex) return;
      if (!dotted.empty() || &segment != &path[0]) dotted += '.';
      dotted += segment.name;
    }
    const FieldIndexes::Runs runs = indexes.Find(path, dotted, rows, text_, room, interrupt_);
    if (runs.empty()) return;
    covered = std::min<size_t>(covered, runs.back()->end());
    indexed_[id] = {runs, dotted};
  }

  /// Whether the indexes alone tell which rows fulfil the condition; if so, or if they at least
  /// tell some that do not, keeps the others.
  bool KeepByIndex(uint32_t id, const Node& node, Bitset& rows) {
    const auto at = indexed_.find(id);
    if (at == indexed_.end()) return false;
    Bitset fulfil(rows.size());
    bool exact = true;
    for (const auto& run : at->second.runs) {
      const FieldIndex::Answer answer = run->Match(node, fulfil);
      if (answer == FieldIndex::Answer::kUnknown) return false;
      exact = exact && answer == FieldIndex::Answer::kExact;
    }
    Intersect(rows, fulfil);
    Note(at->second.path);
    return exact;
  }

  /// Keep, where an index alone can tell; otherwise false, and rows that do not fulfil the
  /// condition may be gone already.
  bool Settle(uint32_t id, Bitset& rows) {
    const Node& node = tree_.nodes[id];
    if (!node.negated) return KeepByIndex(id, node, rows);
    Bitset fulfil = rows;
    if (!KeepByIndex(id, node, fulfil)) return false;
    Subtract(rows, fulfil);
    return true;
  }

  void KeepUnnegated(uint32_t id, const Node& node, Bitset& rows) {
    if (IsCondition(node)) {
      if (!KeepByIndex(id, node, rows)) {
        KeepByText(rows, [&](const Json& d) { return MatchNode(tree_, id, d) != node.negated; });
      }
    } else if (node.op == Op::kAnd) {
      KeepAll(node.children, rows);
    } else {
      KeepAny(node.children, rows);
    }
  }

  // What indexes answer comes first: it leaves fewer texts to read for the rest, all of it at once.
  void KeepAll(const std::vector<uint32_t>& children, Bitset& rows) {
    std::vector<uint32_t> unsettled;
    for (const uint32_t child : children) {
      if (IsCondition(tree_.nodes[child]) && !Settle(child, rows)) unsettled.push_back(child);
    }
    for (const uint32_t child : children) {
      if (!IsCondition(tree_.nodes[child])) Keep(child, rows);
    }
    if (unsettled.empty()) return;
    KeepByText(rows, [&](const Json& document) {
      return std::all_of(unsettled.begin(), unsettled.end(),
                         [&](uint32_t child) { return MatchNode(tree_, child, document); });
    });
  }

  void KeepAny(const std::vector<uint32_t>& children, Bitset& rows) {
    Bitset kept(rows.size());
    std::vector<uint32_t> unsettled;
    const auto keep = [&](const Bitset& fulfil) {
      Unite(kept, fulfil);
      Subtract(rows, fulfil);  // need not be asked again
    };
    for (const uint32_t child : children) {
      if (!IsCondition(tree_.nodes[child])) continue;
      Bitset fulfil = rows;
      if (Settle(child, fulfil)) {
        keep(fulfil);
      } else {
        unsettled.push_back(child);
      }
    }
    for (const uint32_t child : children) {
      if (IsCondition(tree_.nodes[child])) continue;
      Bitset fulfil = rows;
      Keep(child, fulfil);
      keep(fulfil);
    }
    if (!unsettled.empty()) {
      KeepByText(rows, [&](const Json& document) {
        return std::any_of(unsettled.begin(), unsettled.end(),
                           [&](uint32_t child) { return MatchNode(tree_, child, document); });
      });
      Unite(kept, rows);
    }
    rows = std::move(kept);
  }

  template <typename F>
  void KeepByText(Bitset& rows, const F& matches) {
    rows.ForEach([&](Slot slot) {
      if (++work_.texts_read % kTextsBetweenLooks == 0 && interrupt_ != nullptr)
        interrupt_->Check();
      pool_.Clear();
      if (!matches(ReadFields(tree_.fields, text_(slot), pool_))) rows.Reset(slot);
    });
  }

  static constexpr size_t kChunk = 65536;
  const Tree& tree_;
  const TextOfRow& text_;
  const Interrupt* interrupt_;
  FilterWork& work_;
  std::unordered_map<uint32_t, Indexed> indexed_;  // by condition
  alignas(16) char buffer_[8192];
  JsonAllocator pool_{buffer_, sizeof buffer_, kChunk};
};

}  // namespace

void KeepMatching(const Filter& filter, const TextOfRow& text, FieldIndexes& indexes, size_t room,
                  const Interrupt* interrupt, Bitset& rows, FilterWork* work) {
  FilterWork unasked;
  RowMatcher matcher(filter.tree(), text, interrupt, work != nullptr ? *work : unasked);
  if (rows.Count() < FieldIndexes::kFewestRows) return matcher.KeepByText(rows);
  // Rows that came or changed since the indexes were made are read; they are few.
  const size_t covered = matcher.FindIndexes(indexes, room, rows.size());
  Bitset uncovered(rows.size());
  for (size_t slot = covered; slot < rows.size(); ++slot) {
    if (rows.Test(slot)) uncovered.Set(slot);
  }
  for (const Slot slot : indexes.changed()) {
    if (rows.Contains(slot)) uncovered.Set(slot);
  }
  Subtract(rows, uncovered);
  matcher.Keep(filter.tree().root, rows);
  matcher.KeepByText(uncovered);
  Unite(rows, uncovered);
}

}  // namespace ruvector
