// Which way a segment's part of a search is answered, chosen by the exact number of rows that
// match.
#pragma once

#include <string_view>

#include "collection/options.h"
#include "collection/segment.h"

namespace ruvector {

/// "none", "scan", "codeScan", "walk", "filteredWalk", "probe".
std::string_view StrategyName(Strategy strategy);

struct SegmentPlan {
  Strategy strategy = Strategy::kNone;
  size_t ef = 0;      ///< of a walk
  size_t nprobe = 0;  ///< of a probe: lists to read, at least
  size_t least = 0;   ///< … and so many rows that match, of all the lists there are
};

///   matches   live rows that match, of segment.rows()
///   filtered  a filter chose them, so that they may lie anywhere
///   exact     every one of them must be measured by its vector
///   ef        candidates wished for
SegmentPlan PlanSegment(const Segment& segment, size_t matches, bool filtered, bool exact,
                        size_t ef);

/// The same for a segment whose rows are in lists, of which `nprobe` are wished for; `k`: hits.
SegmentPlan PlanProbe(const Segment& segment, size_t matches, bool filtered, bool exact,
                      size_t nprobe, size_t k);

}  // namespace ruvector
