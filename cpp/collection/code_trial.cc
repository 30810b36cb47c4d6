#include "collection/code_trial.h"

#include <algorithm>

#include "core/parallel.h"
#include "core/random.h"

namespace ruvector {
namespace {

// Rows that all queries measure before they go on: few enough to stay in the cache meanwhile.
constexpr size_t kSlice = 256;
// How far every second query lies from a row towards another one.
constexpr float kAside = 1.0f / 3;

bool Closer(const Candidate& a, const Candidate& b) {
  return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
}
using Closest = TopK<Candidate, bool (*)(const Candidate&, const Candidate&)>;

size_t Deepest() { return CodeTrial::kHits[std::size(CodeTrial::kHits) - 1]; }

}  // namespace

struct CodeTrial::Query {
  Query(const MetricSpace& space, const Codec& codec, std::vector<float> v, size_t row)
      : vector(std::move(v)),
        query(space, vector.data()),
        self(row),
        exact(Deepest(), Closer),
        coded(LookedAt(Deepest()), Closer) {
    query.For(codec);
  }
  std::vector<float> vector;
  PreparedQuery query;
  size_t self;  // a row that is the query, which every codec finds
  Closest exact, coded;
  float distances[kSlice];
};

CodeTrial::CodeTrial(const TrainingRows& rows, size_t count, size_t queries,
                     const MetricSpace& space, const Codec& codec, const uint8_t* codes,
                     uint64_t seed)
    : rows_(rows),
      count_(std::min(count, rows.rows())),
      space_(space),
      codec_(codec),
      codes_(codes),
      slice_(kSlice),
      lengths_(codec.wants_lengths() ? kSlice : 0) {
  if (codes == nullptr) own_codes_.resize(kSlice * codec.row_bytes());
  Rng rng(seed);
  const size_t n = space.dimensions();
  for (size_t i = 0; i < std::min(queries, count_); ++i) {
    const size_t row = RowAt(rng.Below(count_));
    const float* const at = rows.Vector(row);
    std::vector<float> vector(at, at + n);
    const bool aside = i % 2 == 1;
    if (aside) {
      const float* const other = rows.Vector(RowAt(rng.Below(count_)));
      for (size_t d = 0; d < n; ++d) vector[d] += kAside * (other[d] - at[d]);
      // Opposite rows may meet in nothing.
      if (!space.IsSound(vector.data())) vector.assign(at, at + n);
    }
    queries_.push_back(
        std::make_unique<Query>(space, codec, std::move(vector), aside ? rows.rows() : row));
  }
}

CodeTrial::~CodeTrial() = default;

bool CodeTrial::Step(size_t threads) {
  if (next_ == count_) return false;
  const size_t n = std::min(kSlice, count_ - next_), bytes = codec_.row_bytes();
  ParallelFor(threads, 0, n, [&](size_t i) {
    const size_t row = RowAt(next_ + i);
    const float* const vector = rows_.Vector(row);
    if (codes_ == nullptr) codec_.Encode(vector, rows_.Scalar(row), &own_codes_[i * bytes]);
    slice_[i] = codes_ == nullptr ? &own_codes_[i * bytes] : codes_ + row * bytes;
    if (!lengths_.empty()) lengths_[i] = codec_.Length(vector, rows_.Scalar(row));
  });
  ParallelFor(threads, 0, queries_.size(), [&](size_t q) {
    Query& query = *queries_[q];
    query.query.For(codec_).Distances(slice_.data(), lengths_.empty() ? nullptr : lengths_.data(),
                                      n, query.distances);
    const auto push = [](Closest& closest, float distance, size_t i) {
      if (!closest.full() || distance < closest.worst().distance)
        closest.Push({distance, static_cast<Slot>(i)});
    };
    for (size_t i = 0; i < n; ++i) {
      const size_t row = RowAt(next_ + i);
      if (row == query.self) continue;
      push(query.coded, query.distances[i], row);
      push(query.exact, query.query.Distance(rows_.Vector(row), rows_.Scalar(row)), row);
    }
  });
  next_ += n;
  if (next_ < count_) return true;
  Count();
  return false;
}

void CodeTrial::Count() {
  size_t found[std::size(kHits)] = {}, wanted[std::size(kHits)] = {};
  for (const auto& query : queries_) {
    const std::vector<Candidate> exact = query->exact.Take(), coded = query->coded.Take();
    for (size_t h = 0; h < std::size(kHits); ++h) {
      const size_t of = std::min(kHits[h], exact.size());
      if (of == 0) continue;
      // Rows as close as the last one are as right.
      const float farthest = exact[of - 1].distance;
      size_t right = 0;
      for (size_t i = 0; i < std::min(LookedAt(kHits[h]), coded.size()); ++i) {
        const size_t row = coded[i].slot;
        right += query->query.Distance(rows_.Vector(row), rows_.Scalar(row)) <= farthest ? 1 : 0;
      }
      found[h] += std::min(right, of);
      wanted[h] += of;
    }
  }
  for (size_t h = 0; h < std::size(kHits); ++h)
    kept_[h] = wanted[h] == 0 ? 1 : static_cast<double>(found[h]) / static_cast<double>(wanted[h]);
}

bool CodeTrial::Keeps() const {
  return std::all_of(std::begin(kept_), std::end(kept_),
                     [](double kept) { return kept >= kLeastKept; });
}

bool CodeTrial::KeepsAsMuchAs(const CodeTrial& other) const {
  return std::equal(
      std::begin(kept_), std::end(kept_), std::begin(other.kept_),
      [](double kept, double others) { return kept >= std::max(others, kLeastCompared); });
}

}  // namespace ruvector
