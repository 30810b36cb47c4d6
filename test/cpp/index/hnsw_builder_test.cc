// The graph: what it finds, that it repeats, and that thousands of equal vectors do not cut it.
#include "index/hnsw_builder.h"

#include <algorithm>
#include <set>

#include "core/random.h"
#include "index/scorer.h"
#include "support/catch.h"

namespace ruvector {
namespace {

constexpr size_t kDimensions = 16;

std::vector<float> Gaussian(Rng& rng) {
  std::vector<float> v(kDimensions);
  for (float& x : v) x = static_cast<float>(rng.Normal());
  return v;
}

std::vector<Slot> Nearest(const HnswBuilder& graph, const MetricSpace& space, const float* query,
                          size_t k, size_t ef, const Bitset& accept) {
  SearchScratch scratch;
  std::vector<Slot> found;
  const PreparedQuery prepared(space, query);
  SearchGraph(graph, ExactScorer(graph, prepared), ef, accept, scratch, [&](float, Slot slot) {
    found.push_back(slot);
    return found.size() < k;
  });
  return found;
}

std::vector<uint32_t> AllLinks(const HnswBuilder& graph) {
  std::vector<uint32_t> words;
  for (Slot s = 0; s < graph.linked(); ++s) {
    for (int level = 0; level <= graph.LevelOf(s); ++level) {
      const NeighborList links = graph.Links(s, level);
      words.push_back(links.count);
      words.insert(words.end(), links.begin, links.begin + links.count);
    }
    words.push_back(graph.Twin(s));
  }
  return words;
}

}  // namespace

TEST_CASE("a graph finds what a scan finds, for every metric", "[index]") {
  for (const Metric metric :
       {Metric::kCosine, Metric::kEuclidean, Metric::kDot, Metric::kManhattan}) {
    const MetricSpace space(metric, kDimensions);
    Rng rng(3);
    HnswBuilder graph(space, {});
    constexpr size_t kRows = 2000;
    for (size_t i = 0; i < kRows; ++i) graph.Append(Gaussian(rng).data());
    graph.LinkRange(kRows, 2);
    const Bitset all(kRows, true);
    size_t hits = 0;
    for (int q = 0; q < 50; ++q) {
      const std::vector<float> query = Gaussian(rng);
      const PreparedQuery prepared(space, query.data());
      std::vector<Candidate> exact;
      for (Slot s = 0; s < kRows; ++s)
        exact.push_back({prepared.Distance(graph.Vector(s), graph.Scalar(s)), s});
      std::partial_sort(
          exact.begin(), exact.begin() + 10, exact.end(),
          [](const Candidate& a, const Candidate& b) { return a.distance < b.distance; });
      const std::vector<Slot> found = Nearest(graph, space, query.data(), 10, 200, all);
      const std::set<Slot> set(found.begin(), found.end());
      REQUIRE(set.size() == 10);  // none twice
      for (int i = 0; i < 10; ++i) hits += set.count(exact[static_cast<size_t>(i)].slot);
    }
    CAPTURE(static_cast<int>(metric));
    REQUIRE(hits >= 475);
  }
}

TEST_CASE("one thread and one seed give the same graph, another seed another", "[index]") {
  const MetricSpace space(Metric::kEuclidean, kDimensions);
  const auto build = [&](uint64_t seed, size_t step) {
    Rng rng(4);
    HnswParameters parameters;
    parameters.seed = seed;
    HnswBuilder graph(space, parameters);
    for (size_t i = 0; i < 1000; ++i) {
      graph.Append(Gaussian(rng).data());
      if (i % step == 0) graph.LinkRange(i + 1, 1);
    }
    graph.LinkRange(1000, 1);
    return AllLinks(graph);
  };
  const std::vector<uint32_t> one = build(1, 1);
  REQUIRE(one == build(1, 1));
  REQUIRE(one == build(1, 100));  // in however many steps
  REQUIRE(one != build(2, 1));
}

TEST_CASE("a thousand equal vectors neither hide the others nor each other", "[index]") {
  for (const size_t threads : {size_t{1}, size_t{2}}) {
    const MetricSpace space(Metric::kCosine, kDimensions);
    Rng rng(5);
    HnswBuilder graph(space, {});
    const std::vector<float> same = Gaussian(rng);
    for (int i = 0; i < 1000; ++i) graph.Append(same.data());
    std::vector<std::vector<float>> others;
    for (int i = 0; i < 500; ++i) {
      others.push_back(Gaussian(rng));
      graph.Append(others.back().data());
    }
    graph.LinkRange(1500, threads);
    const Bitset all(1500, true);
    for (size_t i = 0; i < others.size(); ++i) {
      const std::vector<Slot> found = Nearest(graph, space, others[i].data(), 1, 100, all);
      REQUIRE(found.size() == 1);
      REQUIRE(found[0] == 1000 + i);
    }
    const std::vector<Slot> twins = Nearest(graph, space, same.data(), 1000, 100, all);
    const std::set<Slot> distinct(twins.begin(), twins.end());
    REQUIRE(distinct.size() == 1000);
    REQUIRE(*distinct.rbegin() == 999);
  }
}

TEST_CASE("merging sorted lists keeps the closest and tells the lowest change", "[index]") {
  using Entry = SearchScratch::Entry;
  Rng rng(6);
  for (int round = 0; round < 2000; ++round) {
    const size_t limit = 1 + rng.Below(20);
    std::vector<Entry> pool, fresh;
    std::vector<float> expected;
    const auto fill = [&](std::vector<Entry>& list, size_t n) {
      for (size_t i = 0; i < n; ++i)
        list.push_back({static_cast<float>(rng.Below(15)), static_cast<Slot>(i & 0xff), false});
      std::sort(list.begin(), list.end(),
                [](const Entry& a, const Entry& b) { return a.distance < b.distance; });
      for (const Entry& e : list) expected.push_back(e.distance);
    };
    fill(pool, rng.Below(limit + 1));
    fill(fresh, rng.Below(12));
    std::sort(expected.begin(), expected.end());
    expected.resize(std::min(expected.size(), limit));
    const std::vector<Entry> before = pool;
    const size_t lowest = MergeSorted(pool, fresh, limit);
    REQUIRE(pool.size() == expected.size());
    for (size_t i = 0; i < pool.size(); ++i) {
      REQUIRE(pool[i].distance == expected[i]);
      if (i < lowest) REQUIRE(pool[i].distance == before[i].distance);
    }
  }
}

}  // namespace ruvector
