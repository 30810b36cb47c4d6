// What a search of a graph works in, kept between searches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/interrupt.h"
#include "core/types.h"
#include "index/candidate.h"

namespace ruvector {

/// What one search needs besides the graph; reused, so that a search allocates nothing.
class SearchScratch {
 public:
  /// Nothing is visited; slots 0 … rows - 1 may be.
  void Begin(size_t rows) {
    scored = 0;
    if (tags_.size() < rows) tags_.resize(rows + rows / 2, 0);
    if (++tag_ == 0) {
      std::fill(tags_.begin(), tags_.end(), uint16_t{0});
      tag_ = 1;
    }
  }
  /// True the first time a slot is seen.
  bool Visit(Slot slot) {
    const bool first = tags_[slot] != tag_;
    tags_[slot] = tag_;
    return first;
  }
  /// Room for so many neighbours of a row.
  void MakeRoom(size_t neighbors) {
    if (neighbors <= codes.size()) return;  // the last to grow, should memory run out on the way
    unvisited.resize(neighbors);
    distances.resize(neighbors);
    codes.resize(neighbors);
  }

  struct Entry {
    float distance;
    Slot slot : 31;
    Slot expanded : 1;
  };
  std::vector<Entry> pool;               // sorted, closest first
  std::vector<Entry> fresh;              // sorted: what the last expansion adds to the pool
  std::vector<Slot> unvisited;           // neighbours of the row being expanded, and room
  std::vector<float> distances;          // theirs
  std::vector<const uint8_t*> codes;     // theirs, coded rows
  std::vector<Candidate> frontier;       // min-heap of rows to expand, filtered search
  std::vector<float> vector;             // of a row, read from disk
  const Interrupt* interrupt = nullptr;  // looked at now and then
  size_t scored = 0;                     // distances taken below the upper layers since Begin
  size_t bytes() const { return tags_.capacity() * sizeof(uint16_t); }

 private:
  std::vector<uint16_t> tags_;
  uint16_t tag_ = 0;
};

/// Hands out scratches to concurrent searches.
class ScratchPool {
 public:
  ScratchPool() { free_.reserve(kKept); }
  std::unique_ptr<SearchScratch> Take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (free_.empty()) return std::make_unique<SearchScratch>();
    std::unique_ptr<SearchScratch> scratch = std::move(free_.back());
    free_.pop_back();
    return scratch;
  }
  void Give(std::unique_ptr<SearchScratch> scratch) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (free_.size() < kKept) free_.push_back(std::move(scratch));
  }

 private:
  static constexpr size_t kKept = 8;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SearchScratch>> free_;
};

}  // namespace ruvector
