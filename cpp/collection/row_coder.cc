#include "collection/row_coder.h"

#include <algorithm>

#include "core/parallel.h"

namespace ruvector {
namespace {

constexpr size_t kSlice = 1024;
// Of the first trial; the second has half as many queries: 0.2 s in all at 100,000 × 384 rows,
// where linking took 56 to 67.
constexpr size_t kTriedRows = 4096, kTriedQueries = 64;

}  // namespace

RowCoder::RowCoder(const GrowingSegment& segment, const MetricSpace& space,
                   const Quantization& quantization, uint64_t seed, size_t threads)
    : rows_(segment),
      space_(space),
      asked_(quantization),
      quantization_(quantization == Quantization::kAuto ? Quantization::kSpherical4 : quantization),
      seed_(seed),
      threads_(threads == 0 ? DefaultThreads() : threads),
      fine_codec_(NewFineCodec(quantization, space.metric(), space.dimensions())) {
  if (LooksAtRows(quantization_))
    learner_ = NewLearner(quantization_, space.metric(), space.dimensions(), seed, rows_);
}

bool RowCoder::Step() {
  switch (stage_) {
    case Stage::kLearn:
      if (learner_ && learner_->Step(threads_)) return true;
      if (!learned_) {
        learned_ = learner_ ? learner_->Take()
                            : NewCodec(quantization_, space_.metric(), space_.dimensions());
      }
      if (fine_codec_) fine_codes_.resize(rows_.rows() * fine_codec_->row_bytes());
      codec_ = std::move(learned_);  // once nothing can fail any more
      learner_.reset();
      decided_ = asked_ != Quantization::kAuto;
      stage_ = decided_ ? Stage::kCode : Stage::kTrySome;
      return true;
    case Stage::kTrySome:
      if (!StepTrial(kTriedRows, kTriedQueries, nullptr)) EndTrial(Stage::kCode);
      return true;
    case Stage::kCode:
      CodeSlice();
      if (coded_ < rows_.rows()) return true;
      stage_ = decided_ ? Stage::kDone : Stage::kTryAll;
      return !decided_;
    case Stage::kTryAll:
      if (StepTrial(rows_.rows(), kTriedQueries / 2, codes_.data())) return true;
      EndTrial(Stage::kDone);
      return stage_ != Stage::kDone;
    case Stage::kDone:
      break;
  }
  return false;
}

bool RowCoder::StepTrial(size_t count, size_t queries, const uint8_t* codes) {
  if (!trial_)
    trial_ = std::make_unique<CodeTrial>(rows_, count, queries, space_, *codec_, codes, seed_);
  if (trial_->Step(threads_)) return true;
  if (trial_->Keeps()) return false;
  if (!scalar_) scalar_ = NewCodec(Quantization::kScalar8, space_.metric(), space_.dimensions());
  if (!scalar_trial_) {
    scalar_trial_ =
        std::make_unique<CodeTrial>(rows_, count, queries, space_, *scalar_, nullptr, seed_);
  }
  return scalar_trial_->Step(threads_);
}

void RowCoder::EndTrial(Stage if_kept) {
  const bool kept = trial_->Keeps() || trial_->KeepsAsMuchAs(*scalar_trial_);
  trial_.reset();
  scalar_trial_.reset();
  stage_ = kept ? if_kept : Stage::kCode;
  decided_ = !kept || if_kept == Stage::kDone;
  if (kept) return;
  codec_ = std::move(scalar_);
  quantization_ = Quantization::kScalar8;
  coded_ = 0;
  std::vector<uint8_t>().swap(codes_);  // their memory too
}

void RowCoder::CodeSlice() {
  const size_t bytes = codec_->row_bytes();
  if (codes_.empty()) codes_.resize(rows_.rows() * bytes);
  const size_t end = std::min(coded_ + kSlice * threads_, rows_.rows());
  ParallelFor(threads_, coded_, end, [&](size_t row) {
    codec_->Encode(rows_.Vector(row), rows_.Scalar(row), codes_.data() + row * bytes);
    if (!fine_codec_) return;
    uint8_t* fine = fine_codes_.data() + row * fine_codec_->row_bytes();
    fine_codec_->Encode(rows_.Vector(row), rows_.Scalar(row), fine);
  });
  coded_ = end;
}

}  // namespace ruvector
