#include "collection/verification.h"

#include <cmath>
#include <cstring>

#include "core/error.h"
#include "core/json.h"
#include "index/hnsw_builder.h"

namespace ruvector {
namespace {

constexpr size_t kBlocksAtOnce = 64;
constexpr size_t kRowsAtOnce = 4096;

// Whether `scalar` is that of `vector`, however its dot product was summed: of n products of one
// sign, in any order and with or without fused steps, the relative error is below n · 2^-24, and
// what of a product is lost to the smallest floats is below 2^-150 (Higham 2002, "Accuracy and
// Stability of Numerical Algorithms", 3.1 and 2.1); the square root halves it, and it and the
// division round once more each.
bool IsScalarOf(const MetricSpace& space, float scalar, const float* vector) {
  if (space.metric() != Metric::kCosine) return scalar == 0.0f;
  const double n = static_cast<double>(space.dimensions());
  const double norm = space.ExactNorm(vector);
  const double error = (n / 2 + 2) * 0x1p-24 + n * 0x1p-151 / (norm * norm);
  // Twice, for the terms of second order. Not so for what is no number.
  return std::fabs(scalar * norm - 1) <= 2 * error;
}

// The same, summed in double: but for the last rounding.
bool IsLengthOf(const Codec& codec, float length, const float* vector, float scalar) {
  const double norm = codec.Length(vector, scalar);
  return std::fabs(length - norm) <= norm * 0x1p-22 + 0x1p-149;
}

}  // namespace

Verification::Verification(Directory& directory, const Manifest& manifest,
                           std::function<void()> check_log)
    : directory_(directory), manifest_(manifest), check_log_(std::move(check_log)) {
  for (const CollectionEntry& c : manifest_.collections) {
    for (const SegmentEntry& s : c.segments) {
      parts_.push_back({&c, &s});
      for (const FileRef& part : s.parts) total_ += part.bytes;
      files_ += s.parts.size() + (s.tombstones ? 1 : 0);
    }
  }
  files_ += 2;  // the manifest and the log
}

template <typename F>
bool Verification::Collect(const std::string& file, const F& f) {
  try {
    f();
    return true;
  } catch (const Error& e) {
    if (e.code() == ErrorCode::kIo) throw;
    damage_.push_back({file, e.what()});
    return false;
  }
}

void Verification::Open(const Part& part) {
  const MetricSpace space(part.collection->metric, part.collection->dimensions);
  sound_ = Collect(part.segment->parts.empty() ? "" : part.segment->parts[0].name, [&] {
    segment_ = std::make_unique<SealedSegment>(directory_, manifest_.database, *part.segment, space,
                                               part.collection->m);
    sections_ = segment_->file().Sections();
  });
  section_ = block_ = row_ = list_ = index_ = 0;
  listed_ = Bitset();
  next_row_ = part.collection->next_row;
}

// False when there are no more.
bool Verification::CheckBlocks() {
  for (size_t n = 0; section_ < sections_.size() && n < kBlocksAtOnce;) {
    const Section& section = sections_[section_];
    if (block_ == section.blocks()) {
      ++section_;
      block_ = 0;
      continue;
    }
    sound_ =
        Collect(segment_->manifest_entry().parts[0].name, [&] { section.CheckAgain(block_); }) &&
        sound_;
    ++block_;
    ++n;
  }
  return section_ < sections_.size();
}

bool Verification::CheckRows() {
  const SealedSegment& s = *segment_;
  const size_t vector_bytes = s.space().dimensions() * sizeof(float);
  bool go_on = true;
  sound_ = Collect(s.manifest_entry().parts[0].name, [&] {
    for (size_t n = 0; row_ < s.rows() && n < kRowsAtOnce; ++row_, ++n) {
      const Slot slot = static_cast<Slot>(row_);
      const std::string row = "row " + std::to_string(slot);
      // A deleted row may be there or not.
      if (s.live().Test(slot) && s.Find(s.Id(slot)) != slot)
        s.Damaged((row + " is not in the id table").c_str());
      if (!s.Metadata(slot).empty()) ParseJson(s.Metadata(slot), "metadata");
      if (!s.space().IsSound(s.Vector(slot))) s.Damaged((row + " has no sound vector").c_str());
      if (!IsScalarOf(s.space(), s.StoredScalar(slot), s.Vector(slot)))
        s.Damaged((row + " has the scalar of another vector").c_str());
      if ((slot > 0 && s.Number(slot) <= s.Number(slot - 1)) || s.Number(slot) >= next_row_)
        s.Damaged((row + " is out of order").c_str());
      if (slot >= s.linked()) continue;
      if (s.codec() && !s.codec()->IsCodeOf(s.Code(slot), s.Vector(slot), s.Scalar(slot)))
        s.Damaged((row + " has the codes of another vector").c_str());
      if (s.codec() && s.codec()->wants_lengths() &&
          !IsLengthOf(*s.codec(), s.Length(slot), s.Vector(slot), s.Scalar(slot)))
        s.Damaged((row + " has the length of another vector").c_str());
      if (s.fine_codec() &&
          !s.fine_codec()->IsCodeOf(s.FineCode(slot), s.Vector(slot), s.Scalar(slot)))
        s.Damaged((row + " has the finer codes of another vector").c_str());
      for (int level = 0; level <= s.LevelOf(slot); ++level) s.CheckedLinks(slot, level);
      const Slot twin = s.Twin(slot);
      if (twin != kNoSlot && std::memcmp(s.Vector(slot), s.Vector(twin), vector_bytes) != 0)
        s.Damaged((row + " has a twin with another vector").c_str());
    }
    go_on = row_ < s.rows();
  });
  return sound_ && go_on;
}

// Every row lies in one list, beside its own codes. False when there are no more lists.
bool Verification::CheckLists() {
  const SealedSegment& s = *segment_;
  if (!sound_ || list_ == s.lists()) return false;
  sound_ = Collect(s.manifest_entry().parts[0].name, [&] {
    if (list_ == 0) listed_ = Bitset(s.rows());
    for (size_t n = 0; list_ < s.lists() && n < kRowsAtOnce; ++list_) {
      const std::string list = "list " + std::to_string(list_);
      const float* centroid = s.Centroid(list_);
      for (size_t i = 0; i < s.space().dimensions(); ++i) {
        if (!std::isfinite(centroid[i])) s.Damaged((list + " has no sound centroid").c_str());
      }
      const auto [begin, end] = s.List(list_);
      if (list_ == 0 && begin != 0) s.Damaged("the first list does not begin with the first row");
      if (list_ + 1 == s.lists() && end != s.rows()) s.Damaged("rows are in no list");
      for (uint32_t at = begin; at < end; ++at, ++n) {
        const Slot slot = s.SlotAt(at);
        const std::string row = "row " + std::to_string(slot);
        if (listed_.Test(slot)) s.Damaged((row + " is in two places of the lists").c_str());
        listed_.Set(slot);
        if (s.codec() && !s.codec()->IsCodeOf(s.CodeAt(at), s.Vector(slot), s.Scalar(slot)))
          s.Damaged((row + " has the codes of another vector").c_str());
        if (s.codec() && s.codec()->wants_lengths() &&
            !IsLengthOf(*s.codec(), s.LengthAt(at), s.Vector(slot), s.Scalar(slot)))
          s.Damaged((row + " has the length of another vector").c_str());
        if (s.fine_codec() &&
            !s.fine_codec()->IsCodeOf(s.FineCodeAt(at), s.Vector(slot), s.Scalar(slot)))
          s.Damaged((row + " has the finer codes of another vector").c_str());
      }
    }
  });
  return sound_ && list_ < s.lists();
}

// A field index must be the one that the rows' metadata gives. One of them; false when there are no
// more.
bool Verification::CheckFieldIndex() {
  const SealedSegment& s = *segment_;
  const std::vector<std::string> paths = s.field_indexes().stored_paths();
  if (!sound_ || index_ == paths.size()) return false;
  const std::string& path = paths[index_++];
  const TextOfRow text = [&](Slot slot) { return s.Metadata(slot); };
  sound_ = Collect(s.manifest_entry().parts[0].name, [&] {
    const std::string expected =
        FieldIndex::Build(IndexPath(path), 0, static_cast<Slot>(s.rows()), text, SIZE_MAX, nullptr);
    if (s.field_indexes().Stored(path) != expected)
      s.Damaged("a field index is not that of the metadata");
  });
  return true;
}

bool Verification::Step() {
  if (segment_) {
    if (CheckBlocks() || (sound_ && CheckRows()) || CheckLists() || CheckFieldIndex()) return true;
    done_ += segment_->bytes();
    segment_.reset();
    return true;
  }
  if (!parts_.empty()) {
    const Part part = parts_.back();
    parts_.pop_back();
    Open(part);
    return true;
  }
  if (!log_checked_) {
    log_checked_ = true;
    Collect("log", [&] {
      if (check_log_) check_log_();
    });
    return true;
  }
  done_ = total_;
  return false;
}

}  // namespace ruvector
