// The direction of a vector, turned at random, on a fixed grid of 8 or 4 bits a dimension: a row is
// nothing but codes, so that a row of 64 · n bytes fills n cache lines. The length is kept apart
// (Codec::wants_lengths), and cosine needs none. Source: after a random rotation the coordinates of
// any unit vector are nearly normal, with a variance of 1 / dimensions (RaBitQ, Gao & Long 2024,
// arXiv:2405.12497, section 3.1), for which the best uniform quantizer is known (Max 1960, table
// II).
//
// Nothing has to be learned, but of rows that all point one way the grid sees little but that (128
// dimensions, Euclidean, a mean of 3 deviations: a recall of 0.79, of 10: of 0.01). So a mean can
// be: codes and lengths are then those of what is left of a vector without it, and cosine needs
// lengths too. Between what is left of two vectors the Euclidean distance is the same, of unit
// vectors twice that of cosine; products are ⟨q, v⟩ = ⟨q, mean⟩ + ⟨q, v - mean⟩. Rows in several
// tight groups far from each other have no mean that helps.
//
// Row: for a rotation P, v = |v| u and x = P u, codes c in 0 … 2^bits - 1 that stand for
// (c - (2^bits - 1) / 2) · step / √dimensions, chosen so that their product with x is the same
// share of |x|² for every row: estimates need no factor of the row's own. 8 bits: a byte each; 4
// bits: code i in the low half of byte i, code n + i in the high half of byte i, of n bytes. Padded
// with zeros.
#pragma once

#include <string_view>

#include "quant/codec.h"

namespace ruvector {

/// Without a mean. `metric`: not kManhattan. `bits`: 8 or 4.
std::unique_ptr<Codec> NewSphericalCodec(Metric metric, size_t dimensions, int bits);
/// Learns the mean of some of the rows, chosen by `seed`, and keeps it where it makes most of them
/// shorter by a twentieth or more; else Codec::Parameters are empty, as those of the above.
std::unique_ptr<CodecLearner> NewSphericalLearner(Metric metric, size_t dimensions, int bits,
                                                  uint64_t seed, const TrainingRows& rows);
/// With a mean; nullptr unless they are parameters of such a codec.
std::unique_ptr<Codec> ReadSphericalCodec(Metric metric, size_t dimensions, int bits,
                                          std::string_view parameters);

}  // namespace ruvector
