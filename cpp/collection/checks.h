// What is checked before anything gets in, the same for every way in. `where` starts a message:
// "entry 3: ".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collection/collection.h"
#include "core/json.h"
#include "index/metric_space.h"

namespace ruvector {

// Limits of options.
inline constexpr size_t kLeastM = 2, kMostM = 512;
inline constexpr size_t kMostThreads = 256;
/// What a number of JavaScript holds.
inline constexpr uint64_t kMostSeed = (uint64_t{1} << 53) - 1;

/// Throws kInvalidOption for an empty or a long one.
void RequireId(std::string_view id, const std::string& where);

/// Throws kDimensionMismatch.
void RequireLength(size_t values, size_t dimensions, const std::string& where);

/// Throws kInvalidVector (NaN, infinite, too long), kZeroVector (cosine).
void RequireValidVector(const MetricSpace& space, const float* vector, const std::string& where);

/// The text that is stored for an object. Throws kInvalidOption when it is too long.
std::string MetadataText(const Json& metadata, const std::string& where);

/// Throws kInvalidOption for a recall outside 0 … 1, for one beside efSearch, nprobe or exact, for
/// efSearch where the collection's index is "ivf", and for nprobe where it is not.
void RequireFitting(const SearchRequest& request, const Collection& collection,
                    const std::string& where);

/// The vector of the entry that a search shall find others like. Throws kNotFound.
std::vector<float> RequireVectorLike(const Collection& collection, std::string_view id,
                                     const std::string& where);

}  // namespace ruvector
