#include "collection/edits.h"

#include <set>
#include <vector>

namespace ruvector {
namespace {

template <typename Ids>
std::vector<Operation> Deletions(Collection& collection, const Ids& ids) {
  std::vector<Operation> operations;
  for (const std::string_view id : ids)
    operations.push_back({Operation::Kind::kDelete, id, {}, nullptr, &collection});
  return operations;
}

}  // namespace

bool UpdateRow(Database& database, Collection& collection, std::string_view id, const float* vector,
               std::optional<std::string> metadata) {
  const bool changes = vector != nullptr || metadata;
  bool found = false;
  database.Write([&]() -> std::vector<Operation> {
    std::optional<Row> row = collection.Get(id, false);
    found = row.has_value();
    if (!found || !changes) return {};
    if (!metadata) metadata = std::move(row->metadata);
    const auto kind = vector == nullptr ? Operation::Kind::kSetMetadata : Operation::Kind::kPut;
    return {{kind, id, *metadata, vector, &collection}};
  });
  return found;
}

size_t DeleteRows(Database& database, Collection& collection,
                  std::span<const std::string_view> ids) {
  std::set<std::string_view> present;
  database.Write([&] {
    for (const std::string_view id : ids) {
      if (collection.Has(id)) present.insert(id);
    }
    return Deletions(collection, present);
  });
  return present.size();
}

size_t DeleteMatching(Database& database, Collection& collection, const Filter& filter) {
  std::vector<std::string> ids;
  database.Write([&] {
    ids = collection.MatchingIds(filter);
    return Deletions(collection, ids);
  });
  return ids.size();
}

void DeleteAll(Database& database, Collection& collection) {
  database.Write([&] {
    return std::vector<Operation>{{Operation::Kind::kClear, {}, {}, nullptr, &collection}};
  });
}

}  // namespace ruvector
