// A vector cut into short ones, and each replaced by the closest of a few centroids that were
// learned for its place: k centroids and m places stand for k^m vectors. Source: Jégou, Douze,
// Schmid 2011, "Product Quantization for Nearest Neighbor Search", IEEE TPAMI 33(1), section III
// (asymmetric distances: the query is not coded; a table for each place holds how far it is from
// every centroid, and a row's distance is a sum of look-ups).
//
// Place p of m has dimensions ⌊p · dimensions / m⌋ … ⌊(p + 1) · dimensions / m⌋ - 1. Row: a byte a
// place; for k ≤ 16 half a byte, place 2 i in the low half of byte i.
#pragma once

#include <string_view>

#include "quant/quantization.h"

namespace ruvector {

/// `subspaces` 1 … dimensions; `k` 2 … kMostCentroids (quantization.h), at most rows.rows().
std::unique_ptr<CodecLearner> NewProductLearner(Metric metric, size_t dimensions, size_t subspaces,
                                                size_t k, uint64_t seed, const TrainingRows& rows);
/// nullptr unless they are parameters of such a codec.
std::unique_ptr<Codec> ReadProductCodec(Metric metric, size_t dimensions, size_t subspaces,
                                        size_t k, std::string_view parameters);

}  // namespace ruvector
