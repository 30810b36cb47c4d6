// 1 to 8 bits a dimension of what is left of a vector when the mean of all is taken away, turned at
// random so that every dimension tells as much; estimates have no bias, and an error that falls
// with 1 / √dimensions and by half with every bit. Source: RaBitQ, Gao & Long 2024,
// arXiv:2405.12497; more bits: Gao et al. 2025, arXiv:2409.09913.
//
// For a rotation P, a mean c and a vector v, r = P (v - c) is coded as u in 0 … 2^bits - 1 with
// x = u - (2^bits - 1) / 2 pointing where r points. |r|² / ⟨x, r⟩ · ⟨x, P (q - c)⟩ estimates
// ⟨r, P (q - c)⟩ without bias; distances of every metric but Manhattan follow from it and what is
// known of v and of q alone. The query has 8 bits a dimension, so that all is sums of integers.
//
// Not rotated, with 1 bit ("binary"), a code is the sign alone: cheaper to make, and poor where few
// dimensions tell most (bench/README.md); estimates have a bias then. Sizes learned for each
// dimension made it worse.
//
// Row: from 4 bits on the upper 4 (all 8 where there are 8), as scalar codes have them; then a
// plane of bits for each lower one, the highest first, ⌈dimensions / 16⌉ × 2 bytes each; then f32
// what v adds to a distance, f32 what its product is multiplied by.
#pragma once

#include "quant/codec.h"

namespace ruvector {

/// `metric`: not kManhattan. `bits` 1 … 8. Not `rotated`: for 1 bit.
std::unique_ptr<CodecLearner> NewRotatedLearner(Metric metric, size_t dimensions, int bits,
                                                bool rotated, uint64_t seed,
                                                const TrainingRows& rows);
/// nullptr unless they are parameters of such a codec.
std::unique_ptr<Codec> ReadRotatedCodec(Metric metric, size_t dimensions, int bits, bool rotated,
                                        std::string_view parameters);

}  // namespace ruvector
