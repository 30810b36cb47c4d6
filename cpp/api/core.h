// The classes of the core under names of their own: some share theirs with the public header, which
// is therefore included after this one, and only by state.h.
#pragma once

#include "collection/batch_insert.h"
#include "collection/checks.h"
#include "collection/compaction.h"
#include "collection/database.h"
#include "collection/database_check.h"
#include "collection/edits.h"
#include "collection/salvage.h"
#include "collection/snapshot.h"

namespace ruvector::core {

using Collection = ruvector::Collection;
using Damage = ruvector::Damage;
using Durability = ruvector::Durability;
using Hit = ruvector::Hit;
using Metric = ruvector::Metric;
using Quantization = ruvector::Quantization;
using SalvageReport = ruvector::SalvageReport;
using Snapshot = ruvector::Snapshot;

}  // namespace ruvector::core
