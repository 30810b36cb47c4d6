#include "collection/segment.h"

#include "collection/recall_measurement.h"

namespace ruvector {

std::shared_ptr<const RecallTable> Segment::MeasuredRecall(const Interrupt* interrupt) const {
  // Others that ask meanwhile wait for the same answer.
  const std::lock_guard<std::mutex> lock(recall_mutex_);
  if (!recall_ || !recall_->Covers(linked()))
    recall_ = std::make_shared<RecallTable>(MeasureRecall(*this, interrupt));
  return recall_;
}

std::shared_ptr<const RecallTable> Segment::KnownRecall() const {
  const std::lock_guard<std::mutex> lock(recall_mutex_);
  return recall_;
}

}  // namespace ruvector
