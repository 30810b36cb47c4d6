// How a search is answered: which segments are walked and which scanned, and how their answers are
// joined.
#include <algorithm>
#include <cmath>
#include <mutex>
#include <shared_mutex>

#include "collection/collection.h"
#include "collection/search_plan.h"
#include "core/parallel.h"
#include "index/list_builder.h"

namespace ruvector {
namespace {

// Searches of a batch that one thread answers together: scans read a row once for all of them.
constexpr size_t kSearchesTogether = 16;

}  // namespace

/// A segment's part of a search.
struct Collection::Part {
  const Segment* segment;
  Bitset filtered;  ///< empty without a filter
  size_t matches;
  SegmentPlan plan;
  size_t walked = 0, scanned = 0, reranked = 0;  ///< distances taken
  size_t probed = 0;                             ///< lists read
  const Bitset& accept() const { return filtered.size() == 0 ? segment->live() : filtered; }
};

struct Collection::Running {
  struct SegmentHit {
    float distance;
    const Segment* segment;
    Slot slot;
  };
  Running(const MetricSpace& space, const SearchRequest& r, std::optional<size_t> rerank)
      : request(&r), query(space, r.vector) {
    query.interrupt = &r.interrupt;
    query.rerank = rerank;
  }
  void Add(const Segment& segment, std::span<const Candidate> candidates) {
    for (const Candidate& c : candidates) {
      if (std::isnan(c.distance))
        throw Error(ErrorCode::kCorrupt,
                    "a row has no distance: its segment holds what is no number");
      found.push_back({query.space.PublicDistance(c.distance), &segment, c.slot});
    }
  }

  const SearchRequest* request;
  PreparedQuery query;
  std::vector<Part> parts;
  size_t wanted = 0;
  FilterWork filter;
  bool scanned_again = false;
  std::vector<SegmentHit> found;
};

// Finds the rows that match, and from their number the way.
void Collection::Begin(Running& running) const {
  const SearchRequest& request = *running.request;
  request.interrupt.Check();
  const std::optional<Located> excluded =
      request.exclude.empty() ? std::nullopt : Locate(request.exclude);
  const size_t room = request.filter != nullptr ? RoomForFieldIndexes() : 0;
  size_t matches = 0;
  ForEachSegment([&](const Segment& segment) {
    Part part{&segment, {}, segment.live_count(), {}};
    const bool excludes = excluded && excluded->segment == &segment;
    if (request.filter != nullptr || excludes) {
      part.filtered = segment.Matches(request.filter, room, &request.interrupt, &running.filter);
      if (excludes) part.filtered.Reset(excluded->slot);
      part.matches = part.filtered.Count();
    }
    matches += part.matches;
    // Where no walk that was measured finds enough, every row is measured.
    // A flat collection may have segments from when it was none.
    bool scan = request.exact || segment.indexed() == 0 || request.recall == 1.0 ||
                options_.index == IndexKind::kFlat;
    std::optional<size_t> measured;
    if (request.recall && !scan) {
      measured = segment.MeasuredRecall(&request.interrupt, options_.rerank)
                     ->EfFor(*request.recall, request.k);
      scan = !measured;
    }
    const bool filtered = request.filter != nullptr;
    if (segment.lists() > 0) {
      size_t lists = request.nprobe.value_or(nprobe());
      if (lists == 0) lists = DefaultProbes(segment.lists());
      part.plan =
          PlanProbe(segment, part.matches, filtered, scan, measured.value_or(lists), request.k);
    } else {
      const size_t ef =
          std::max({measured.value_or(request.ef_search.value_or(ef_search())), request.k,
                    LeastList(segment.quantization(), options_.rerank, request.k)});
      part.plan = PlanSegment(segment, part.matches, filtered, scan, ef);
    }
    running.parts.push_back(std::move(part));
  });
  running.wanted = std::min(request.k, matches);
}

// One segment's part of searches that run together.
void Collection::SearchSegment(std::span<Running> searches, size_t part_index) const {
  const Segment& segment = *searches[0].parts[part_index].segment;
  const size_t indexed = segment.indexed();
  std::vector<LinkedSearch> walks;
  std::vector<RowScan> scans;
  std::vector<Running*> walkers, scanners;
  std::unique_ptr<SearchScratch> scratch;
  for (Running& running : searches) {
    Part& part = running.parts[part_index];
    if (part.plan.strategy == Strategy::kNone) continue;
    const bool walk = part.plan.strategy != Strategy::kScan;
    if (walk) {
      if (!scratch) scratch = scratches_.Take();
      walks.push_back({&running.query,
                       part.plan.ef,
                       running.request->k,
                       &part.accept(),
                       part.plan.strategy,
                       scratch.get(),
                       0,
                       {},
                       part.plan.nprobe,
                       part.plan.least});
      walkers.push_back(&running);
    }
    // Rows that wait for their links are scanned beside a walk.
    if (walk && indexed == segment.rows()) continue;
    const size_t from = walk ? indexed : 0;
    scans.push_back(
        {&running.query, running.request->k, &part.accept(), static_cast<Slot>(from), 0, {}});
    scanners.push_back(&running);
  }
  if (!scans.empty()) segment.Scan(scans);
  for (size_t i = 0; i < scans.size(); ++i) {
    scanners[i]->parts[part_index].scanned = scans[i].measured;
    scanners[i]->Add(segment, scans[i].found);
  }
  for (size_t i = 0; i < walks.size(); ++i) {
    segment.SearchLinked(walks[i]);
    Part& part = walkers[i]->parts[part_index];
    part.walked = walks[i].scratch->scored;
    part.probed = walks[i].probed;
    part.reranked = walks[i].reranked;
    walkers[i]->Add(segment, walks[i].found);
  }
  if (scratch) scratches_.Give(std::move(scratch));
}

// For when the graphs did not reach enough of the matching rows: a user is owed min(k, matches)
// hits all the same.
void Collection::ScanAll(Running& running) const {
  running.found.clear();
  running.scanned_again = true;
  for (Part& part : running.parts) {
    if (part.matches == 0) continue;
    RowScan scan{&running.query, running.request->k, &part.accept(), 0, 0, {}};
    part.segment->Scan({&scan, 1});
    part.scanned += scan.measured;
    running.Add(*part.segment, scan.found);
  }
}

void Collection::Run(std::span<Running> searches) const {
  for (Running& running : searches) Begin(running);
  for (size_t part = 0; part < searches[0].parts.size(); ++part) SearchSegment(searches, part);
  for (Running& running : searches) {
    if (running.found.size() < running.wanted) ScanAll(running);
  }
}

std::vector<Hit> Collection::Finish(Running& running) const {
  const SearchRequest& request = *running.request;
  const auto closer = [](const Running::SegmentHit& a, const Running::SegmentHit& b) {
    return a.distance < b.distance ||
           (a.distance == b.distance && a.segment->Id(a.slot) < b.segment->Id(b.slot));
  };
  std::vector<Running::SegmentHit>& found = running.found;
  const size_t kept = std::min(running.wanted, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<long>(kept), found.end(), closer);
  found.resize(kept);

  std::vector<float> room;
  std::vector<Hit> hits;
  hits.reserve(kept);
  for (const Running::SegmentHit& h : found) {
    Hit hit;
    hit.distance = h.distance;
    if (request.min_similarity && space_.Similarity(hit.distance) < *request.min_similarity) break;
    hit.id = h.segment->Id(h.slot);
    if (request.include_metadata) hit.metadata = h.segment->Metadata(h.slot);
    if (request.include_vectors) {
      const float* vector = h.segment->FetchVector(h.slot, room);
      hit.vector.assign(vector, vector + options_.dimensions);
    }
    hits.push_back(std::move(hit));
  }
  return hits;
}

std::vector<Hit> Collection::Search(const SearchRequest& request) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  Running running(space_, request, options_.rerank);
  Run({&running, 1});
  return Finish(running);
}

