// The direction of a vector, turned at random, on a fixed grid of 8 or 4 bits a dimension: nothing
// is learned, and a row is nothing but codes, so that a row of 64 · n bytes fills n cache lines.
// The length is kept apart (Codec::wants_lengths), and cosine needs none. Source: after a random
// rotation the coordinates of any unit vector are nearly normal, with a variance of 1 / dimensions
// (RaBitQ, Gao & Long 2024, arXiv:2405.12497, section 3.1), for which the best uniform quantizer is
// known (Max 1960, table II).
//
// For rows around the origin, as embeddings are: of rows that all point one way the grid sees
// little but that (128 dimensions, Euclidean, a mean of 3 deviations: a recall of 0.79, of 10: of
// 0.01).
//
// Row: for a rotation P, v = |v| u and x = P u, codes c in 0 … 2^bits - 1 that stand for
// (c - (2^bits - 1) / 2) · step / √dimensions, chosen so that their product with x is the same
// share of |x|² for every row: estimates need no factor of the row's own. 8 bits: a byte each; 4
// bits: code i in the low half of byte i, code n + i in the high half of byte i, of n bytes. Padded
// with zeros.
#pragma once

#include "quant/codec.h"

namespace ruvector {

/// `metric`: not kManhattan. `bits`: 8 or 4.
std::unique_ptr<Codec> NewSphericalCodec(Metric metric, size_t dimensions, int bits);

}  // namespace ruvector
