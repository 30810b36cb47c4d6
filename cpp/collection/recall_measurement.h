// Measures how much walks of a segment's graph, or probes of its lists, find, against scans: what
// `recall` in a search is answered from.
#pragma once

#include <optional>

#include "core/interrupt.h"
#include "index/recall_table.h"

namespace ruvector {

class Segment;

/// `rerank`: as in PreparedQuery. The queries lie among the segment's rows; so users' queries that
/// are unlike all of them find less. Some 0.2 s for 100,000 × 384. Throws kAborted, kTimeout.
RecallTable MeasureRecall(const Segment& segment, const Interrupt* interrupt,
                          std::optional<size_t> rerank);

}  // namespace ruvector
