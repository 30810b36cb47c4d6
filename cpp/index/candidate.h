// A row on its way to becoming a hit, and the bounded list of the closest ones.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/types.h"

namespace ruvector {

struct Candidate {
  float distance;
  Slot slot;
};

/// The `limit` smallest of what is pushed, under a strict order `Less` (worst on top while
/// collecting).
template <typename T, typename Less>
class TopK {
 public:
  TopK(size_t limit, Less less) : limit_(limit), less_(less) {
    heap_.reserve(std::min<size_t>(limit, 1024));
  }
  bool full() const { return heap_.size() >= limit_; }
  const T& worst() const { return heap_.front(); }
  void Push(const T& item) {
    if (limit_ == 0) return;
    if (!full()) {
      heap_.push_back(item);
      std::push_heap(heap_.begin(), heap_.end(), less_);
    } else if (less_(item, heap_.front())) {
      std::pop_heap(heap_.begin(), heap_.end(), less_);
      heap_.back() = item;
      std::push_heap(heap_.begin(), heap_.end(), less_);
    }
  }
  /// Closest first; empties the list.
  std::vector<T> Take() {
    std::sort_heap(heap_.begin(), heap_.end(), less_);
    return std::move(heap_);
  }

 private:
  size_t limit_;
  Less less_;
  std::vector<T> heap_;
};

}  // namespace ruvector
