// The two directions in which rows differ most, to draw them in a plane: principal components, by
// subspace iteration from random directions. Source: Halko, Martinsson & Tropp 2011, "Finding
// Structure with Randomness", arXiv:0909.4061, algorithm 4.4 and section 5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/interrupt.h"

namespace ruvector {

struct PrincipalAxes {
  /// [2 × dimensions], of length 1 and at right angles, the value furthest from 0 above it; zeros
  /// where rows do not differ in another direction.
  std::vector<float> axes;
  float origin[2] = {0, 0};     ///< <mean of the rows, axis>
  float explained[2] = {0, 0};  ///< share of the variance, 0 … 1, the larger first
};

/// `rows` [n × dimensions] of any n, dimensions ≥ 1; what is no number in them is no number in the
/// result. The same rows and seed give the same axes on the same instruction set. Throws kAborted,
/// kTimeout, std::bad_alloc.
PrincipalAxes FindPrincipalAxes(std::vector<float> rows, size_t dimensions, uint64_t seed,
                                const Interrupt& interrupt);

}  // namespace ruvector