std::vector<std::vector<Hit>> Collection::SearchBatch(std::span<const SearchRequest> requests,
                                                      size_t threads) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  std::vector<std::vector<Hit>> hits(requests.size());
  const size_t together =
      std::clamp<size_t>(requests.size() / std::max<size_t>(threads, 1), 1, kSearchesTogether);
  const size_t groups = (requests.size() + together - 1) / together;
  ParallelFor(threads, 0, groups, [&](size_t group) {
    const size_t begin = group * together;
    const size_t end = std::min(begin + together, requests.size());
    std::vector<Running> searches;
    searches.reserve(end - begin);
    for (size_t i = begin; i < end; ++i)
      searches.emplace_back(space_, requests[i], options_.rerank);
    Run(searches);
    for (size_t i = begin; i < end; ++i) hits[i] = Finish(searches[i - begin]);
  });
  return hits;
}

Explanation Collection::Explain(const SearchRequest& request) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  Running running(space_, request, options_.rerank);
  Run({&running, 1});
  Explanation explanation;
  for (const Part& part : running.parts) {
    const class Segment& segment = *part.segment;
    const bool by_codes =
        part.plan.strategy != Strategy::kNone && part.plan.strategy != Strategy::kScan;
    explanation.segments.push_back({&segment == growing_.get(), segment.rows(), part.matches,
                                    part.plan.strategy, part.plan.ef, part.probed,
                                    by_codes ? QuantizationName(segment.quantization()) : "none",
                                    part.walked + part.scanned + part.reranked, part.reranked});
  }
  explanation.filter = running.filter;
  explanation.scanned_again = running.scanned_again;
  explanation.hits = Finish(running).size();
  return explanation;
}

}  // namespace ruvector
