// The values that a dotted path leads to in a document, as MongoDB sees them.
#pragma once

#include "query/filter_tree.h"

namespace ruvector::filter_internal {

/// The field of an object, or of an array taken as the object {"0": …, "1": …}; null when missing.
inline const Json* GetField(const Json& document, const Segment& segment) {
  if (document.IsArray())
    return segment.index < document.Size() ? &document[segment.index] : nullptr;
  return FindMember(document, segment.name);
}

/// Counts the steps of walks in one document: "a.0.0…" over nested arrays of objects can be read in
/// exponentially many ways. Throws kInvalidFilter.
class StepCounter {
 public:
  void Count() {
    if (++steps_ > kMost) Fail();
  }

 private:
  static constexpr size_t kMost = size_t{1} << 22;
  [[noreturn]] static void Fail();
  size_t steps_ = 0;
};

template <typename Visit>
bool WalkArray(const Path& path, size_t i, const Json& array, bool elements, StepCounter& steps,
               const Visit& visit);

/// Calls visit(const Json*) for every value that the path, from segment `i` on, leads to, until it
/// returns true, which the walk then returns too. A missing one is visited as null pointer; an
/// array on the way without objects leads to nothing, not to missing. Of an array at the end,
/// `elements` says whether its elements are visited too, before itself. Recursion ends with the
/// path.
template <typename Visit>
bool WalkObject(const Path& path, size_t i, const Json& object, bool elements, StepCounter& steps,
                const Visit& visit) {
  const Json* value = &object;
  for (;; ++i) {
    value = GetField(*value, path[i]);
    const bool last = i + 1 == path.size();
    if (value == nullptr) return visit(nullptr);
    if (value->IsArray()) break;
    if (last) return visit(value);
    if (!value->IsObject()) return visit(nullptr);
  }
  return WalkArray(path, i + 1, *value, elements, steps, visit);
}

template <typename Visit>
bool WalkArray(const Path& path, size_t i, const Json& array, bool elements, StepCounter& steps,
               const Visit& visit) {
  if (i == path.size()) {
    if (elements) {
      for (const Json& element : array.GetArray()) {
        if (visit(&element)) return true;
      }
    }
    return visit(&array);
  }
  const Segment& segment = path[i];
  const bool last = i + 1 == path.size();
  for (rapidjson::SizeType at = 0; at < array.Size(); ++at) {
    const Json& element = array[at];
    if (element.IsObject()) {
      steps.Count();
      if (WalkObject(path, i, element, elements, steps, visit)) return true;
    }
    if (at != segment.index) continue;
    if (last) {
      if (visit(&element)) return true;
    } else if (element.IsObject()) {
      steps.Count();
      if (WalkObject(path, i + 1, element, elements, steps, visit)) return true;
    } else if (element.IsArray()) {
      steps.Count();
      if (WalkArray(path, i + 1, element, elements, steps, visit)) return true;
    }
  }
  return false;
}

}  // namespace ruvector::filter_internal
