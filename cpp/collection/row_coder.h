// The rows of a segment, read to learn from; and coded in steps, by a codec that may learn first,
// or be chosen first.
//
// kAuto: spherical codes of 4 bits, which searches are fastest with, where a trial finds that they
// keep what is closest, or as much of it as scalar codes (code_trial.h): first among some rows,
// which costs little where they do not, then, once all are coded, among all. Else scalar codes of 8
// bits. Of the same rows and seed always the same.
#pragma once

#include <memory>
#include <vector>

#include "collection/code_trial.h"
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
  /// `quantization`: CodingFor, not none.
  RowCoder(const GrowingSegment& segment, const MetricSpace& space,
           const Quantization& quantization, uint64_t seed, size_t threads);

  /// Some milliseconds of the work; false when all rows are coded. Throws std::bad_alloc.
  bool Step();

  /// Is it known which codec the rows get? Then:
  bool decided() const { return decided_; }
  /// Not kAuto.
  const Quantization& quantization() const { return quantization_; }
  const Codec& codec() const { return *codec_; }

  // Once Step has returned false:
  const uint8_t* Code(Slot slot) const { return codes_.data() + slot * codec_->row_bytes(); }
  /// nullptr: rows have no finer codes.
  const Codec* fine_codec() const { return fine_codec_.get(); }
  const uint8_t* FineCode(Slot slot) const {
    return fine_codes_.data() + slot * fine_codec_->row_bytes();
  }

 private:
  enum class Stage { kLearn, kTrySome, kCode, kTryAll, kDone };

  bool StepTrial(size_t count, size_t queries, const uint8_t* codes);
  void EndTrial(Stage if_kept);
  void CodeSlice();

  SegmentRows rows_;
  const MetricSpace& space_;
  const Quantization asked_;
  Quantization quantization_;
  const uint64_t seed_;
  size_t threads_;
  std::unique_ptr<CodecLearner> learner_;
  Stage stage_ = Stage::kLearn;
  bool decided_ = false;
  std::unique_ptr<Codec> learned_, codec_, fine_codec_, scalar_;
  std::unique_ptr<CodeTrial> trial_, scalar_trial_;  // the second where the first is in doubt
  std::vector<uint8_t> codes_, fine_codes_;          // [rows × row_bytes()]
  size_t coded_ = 0;
};

}  // namespace ruvector
