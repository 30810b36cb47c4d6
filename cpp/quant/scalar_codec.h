// One small number per dimension, on a scale of the row's own: x ≈ low + step · code, with low and
// step chosen for each row, so that nothing is trained and no row is clipped by what others hold.
// Source: locally-adaptive quantization, Aguerrebere et al. 2023, "Similarity Search in the Blink
// of an Eye with Compressed Indices", arXiv:2304.04759, section 3.
//
// Row: f32 step, f32 sum of the vector (Manhattan: low), f32 bias, codes padded with
// zeros to a multiple of kCodePadding bytes. With a query split into its mean m and s8 codes r of
// what is left, q ≈ m + t · r, the products of a row with it are sum · m + step · t · Σ code · r:
// one sum of integers. The factors and signs of the metric are in the stored numbers.
#pragma once

#include "quant/codec.h"

namespace ruvector {

/// `bits`: 8 or 4.
std::unique_ptr<Codec> NewScalarCodec(Metric metric, size_t dimensions, int bits);

}  // namespace ruvector
