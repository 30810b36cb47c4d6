// What a graph loses when rows leave it, and how the rows that stay are linked again: a neighbour
// that left is replaced by its own neighbours, the best of which are kept. Source: Singh et al.
// 2021, "FreshDiskANN", Algorithm 4, arXiv:2105.09613; pruning as in Malkov & Yashunin 2018,
// Algorithm 4, arXiv:1603.09320.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/bitset.h"
#include "index/candidate.h"
#include "index/graph_search.h"
#include "index/metric_space.h"

namespace ruvector {

/// Which rows of a graph stay. Rows with the same vector share one node of the graph; when the row
/// that has its links leaves, the next of them inherits them.
class GraphSurvivors {
 public:
  /// `live` [rows ≥ linked]. Throws what the view throws.
  template <typename View>
  GraphSurvivors(const View& view, const Bitset& live)
      : heirs_(view.linked(), kNoSlot), nodes_(view.linked(), kNoSlot) {
    Bitset later_twin(view.linked());
    for (Slot s = 0; s < view.linked(); ++s) {
      if (const Slot twin = view.Twin(s); twin < view.linked()) later_twin.Set(twin);
    }
    for (Slot s = 0; s < view.linked(); ++s) {
      if (later_twin.Test(s)) continue;
      ForEachTwin(view, s, [&](Slot twin) {
        // In a damaged file two nodes may have the same twin: it has the links of the first.
        if (!live.Contains(twin) || nodes_[twin] != kNoSlot) return true;
        heirs_[s] = twin;
        nodes_[twin] = s;
        return false;
      });
    }
  }

  /// The live row that has the links of a node now; kNoSlot when none is left.
  Slot HeirOf(Slot node) const { return heirs_[node]; }
  /// The node whose links a row has now; kNoSlot for a later twin and for a row that left.
  Slot NodeOf(Slot row) const { return nodes_[row]; }

 private:
  std::vector<Slot> heirs_, nodes_;  // [linked]
};

/// Links of nodes after others have left. Not for concurrent use.
template <typename View>
class GraphRepair {
 public:
  GraphRepair(const View& view, const MetricSpace& space, const GraphSurvivors& survivors)
      : view_(view), space_(space), survivors_(survivors) {}

  /// The nodes that stay among a node's neighbours and, for each that has left, some of that one's
  /// neighbours instead: at most `most`, unchanged when all stay.
  void LinksOf(Slot node, int level, size_t most, std::vector<Slot>& links) {
    links.clear();
    gone_.clear();
    const NeighborList list = view_.CheckedLinks(node, level);
    for (uint32_t i = 0; i < list.count; ++i) {
      (survivors_.HeirOf(list.begin[i]) == kNoSlot ? gone_ : links).push_back(list.begin[i]);
    }
    if (gone_.empty()) return;
    scratch_.Begin(view_.linked());
    scratch_.Visit(node);
    for (const Slot s : links) scratch_.Visit(s);
    for (const Slot s : gone_) scratch_.Visit(s);
    candidates_.clear();
    const size_t direct = gone_.size();
    for (size_t i = 0; i < gone_.size() && (i < direct || candidates_.size() < most); ++i)
      AddHeirs(node, gone_[i], level);
    Fill(most, links);
  }

 private:
  // Of each node that left so many neighbours are looked at: the closest. Fewer in all, and those
  // in the direction of a far one would not be among them; the graph would fall apart.
  static constexpr size_t kHeirs = 8;
  // Where few are found, nodes that left are followed to others that left: so many in all.
  static constexpr size_t kMaxGone = 64;

  float DistanceBetween(Slot a, Slot b) const {
    const float d =
        space_.Distance(view_.Vector(a), view_.Scalar(a), view_.Vector(b), view_.Scalar(b));
    // A hostile file may hold what is no number, and sorting needs an order.
    return std::isnan(d) ? std::numeric_limits<float>::infinity() : d;
  }

  static bool Closer(const Candidate& a, const Candidate& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
  }

  void AddHeirs(Slot node, Slot gone, int level) {
    if (level > 0 && view_.LevelOf(gone) < level) return;
    const NeighborList next = view_.CheckedLinks(gone, level);
    const size_t begin = candidates_.size();
    for (uint32_t j = 0; j < next.count; ++j) {
      const Slot s = next.begin[j];
      if (survivors_.HeirOf(s) != kNoSlot) {
        if (scratch_.Visit(s)) candidates_.push_back({DistanceBetween(node, s), s});
      } else if (gone_.size() < kMaxGone && scratch_.Visit(s)) {
        gone_.push_back(s);
      }
    }
    const auto from = candidates_.begin() + static_cast<long>(begin);
    const size_t kept = std::min(kHeirs, candidates_.size() - begin);
    std::partial_sort(from, from + static_cast<long>(kept), candidates_.end(), Closer);
    candidates_.resize(begin + kept);
  }

  // The links that stay were chosen well. Of the candidates, closest first, those closer to the
  // node than to any link it has; then the closest of the others, up to half of `most`.
  void Fill(size_t most, std::vector<Slot>& links) {
    std::sort(candidates_.begin(), candidates_.end(), Closer);
    passed_over_.clear();
    for (const Candidate& c : candidates_) {
      if (links.size() == most) return;
      const bool new_direction = std::none_of(links.begin(), links.end(), [&](Slot link) {
        return DistanceBetween(c.slot, link) < c.distance;
      });
      (new_direction ? links : passed_over_).push_back(c.slot);
    }
    for (size_t i = 0; i < passed_over_.size() && links.size() < (most + 1) / 2; ++i)
      links.push_back(passed_over_[i]);
  }

  const View& view_;
  const MetricSpace& space_;
  const GraphSurvivors& survivors_;
  SearchScratch scratch_;
  std::vector<Slot> gone_, passed_over_;
  std::vector<Candidate> candidates_;
};

}  // namespace ruvector
