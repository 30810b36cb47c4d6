// What a database must hold, kept beside it by the tests: a map, and the ways to compare the two.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "collection/database.h"
#include "core/random.h"

namespace ruvector::test {

struct ModelRow {
  std::vector<float> vector;
  std::string metadata;
  bool operator==(const ModelRow&) const = default;
};
using Model = std::map<std::string, ModelRow>;

/// Everything the database holds, as scan pages of `page` rows show it.
inline Model ReadAll(const Database& db, size_t page = 7) {
  Model model;
  uint64_t cursor = 0;
  for (bool more = true; more;) {
    const ScanPage rows = db.collection().Scan(cursor, page, nullptr, true);
    for (const Row& row : rows.rows) model[row.id] = {row.vector, row.metadata};
    more = rows.cursor.has_value();
    cursor = rows.cursor.value_or(0);
  }
  return model;
}

inline std::vector<float> RandomVector(Rng& rng, size_t dimensions) {
  std::vector<float> v(dimensions);
  for (float& x : v) x = static_cast<float>(rng.Normal());
  return v;
}

/// One transaction, for a database and its model alike.
struct Step {
  struct Change {
    Operation::Kind kind;
    std::string id;
    ModelRow row;
  };
  std::vector<Change> changes;

  void Run(Database& db) const {
    db.Write([&] {
      std::vector<Operation> operations;
      for (const Change& c : changes)
        operations.push_back({c.kind, c.id, c.row.metadata, c.row.vector.data()});
      return operations;
    });
  }
  void Run(Model& model) const {
    for (const Change& c : changes) {
      switch (c.kind) {
        case Operation::Kind::kPut:
          model[c.id] = c.row;
          break;
        case Operation::Kind::kDelete:
          model.erase(c.id);
          break;
        case Operation::Kind::kClear:
          model.clear();
          break;
        case Operation::Kind::kSetMetadata:
          if (model.count(c.id) > 0) model[c.id].metadata = c.row.metadata;
          break;
      }
    }
  }
};

/// `count` transactions of every kind over a small set of ids, so that they meet.
inline std::vector<Step> RandomSteps(uint64_t seed, size_t count, size_t dimensions) {
  Rng rng(seed);
  std::vector<Step> steps;
  for (size_t i = 0; i < count; ++i) {
    Step step;
    const uint64_t kind = rng.Below(12);
    const size_t size = 1 + rng.Below(kind < 8 ? 6 : 3);
    for (size_t j = 0; j < size; ++j) {
      const std::string id = "id" + std::to_string(rng.Below(20));
      const std::string metadata =
          rng.Below(3) == 0 ? "" : "{\"n\":" + std::to_string(rng.Below(100)) + "}";
      if (kind < 8) {
        step.changes.push_back(
            {Operation::Kind::kPut, id, {RandomVector(rng, dimensions), metadata}});
      } else if (kind < 10) {
        step.changes.push_back({Operation::Kind::kDelete, id, {}});
      } else if (kind == 10 || i < count / 2) {
        step.changes.push_back({Operation::Kind::kSetMetadata, id, {{}, metadata}});
      } else {
        step.changes.assign(1, {Operation::Kind::kClear, "", {}});
        break;
      }
    }
    steps.push_back(step);
  }
  return steps;
}

}  // namespace ruvector::test
