// Measuring again what a search by codes found: by finer codes where there are any, then by the
// vectors, until the rest is too far by all that the rows before have told of the codes' errors.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "collection/segment.h"
#include "index/search_scratch.h"

namespace ruvector {

/// Rows that a search by codes hands over to be measured again: query.rerank of them, of which 0
/// leaves the estimates; where nobody said, DefaultRerank at most.
struct Reranking {
  Reranking(const Quantization& quantization, const LinkedSearch& search)
      : given(search.query->rerank.has_value()),
        rerank(search.query->rerank.value_or(DefaultRerank(quantization, search.limit))),
        most(std::max(rerank, search.limit)) {}
  bool given;
  size_t rerank, most;
};

/// Closest first, ties by slot; the first `most` stay.
inline void SortFound(std::vector<Candidate>& found, size_t most) {
  // Hostile rows may have distances that are no numbers: they come last, and are refused then.
  const auto is_number = [](const Candidate& c) { return !std::isnan(c.distance); };
  const auto end = std::partition(found.begin(), found.end(), is_number);
  std::sort(found.begin(), end, [](const Candidate& a, const Candidate& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
  });
  if (found.size() > most) found.resize(most);
}

/// fine_code(slot) gives the row's finer code, if there is `fine`.
template <typename FineCode>
void MeasureByFineCodes(const Codec& fine, const FineCode& fine_code, size_t most,
                        LinkedSearch& search) {
  std::vector<Candidate>& found = search.found;
  SearchScratch& scratch = *search.scratch;
  scratch.MakeRoom(found.size());
  scratch.scored += found.size();
  for (size_t i = 0; i < found.size(); ++i) scratch.codes[i] = fine_code(found[i].slot);
  search.query->For(fine).Distances(scratch.codes.data(), nullptr, found.size(),
                                    scratch.distances.data());
  for (size_t i = 0; i < found.size(); ++i) found[i].distance = scratch.distances[i];
  SortFound(found, most);
}

/// Tells when rows, in order of their estimates, are no longer worth measuring: when an estimate
/// lies kDeviations of the errors so far beyond the `limit`-th distance.
class RerankBound {
 public:
  /// `distances`: room for `limit` of them.
  RerankBound(size_t limit, float* distances) : limit_(limit), closest_(distances) {}

  /// Can a row of this estimate, and those after it, be left out?
  bool Beyond(float estimate) const {
    if (measured_ < limit_ || errors_ < kFewest) return false;
    const double n = static_cast<double>(errors_);
    return estimate - kDeviations * std::sqrt(squares_ / n) * (1 + kDoubt / n) > closest_[0];
  }
  void Add(float estimate, float distance) {
    // Rows of one vector have one error.
    if (errors_ == 0 || estimate != last_) {
      const double error = double{distance} - estimate;
      squares_ += error * error;
      ++errors_;
      last_ = estimate;
    }
    if (measured_++ < limit_) {
      closest_[measured_ - 1] = distance;
      std::push_heap(closest_, closest_ + measured_);
    } else if (distance < closest_[0]) {
      std::pop_heap(closest_, closest_ + limit_);
      closest_[limit_ - 1] = distance;
      std::push_heap(closest_, closest_ + limit_);
    }
  }

 private:
  static constexpr size_t kFewest = 8;
  // Few errors, and those of the lowest estimates, show less of them than there is.
  static constexpr double kDoubt = 8;
  static constexpr double kDeviations = 4;
  size_t limit_, measured_ = 0, errors_ = 0;
  float* closest_;  // max-heap
  float last_ = 0;  // estimate
  // Of the errors, not of their differences from a mean: rows close to each other err alike.
  double squares_ = 0;
};

/// For a View that offers
///   const float* FetchVector(Slot, std::vector<float>& room) const   read into `room` if on disk
///   void WillFetch(Slot) const                                       a hint of that
template <typename View>
void MeasureByVectors(const View& view, const Reranking& again, LinkedSearch& search) {
  const PreparedQuery& query = *search.query;
  std::vector<Candidate>& found = search.found;
  if (again.rerank == 0) {
    for (Candidate& c : found) c.distance = query.space.WithinRange(c.distance);
    return;
  }
  // All at once where all are measured: a disk then reads them beside each other.
  constexpr size_t kAhead = 8;
  const size_t ahead = again.given ? found.size() : kAhead;
  SearchScratch& scratch = *search.scratch;
  scratch.MakeRoom(search.limit);
  RerankBound bound(search.limit, scratch.distances.data());
  size_t asked = 0, n = 0;
  for (; n < found.size(); ++n) {
    Candidate& c = found[n];
    if (!again.given && bound.Beyond(c.distance)) break;
    for (const size_t end = std::min(std::max(search.limit, n) + ahead, found.size()); asked < end;
         ++asked)
      view.WillFetch(found[asked].slot);
    const float* const vector = view.FetchVector(c.slot, scratch.vector);
    const float distance = query.Distance(vector, view.Scalar(c.slot));
    bound.Add(c.distance, distance);
    c.distance = distance;
  }
  found.resize(n);
  search.reranked = n;
  SortFound(found, search.limit);
}

}  // namespace ruvector
