#include "collection/segment_merge.h"

#include <algorithm>

namespace ruvector {
namespace {

constexpr size_t kCopySlice = 128;
constexpr size_t kLinkSlice = 16;
// With fewer rows left than this share, mending a graph costs as much as building one.
constexpr double kWorthMending = 0.5;

}  // namespace

SegmentMerge::SegmentMerge(const MetricSpace& space, const HnswParameters& hnsw, const Plan& plan,
                           size_t threads, std::vector<Input> inputs)
    : inputs_(std::move(inputs)),
      threads_(threads),
      plan_(plan),
      result_(std::make_unique<GrowingSegment>(space, hnsw)),
      space_(space),
      seed_(hnsw.seed) {
  size_t base_rows = 0;
  const Input* base = nullptr;
  for (const Input& input : inputs_) {
    std::vector<Slot>& places = places_.emplace_back(input.segment->rows(), kNoSlot);
    input.live.ForEach([&](Slot s) { places[s] = static_cast<Slot>(rows_++); });
    const size_t live = input.live.Count();
    const double share = static_cast<double>(live) / static_cast<double>(places.size());
    if (plan_.graph && input.segment->linked() == places.size() && live > base_rows &&
        share >= kWorthMending) {
      base_rows = live;
      base = &input;
    }
  }
  if (base != nullptr) {
    base_ = base->segment.get();
    survivors_ = std::make_unique<GraphSurvivors>(*base_, base->live);
    repair_ = std::make_unique<Repair>(*base_, base_->space(), *survivors_);
    mended_ = base_rows < base_->rows();
  }
  to_link_ = plan_.graph ? rows_ - base_rows : 0;
  const bool codes = plan_.lists > 0 ? plan_.coding != Quantization::kNone
                                     : plan_.graph && LooksAtRows(plan_.coding);
  total_ = rows_ + to_link_ + (plan_.lists > 0 ? rows_ : 0) + (codes ? rows_ : 0);
  result_->BeginRestore(rows_, 0, 0);
  for (const Input& input : inputs_) {
    result_->WantFieldIndexes(input.segment->field_indexes().paths());
    if (plan_.graph && input.segment->KnownRecall()) result_->WantRecall();
  }
}

void SegmentMerge::CopyRow(const Input& input, Slot slot) {
  const SealedSegment& from = *input.segment;
  const float* vector = from.Vector(slot);
  if (!from.space().IsSound(vector)) from.Damaged("a vector is not finite");
  Slot to;
  if (&from == base_) {
    const std::vector<Slot>& places = places_[static_cast<size_t>(&input - inputs_.data())];
    levels_.clear();
    if (const Slot node = survivors_->NodeOf(slot); node != kNoSlot) {
      const int top = from.LevelOf(node);
      links_.resize(std::max(links_.size(), static_cast<size_t>(top) + 1));
      for (int level = 0; level <= top; ++level) {
        std::vector<uint32_t>& links = links_[static_cast<size_t>(level)];
        repair_->LinksOf(node, level, from.MostLinks(level), links);
        for (uint32_t& link : links) link = places[survivors_->HeirOf(link)];
        levels_.push_back({links.data(), static_cast<uint32_t>(links.size())});
      }
      if (top > max_level_) {
        max_level_ = top;
        entry_ = places[slot];
      }
    }
    Slot twin = from.Twin(slot);
    for (Slot bound = kNoSlot; twin < bound && !input.live.Test(twin);) {
      bound = twin;
      twin = from.Twin(twin);
    }
    const bool stays = twin != kNoSlot && input.live.Test(twin);
    to = result_->Restore(from.Id(slot), from.Metadata(slot), vector, from.Number(slot), levels_,
                          stays ? places[twin] : kNoSlot);
  } else {
    to = result_->Append(from.Id(slot), from.Metadata(slot), vector, from.Number(slot));
  }
  result_->Publish(to);
  ++copied_;
}

bool SegmentMerge::Step() {
  for (size_t n = 0; n < kCopySlice && input_ < inputs_.size();) {
    const Input& input = inputs_[input_];
    if (slot_ == input.segment->rows()) {
      ++input_;
      slot_ = 0;
      if (input_ == inputs_.size() && entry_ != kNoSlot) {
        result_->EndRestore(entry_, max_level_, mended_);
      }
      continue;
    }
    const Slot slot = static_cast<Slot>(slot_++);
    if (!input.live.Test(slot)) continue;
    CopyRow(input, slot);
    ++n;
  }
  if (input_ < inputs_.size()) return true;
  if (plan_.lists > 0) return StepLists();
  if (!plan_.graph) return false;
  const size_t slice = kLinkSlice * threads_;
  const size_t missing = result_->LinkMissing(slice, threads_);
  if (missing > 0 || result_->linked() < result_->rows()) {
    if (missing == 0) result_->Link(std::min(result_->linked() + slice, result_->rows()), threads_);
    linked_ = std::min(linked_ + slice, to_link_);
    return true;
  }
  linked_ = to_link_;
  return LooksAtRows(plan_.coding) && result_->rows() > 0 && StepCodes();
}

bool SegmentMerge::StepLists() {
  if (listed_rows_ < rows_) {
    if (!list_builder_) {
      listed_ = std::make_unique<SegmentRows>(*result_);
      list_builder_ = std::make_unique<ListBuilder>(space_, *listed_, plan_.lists, seed_);
    }
    if (list_builder_->Step(threads_)) return true;
    lists_ = list_builder_->Take();
    list_builder_.reset();
    listed_rows_ = rows_;
  }
  return plan_.coding != Quantization::kNone && StepCodes();
}

bool SegmentMerge::StepCodes() {
  if (coded_ == rows_) return false;
  if (!coder_) coder_ = std::make_unique<RowCoder>(*result_, space_, plan_.coding, seed_, threads_);
  // Rows of a graph have codes that learn nothing already.
  const bool same = plan_.graph && coder_->decided() &&
                    coder_->quantization() == result_->quantization() &&
                    coder_->codec().Parameters().empty();
  if (!same && coder_->Step()) return true;
  if (same) coder_.reset();
  if (LooksAtRows(plan_.coding)) coded_for_ = plan_.coding;
  coded_ = rows_;
  return false;
}

Bitset SegmentMerge::RetiredSince() const {
  Bitset retired(rows_);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const Bitset& now = inputs_[i].segment->live();
    inputs_[i].live.ForEach([&](Slot s) {
      if (!now.Test(s)) retired.Set(places_[i][s]);
    });
  }
  return retired;
}

}  // namespace ruvector
