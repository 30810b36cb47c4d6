// The rows of a segment, read to learn from; and coded in steps, by a codec that may learn first.
#pragma once

#include <memory>
#include <vector>

#include "collection/growing_segment.h"
#include "quant/quantization.h"

namespace ruvector {

/// The segment must outlive it and not change.
class SegmentRows : public TrainingRows {
 public:
  explicit SegmentRows(const GrowingSegment& segment) : segment_(segment) {}
  size_t rows() const override { return segment_.rows(); }
  const float* Vector(size_t row) const override { return segment_.Vector(static_cast<Slot>(row)); }
  float Scalar(size_t row) const override { return segment_.Scalar(static_cast<Slot>(row)); }

 private:
  const GrowingSegment& segment_;
};

/// The segment must outlive it and not change. Not for concurrent use.
class RowCoder {
 public:
  /// `quantization`: resolved, not none.
  RowCoder(const GrowingSegment& segment, const MetricSpace& space,
           const Quantization& quantization, uint64_t seed, size_t threads);

  /// Some milliseconds of the work; false when all rows are coded. Throws std::bad_alloc.
  bool Step();

  // After that:
  const Quantization& quantization() const { return quantization_; }
  const Codec& codec() const { return *codec_; }
  const uint8_t* Code(Slot slot) const { return codes_.data() + slot * codec_->row_bytes(); }
  /// nullptr: rows have no finer codes.
  const Codec* fine_codec() const { return fine_codec_.get(); }
  const uint8_t* FineCode(Slot slot) const {
    return fine_codes_.data() + slot * fine_codec_->row_bytes();
  }

 private:
  SegmentRows rows_;
  Quantization quantization_;
  size_t threads_;
  std::unique_ptr<CodecLearner> learner_;
  std::unique_ptr<Codec> learned_, codec_, fine_codec_;
  std::vector<uint8_t> codes_, fine_codes_;  // [rows × row_bytes()]
  size_t coded_ = 0;
};

}  // namespace ruvector
