// How rows become points: axes are learned from some of them, then all that were asked for are put
// onto these.
#include <algorithm>
#include <cmath>
#include <mutex>
#include <shared_mutex>

#include "collection/collection.h"
#include "core/parallel.h"

namespace ruvector {
namespace {

// Rows that axes are learned from, as far as so many values allow.
constexpr size_t kLearnedRows = 4096;
constexpr size_t kLearnedValues = size_t{1} << 23;
constexpr size_t kRowsTogether = 512;
constexpr uint64_t kSeed = 0x70726f6a;

}  // namespace

ProjectedRows Collection::Project(const ProjectionRequest& request) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  request.interrupt.Check();
  const size_t room = request.filter != nullptr ? RoomForFieldIndexes() : 0;
  std::vector<std::pair<const Segment*, Bitset>> matches;
  ProjectedRows made;
  ForEachSegment([&](const Segment& segment) {
    matches.emplace_back(&segment, segment.Matches(request.filter, room, &request.interrupt));
    made.total += matches.back().second.Count();
  });

  const size_t count = std::min(request.limit, made.total);
  struct Chosen {
    const Segment* segment;
    Slot slot;
  };
  std::vector<Chosen> rows;
  rows.reserve(count);
  size_t at = 0;
  for (const auto& [segment, matching] : matches) {
    matching.ForEach([&, from = segment](Slot slot) {
      // No overflow: 2^20 · 2^32 rows at most.
      if (uint64_t{at++} == uint64_t{rows.size()} * made.total / std::max<size_t>(count, 1) &&
          rows.size() < count)
        rows.push_back({from, slot});
    });
  }

  const size_t dimensions = options_.dimensions;
  const auto scalar_of = [&](const float* vector) {
    return space_.metric() == Metric::kCosine ? space_.ScalarOf(vector) : 1.0f;
  };
  const size_t learned =
      std::min({count, kLearnedRows, std::max<size_t>(kLearnedValues / dimensions, 1)});
  std::vector<float> sample(learned * dimensions), fetched;
  for (size_t i = 0; i < learned; ++i) {
    const Chosen& row = rows[i * count / learned];
    const float* vector = row.segment->FetchVector(row.slot, fetched);
    const float scalar = scalar_of(vector);
    std::transform(vector, vector + dimensions, sample.begin() + static_cast<long>(i * dimensions),
                   [scalar](float x) { return x * scalar; });
  }
  made.axes = FindPrincipalAxes(std::move(sample), dimensions, kSeed, request.interrupt);

  made.ids.resize(count);
  made.x.resize(count);
  made.y.resize(count);
  const float* axes = made.axes.axes.data();
  const auto& dot = space_.kernels().dot;
  ParallelFor(options_.threads, 0, (count + kRowsTogether - 1) / kRowsTogether, [&](size_t part) {
    request.interrupt.Check();
    std::vector<float> buffer;
    const size_t end = std::min(count, (part + 1) * kRowsTogether);
    for (size_t i = part * kRowsTogether; i < end; ++i) {
      const Segment& segment = *rows[i].segment;
      made.ids[i] = segment.Id(rows[i].slot);
      const float* vector = segment.FetchVector(rows[i].slot, buffer);
      const float scalar = scalar_of(vector);
      made.x[i] = dot(vector, axes, dimensions) * scalar - made.axes.origin[0];
      made.y[i] = dot(vector, axes + dimensions, dimensions) * scalar - made.axes.origin[1];
      if (!std::isfinite(made.x[i]) || !std::isfinite(made.y[i]))
        throw Error(ErrorCode::kCorrupt,
                    "a row has no place in the projection: its segment holds what is no number");
    }
  });
  return made;
}

}  // namespace ruvector
