// What searches do at a recall@10 of 0.95, counted instead of timed: lists of neighbours read,
// distances by codes and by vectors, for a query. The product's own walk (SearchLinkedRows) runs
// over a view that counts. One thread, fixed seeds: the same figures on every machine, or, where
// rows are not whole numbers, nearly so. Prints a line "name figure" each.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "collection/segment_search.h"
#include "dataset.h"
#include "index/hnsw_builder.h"

namespace ruvector::bench {
namespace {

constexpr size_t kRows = 10000, kQueries = 300, kHits = 10;
constexpr size_t kLists[] = {10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320};
constexpr double kRecall = 0.95;

struct Work {
  double recall = 0, hops = 0, code_distances = 0, vector_distances = 0;
};

/// A builder's graph and rows, as SearchLinkedRows wants them.
class CountingView {
 public:
  explicit CountingView(const HnswBuilder& builder) : builder_(builder) {}

  size_t linked() const { return builder_.linked(); }
  Slot entry() const { return builder_.entry(); }
  int max_level() const { return builder_.max_level(); }
  NeighborList Links(Slot slot, int level) const {
    ++work.hops;
    return builder_.Links(slot, level);
  }
  void PrefetchPlace(Slot) const {}
  void PrefetchLinks(Slot) const {}
  Slot Twin(Slot slot) const { return builder_.Twin(slot); }
  const float* Vector(Slot slot) const {
    ++work.vector_distances;
    return builder_.Vector(slot);
  }
  const float* FetchVector(Slot slot, std::vector<float>&) const { return Vector(slot); }
  float Scalar(Slot slot) const { return builder_.Scalar(slot); }
  void Prefetch(Slot) const {}
  void WillFetch(Slot) const {}
  const Codec* codec() const { return builder_.codec(); }
  const uint8_t* Code(Slot slot) const {
    ++work.code_distances;
    return builder_.Code(slot);
  }
  void PrefetchCode(Slot) const {}
  float Length(Slot slot) const { return builder_.Length(slot); }
  void PrefetchLength(Slot) const {}
  const Quantization& quantization() const { return builder_.quantization(); }
  const Codec* fine_codec() const { return nullptr; }
  const uint8_t* FineCode(Slot) const { return nullptr; }
  void PrefetchFineCode(Slot) const {}

  mutable Work work;

 private:
  const HnswBuilder& builder_;
};

/// Between the two lists around the recall; of the shortest or the longest list beyond.
Work AtRecall(const std::vector<Work>& curve) {
  for (size_t i = 0; i < curve.size(); ++i) {
    if (curve[i].recall < kRecall) continue;
    if (i == 0) return curve[0];
    const Work &a = curve[i - 1], &b = curve[i];
    const double share = (kRecall - a.recall) / (b.recall - a.recall);
    const auto between = [&](double Work::*m) { return a.*m + share * (b.*m - a.*m); };
    return {kRecall, between(&Work::hops), between(&Work::code_distances),
            between(&Work::vector_distances)};
  }
  return curve.back();
}

void Count(const std::string& kind, size_t dimensions, Quantization quantization) {
  const auto generator = NewGenerator(kind, dimensions);
  const MetricSpace space(Metric::kEuclidean, dimensions);
  HnswParameters parameters;
  parameters.quantization = quantization;
  HnswBuilder builder(space, parameters);
  builder.Reserve(kRows);
  std::vector<float> row(dimensions);
  for (size_t r = 0; r < kRows; ++r) {
    generator->Row(0, r, row.data());
    builder.Append(row.data());
  }
  builder.LinkRange(kRows, 1);

  Bitset all(kRows), half(kRows);
  for (size_t r = 0; r < kRows; ++r) all.Set(r);
  for (size_t r = 0; r < kRows; r += 2) half.Set(r);
  SearchScratch scratch;
  for (const bool filtered : {false, true}) {
    const Bitset& accept = filtered ? half : all;
    std::vector<Work> curve;
    for (const size_t ef : kLists) {
      const CountingView view(builder);
      for (size_t q = 0; q < kQueries; ++q) {
        generator->Row(1, q, row.data());
        const PreparedQuery query(space, row.data());
        std::vector<float> distances;
        for (size_t r = 0; r < kRows; r += filtered ? 2 : 1)
          distances.push_back(query.Distance(builder.Vector(static_cast<Slot>(r)), 0));
        std::nth_element(distances.begin(), distances.begin() + kHits - 1, distances.end());
        LinkedSearch search{
            &query,   ef, kHits, &accept, filtered ? Strategy::kFilteredWalk : Strategy::kWalk,
            &scratch, 0,  {}};
        SearchLinkedRows(view, search);
        for (const Candidate& c : search.found)
          view.work.recall += c.distance <= distances[kHits - 1];
      }
      Work work = view.work;
      work.recall /= kQueries * kHits;
      for (const auto m : {&Work::hops, &Work::code_distances, &Work::vector_distances})
        work.*m /= kQueries;
      curve.push_back(work);
    }
    const Work work = AtRecall(curve);
    const std::string name = kind + "/" + std::string(QuantizationName(quantization)) +
                             (filtered ? "/half of the rows" : "/all rows");
    std::printf("%s/recall\t%.4f\n", name.c_str(), work.recall);
    std::printf("%s/hops\t%.2f\n", name.c_str(), work.hops);
    std::printf("%s/distances by codes\t%.2f\n", name.c_str(), work.code_distances);
    std::printf("%s/distances by vectors\t%.2f\n", name.c_str(), work.vector_distances);
  }
}

}  // namespace
}  // namespace ruvector::bench

int main() {
  using ruvector::Quantization;
  for (const auto q : {Quantization::kNone, Quantization::kScalar8, Quantization::kScalar4})
    ruvector::bench::Count("sift-hard", 128, q);
  ruvector::bench::Count("text", 96, Quantization::kScalar8);
  return 0;
}
