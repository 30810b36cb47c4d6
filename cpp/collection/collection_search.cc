// How a search is answered: which segments are walked and which scanned, and how their answers are
// joined.
#include <algorithm>
#include <cmath>
#include <mutex>
#include <shared_mutex>

#include "collection/collection.h"

namespace ruvector {
namespace {

// A walk for ef matches in a segment where a share s of the rows matches looks at about kWalkCost ·
// ef / s rows, out of order in memory; a scan looks at s · rows, in order. The walk pays when
// matches² > kWalkCost · ef · rows.
constexpr double kWalkCost = 16;
// With at most this share of the rows deleted, a plain walk with a longer list finds enough live
// ones.
constexpr double kPlainWalkShare = 0.5;

}  // namespace

void Collection::SearchSegment(const Segment& segment, const PreparedQuery& query,
                               const SearchRequest& request, const Bitset& accept, size_t matches,
                               bool exact, std::vector<SegmentHit>& out) const {
  if (matches == 0) return;
  std::vector<Candidate> found;
  const size_t linked = segment.linked();
  const size_t ef = std::max(request.ef_search.value_or(ef_search()), request.k);
  const double m = static_cast<double>(matches), rows = static_cast<double>(segment.rows());
  if (exact || linked == 0 || m * m <= kWalkCost * static_cast<double>(ef) * rows) {
    segment.Scan(query, request.k, accept, 0, found);
  } else {
    const double share = m / rows;
    const bool filtered = share < kPlainWalkShare || request.filter != nullptr;
    const size_t list =
        filtered ? ef : static_cast<size_t>(std::ceil(static_cast<double>(ef) / share));
    std::unique_ptr<SearchScratch> scratch = scratches_.Take();
    segment.SearchLinked(query, list, request.k, accept, filtered, *scratch, found);
    scratches_.Give(std::move(scratch));
    if (linked < segment.rows())
      segment.Scan(query, request.k, accept, static_cast<Slot>(linked), found);
  }
  for (const Candidate& c : found) {
    if (std::isnan(c.distance))
      throw Error(ErrorCode::kCorrupt,
                  "a row has no distance: its segment holds what is no number");
    out.push_back({space_.PublicDistance(c.distance), &segment, c.slot});
  }
}

std::vector<Hit> Collection::Search(const SearchRequest& request) const {
  const std::shared_lock<FairMutex> lock(mutex_);
  PreparedQuery query(space_, request.vector);
  query.interrupt = &request.interrupt;
  query.rerank = options_.rerank;
  request.interrupt.Check();
  const std::optional<Located> excluded =
      request.exclude.empty() ? std::nullopt : Locate(request.exclude);
  struct Part {
    const Segment* segment;
    Bitset filtered;  // empty without a filter
    size_t matches;
    const Bitset& accept() const { return filtered.size() == 0 ? segment->live() : filtered; }
  };
  std::vector<Part> parts;
  size_t matches = 0;
  ForEachSegment([&](const Segment& segment) {
    Part part{&segment, {}, segment.live_count()};
    const bool excludes = excluded && excluded->segment == &segment;
    if (request.filter != nullptr || excludes) {
      part.filtered = Matches(segment, request.filter, &request.interrupt);
      if (excludes) part.filtered.Reset(excluded->slot);
      part.matches = part.filtered.Count();
    }
    matches += part.matches;
    parts.push_back(std::move(part));
  });

  const size_t wanted = std::min(request.k, matches);
  std::vector<SegmentHit> found;
  for (const Part& part : parts) {
    SearchSegment(*part.segment, query, request, part.accept(), part.matches, request.exact, found);
  }
  if (found.size() < wanted) {
    // The graph did not reach enough of the matching rows; a user is owed min(k, matches) hits all
    // the same.
    found.clear();
    for (const Part& part : parts) {
      SearchSegment(*part.segment, query, request, part.accept(), part.matches, true, found);
    }
  }
  const auto closer = [](const SegmentHit& a, const SegmentHit& b) {
    return a.distance < b.distance ||
           (a.distance == b.distance && a.segment->Id(a.slot) < b.segment->Id(b.slot));
  };
  const size_t kept = std::min(wanted, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<long>(kept), found.end(), closer);
  found.resize(kept);

  std::vector<Hit> hits;
  hits.reserve(kept);
  for (const SegmentHit& h : found) {
    Hit hit;
    hit.distance = h.distance;
    if (request.min_similarity && space_.Similarity(hit.distance) < *request.min_similarity) break;
    hit.id = h.segment->Id(h.slot);
    if (request.include_metadata) hit.metadata = h.segment->Metadata(h.slot);
    if (request.include_vectors) {
      const float* vector = h.segment->Vector(h.slot);
      hit.vector.assign(vector, vector + options_.dimensions);
    }
    hits.push_back(std::move(hit));
  }
  return hits;
}

}  // namespace ruvector
