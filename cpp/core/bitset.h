// A growable dense set of slots: live rows, filter matches, verified blocks.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "core/types.h"

namespace ruvector {

class Bitset {
 public:
  Bitset() = default;
  explicit Bitset(size_t size, bool value = false) { Resize(size, value); }

  size_t size() const { return size_; }
  bool Test(size_t i) const { return (words_[i >> 6] >> (i & 63)) & 1; }
  /// Like Test, but an index past the end is simply not in the set.
  bool Contains(size_t i) const { return i < size_ && Test(i); }
  void Set(size_t i) { words_[i >> 6] |= uint64_t{1} << (i & 63); }
  void Reset(size_t i) { words_[i >> 6] &= ~(uint64_t{1} << (i & 63)); }

  /// New members take `value`; bits past the end are kept zero.
  void Resize(size_t size, bool value = false) {
    const size_t old = size_;
    words_.resize((size + 63) / 64, 0);
    size_ = size;
    if (value) {
      for (size_t i = old; i < size; ++i) Set(i);
    } else if (size % 64 != 0) {
      words_.back() &= (uint64_t{1} << (size % 64)) - 1;
    }
  }

  size_t Count() const {
    size_t n = 0;
    for (uint64_t w : words_) n += static_cast<size_t>(std::popcount(w));
    return n;
  }

  /// Calls f(slot) for every member, ascending.
  template <typename F>
  void ForEach(F&& f) const {
    for (size_t w = 0; w < words_.size(); ++w) {
      for (uint64_t bits = words_[w]; bits != 0; bits &= bits - 1) {
        f(static_cast<Slot>(w * 64 + static_cast<size_t>(std::countr_zero(bits))));
      }
    }
  }

  const std::vector<uint64_t>& words() const { return words_; }
  std::vector<uint64_t>& words() { return words_; }

 private:
  std::vector<uint64_t> words_;
  size_t size_ = 0;
};

}  // namespace ruvector
