// Rows that tell by themselves whether they are right: the vector follows from the id and the
// version in the metadata. For tests in which nobody knows what is there at a given moment.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collection/model.h"

namespace ruvector::test {

inline std::vector<float> TrueVector(std::string_view id, uint64_t version, size_t dimensions) {
  Rng rng(HashBytes(id) + version * 7919);
  return RandomVector(rng, dimensions);
}

inline std::string TrueMetadata(uint64_t version) {
  return "{\"v\":" + std::to_string(version) + "}";
}

inline Step::Change TruePut(const std::string& id, uint64_t version, size_t dimensions) {
  return {Operation::Kind::kPut, id, {TrueVector(id, version, dimensions), TrueMetadata(version)}};
}

inline uint64_t VersionOf(const std::string& metadata) {
  return metadata.size() < 6 ? 0 : std::stoull(metadata.substr(5));
}

/// Are vector and metadata those of one version of this row?
template <typename RowOrHit>
bool IsTrue(const RowOrHit& row) {
  const uint64_t version = VersionOf(row.metadata);
  return row.metadata == TrueMetadata(version) &&
         row.vector == TrueVector(row.id, version, row.vector.size());
}

/// What one moment showed of rows that are written in pairs, "<name>/a" with "<name>/b": is each
/// pair there with both rows of one version, or not at all?
template <typename Rows>
bool PairsAreWhole(const Rows& rows) {
  std::map<std::string, std::pair<int, uint64_t>> pairs;
  for (const auto& row : rows) {
    const size_t slash = row.id.find('/');
    if (slash == std::string::npos) continue;
    auto& [halves, version] = pairs[row.id.substr(0, slash)];
    const uint64_t own = VersionOf(row.metadata);
    if (halves > 0 && version != own) return false;
    ++halves;
    version = own;
  }
  for (const auto& [name, pair] : pairs) {
    if (pair.first != 2) return false;
  }
  return true;
}

}  // namespace ruvector::test
