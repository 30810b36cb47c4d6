#include "collection/row_coder.h"

#include <algorithm>

#include "core/parallel.h"

namespace ruvector {
namespace {

constexpr size_t kSlice = 1024;

}  // namespace

RowCoder::RowCoder(const GrowingSegment& segment, const MetricSpace& space,
                   const Quantization& quantization, uint64_t seed, size_t threads)
    : rows_(segment),
      quantization_(quantization),
      threads_(threads == 0 ? DefaultThreads() : threads),
      fine_codec_(NewFineCodec(quantization, space.metric(), space.dimensions())) {
  if (Learns(quantization)) {
    learner_ = NewLearner(quantization, space.metric(), space.dimensions(), seed, rows_);
  } else {
    learned_ = NewCodec(quantization, space.metric(), space.dimensions());
  }
}

bool RowCoder::Step() {
  if (!codec_) {
    if (learner_ && learner_->Step(threads_)) return true;
    if (!learned_) learned_ = learner_->Take();
    codes_.resize(rows_.rows() * learned_->row_bytes());
    if (fine_codec_) fine_codes_.resize(rows_.rows() * fine_codec_->row_bytes());
    codec_ = std::move(learned_);  // once nothing can fail any more
    learner_.reset();
    return true;
  }
  const size_t end = std::min(coded_ + kSlice * threads_, rows_.rows());
  ParallelFor(threads_, coded_, end, [this](size_t row) {
    codec_->Encode(rows_.Vector(row), rows_.Scalar(row), codes_.data() + row * codec_->row_bytes());
    if (!fine_codec_) return;
    uint8_t* fine = fine_codes_.data() + row * fine_codec_->row_bytes();
    fine_codec_->Encode(rows_.Vector(row), rows_.Scalar(row), fine);
  });
  coded_ = end;
  return coded_ < rows_.rows();
}

}  // namespace ruvector
