#include "collection/segment.h"

#include "collection/recall_measurement.h"

namespace ruvector {

std::shared_ptr<const RecallTable> Segment::MeasuredRecall(const Interrupt* interrupt,
                                                           std::optional<size_t> rerank) const {
  // Others that ask meanwhile wait for the same answer.
  const std::lock_guard<std::mutex> lock(recall_mutex_);
  if (!recall_ || recall_rerank_ != rerank || !recall_->Covers(indexed())) {
    recall_ = std::make_shared<RecallTable>(MeasureRecall(*this, interrupt, rerank));
    recall_rerank_ = rerank;
  }
  return recall_;
}

std::shared_ptr<const RecallTable> Segment::KnownRecall() const {
  const std::lock_guard<std::mutex> lock(recall_mutex_);
  return recall_rerank_ ? nullptr : recall_;
}

}  // namespace ruvector
