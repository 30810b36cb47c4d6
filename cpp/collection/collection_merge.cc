// Which segments are merged when: size-tiered (as in log-structured merge trees), plus those with
// many deleted rows.
#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "collection/collection.h"
#include "index/list_builder.h"

namespace ruvector {
namespace {

// So many neighbours of one tier become one of the next: a row is rewritten once a tier.
constexpr size_t kFanOut = 4;
// A segment is worth a rewrite when more than one row in this many is deleted.
constexpr size_t kDeletedShare = 3;

}  // namespace

size_t Collection::LiveBytes(const Segment& segment) const {
  return segment.live_count() * static_cast<size_t>(RowBytes());
}

uint64_t Collection::RowBytes() const {
  return (options_.dimensions + 2 * options_.hnsw.m + 16) * sizeof(float);
}

// Rows of an inverted file are scanned until they are sealed.
uint64_t Collection::SealBytes() const {
  const uint64_t most = options_.limits.seal_bytes;
  return options_.index == IndexKind::kIvf ? std::min(most, kFlatRows * RowBytes()) : most;
}

size_t Collection::ListsOf(size_t rows) const {
  if (options_.index != IndexKind::kIvf || rows < kFirstLinkedRows) return 0;
  return options_.nlist > 0 ? std::min(options_.nlist, rows) : DefaultLists(rows);
}

bool Collection::WorthSealing() const {
  const std::shared_lock<FairMutex> lock(mutex_);
  const Segment* growing = growing_ ? static_cast<const Segment*>(growing_.get()) : thawable_.get();
  if (growing == nullptr) return false;
  if (options_.index == IndexKind::kIvf && growing->rows() * RowBytes() > SealBytes()) return true;
  const size_t deleted = growing->rows() - growing->live_count();
  return deleted >= std::max(options_.limits.least_deleted, growing->live_count());
}

bool Collection::SealsToCompact() const {
  const std::shared_lock<FairMutex> lock(mutex_);
  const Segment* growing = growing_ ? static_cast<const Segment*>(growing_.get()) : thawable_.get();
  if (growing == nullptr || growing->rows() == 0) return false;
  return !sealed_.empty() || growing->live_count() < growing->rows() ||
         WantsOtherCodes(*growing, growing->rows()) || ListsOf(growing->rows()) > 0;
}

bool Collection::WantsIndex(size_t rows) const { return WantsLinks(rows) || ListsOf(rows) > 0; }

bool Collection::WantsOtherCodes(const Segment& segment, size_t rows) const {
  const Quantization wanted = CodingOf(rows);
  if (WantsIndex(rows) && LooksAtRows(wanted)) return segment.coded_for() != wanted;
  return segment.quantization() != wanted;
}

Quantization Collection::CodingOf(size_t rows) const {
  if (!WantsIndex(rows)) return options_.hnsw.quantization;
  const Quantization coding =
      CodingFor(options_.quantization, options_.metric, options_.dimensions, rows);
  return coding == Quantization::kNone ? options_.hnsw.quantization : coding;
}

SegmentRun Collection::RunToMerge() const {
  const std::shared_lock<FairMutex> lock(mutex_);
  const size_t n = sealed_.size();
  const uint64_t cap = options_.limits.merge_bytes;
  const auto run = [&](size_t begin, size_t end) {
    return SegmentRun(sealed_.begin() + static_cast<long>(begin),
                      sealed_.begin() + static_cast<long>(end));
  };
  for (size_t i = 0; i < n; ++i) {
    const SealedSegment& segment = *sealed_[i];
    const size_t deleted = segment.rows() - segment.live_count();
    if (deleted < options_.limits.least_deleted || deleted * kDeletedShare < segment.rows())
      continue;
    // Smaller neighbours come along: they cost little more.
    size_t begin = i, end = i + 1;
    uint64_t bytes = LiveBytes(segment);
    const uint64_t most = bytes;
    const auto fits = [&](const Segment& s) {
      return LiveBytes(s) <= most && bytes + LiveBytes(s) <= cap;
    };
    while (begin > 0 && fits(*sealed_[begin - 1])) bytes += LiveBytes(*sealed_[--begin]);
    while (end < n && fits(*sealed_[end])) bytes += LiveBytes(*sealed_[end++]);
    return run(begin, end);
  }
  const auto tier = [&](const Segment& segment) {
    size_t t = 0;
    for (uint64_t bytes = LiveBytes(segment) / kFanOut; bytes >= SealBytes(); bytes /= kFanOut) ++t;
    return t;
  };
  for (size_t begin = 0; begin < n; ++begin) {
    const size_t top = tier(*sealed_[begin]);
    uint64_t bytes = 0;
    size_t end = begin;
    while (end < n && tier(*sealed_[end]) <= top && bytes + LiveBytes(*sealed_[end]) <= cap)
      bytes += LiveBytes(*sealed_[end++]);
    if (end - begin >= kFanOut) return run(begin, end);
  }
  // What was sealed before it could have lists, or its codes could be learned or chosen, or, with
  // vectors that now stay on disk, without codes.
  for (size_t i = 0; i < n; ++i) {
    const SealedSegment& segment = *sealed_[i];
    const size_t rows = segment.live_count();
    const bool unlisted = ListsOf(rows) > 0 && segment.lists() == 0;
    const bool undecided =
        WantsIndex(rows) && LooksAtRows(CodingOf(rows)) && !segment.coded_for().has_value();
    const bool unlinked = WantsLinks(rows) && segment.linked() < segment.rows();
    const bool uncoded = WantsIndex(rows) && segment.quantization() == Quantization::kNone;
    const bool lacks = segment.vectors_on_disk() && (unlinked || uncoded);
    if ((unlisted || undecided || lacks) && LiveBytes(segment) <= cap) return run(i, i + 1);
  }
  return {};
}

std::vector<SegmentRun> Collection::RunsToCompact() const {
  const std::shared_lock<FairMutex> lock(mutex_);
  std::vector<SegmentRun> runs;
  for (size_t begin = 0; begin < sealed_.size();) {
    uint64_t bytes = 0;
    bool changes = false;
    size_t end = begin;
    do {
      bytes += LiveBytes(*sealed_[end]);
      changes = changes || sealed_[end]->live_count() < sealed_[end]->rows() ||
                WantsOtherCodes(*sealed_[end], sealed_[end]->live_count()) ||
                sealed_[end]->lists() != ListsOf(sealed_[end]->live_count());
      ++end;
    } while (end < sealed_.size() &&
             bytes + LiveBytes(*sealed_[end]) <= options_.limits.merge_bytes);
    if (changes || end - begin > 1) {
      runs.emplace_back(sealed_.begin() + static_cast<long>(begin),
                        sealed_.begin() + static_cast<long>(end));
    }
    begin = end;
  }
  return runs;
}

std::unique_ptr<SegmentMerge> Collection::StartMerge(const SegmentRun& run) const {
  std::vector<SegmentMerge::Input> inputs;
  size_t rows = 0;
  {
    const std::shared_lock<FairMutex> lock(mutex_);
    for (const auto& segment : run) {
      inputs.push_back({segment, segment->live()});
      rows += segment->live_count();
    }
  }
  const SegmentMerge::Plan plan{WantsLinks(rows), ListsOf(rows), CodingOf(rows)};
  return std::make_unique<SegmentMerge>(space_, options_.hnsw, plan, options_.threads,
                                        std::move(inputs));
}

// Where the inputs begin; the number of segments when they are not there any more.
size_t Collection::FindRun(const SegmentMerge& merge) const {
  const auto& inputs = merge.inputs();
  const auto first = std::find(sealed_.begin(), sealed_.end(), inputs.front().segment);
  const size_t at = static_cast<size_t>(first - sealed_.begin());
  if (sealed_.size() - at < inputs.size()) return sealed_.size();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (sealed_[at + i] != inputs[i].segment) return sealed_.size();
  }
  return at;
}

bool Collection::CanInstall(const SegmentMerge& merge) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  return !dropped_ && FindRun(merge) < sealed_.size();
}

bool Collection::CanGrow(const SegmentMerge& merge, uint64_t bytes) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  return !merge.only_sealed() && !growing_ && !thawable_ &&
         merge.inputs().back().segment == sealed_.back() && bytes <= SealBytes();
}

void Collection::Install(const SegmentMerge& merge, std::shared_ptr<SealedSegment> result) {
  const std::lock_guard<FairMutex> lock(mutex_);
  const auto begin = sealed_.begin() + static_cast<long>(FindRun(merge));
  const auto at = sealed_.erase(begin, begin + static_cast<long>(merge.inputs().size()));
  if (result && result->manifest_entry().growing) {
    growing_entry_ = result->manifest_entry();
    thawable_ = std::move(result);
  } else if (result) {
    sealed_.insert(at, std::move(result));
  }
  MeasureMemory();
}

}  // namespace ruvector
