// The options of opening a database, from JSON.
#pragma once

#include "collection/database.h"
#include "core/json.h"

namespace ruvector {

struct OpenOptions {
  DatabaseOptions database;
  std::string score_mode = "distance";
};

/// Checks every key, type and range. Throws kInvalidOption; kUnsupported for what this version does
/// not do.
OpenOptions ReadOpenOptions(const Json& args);
/// The same for a further collection of an open database.
CollectionRequest ReadCollectionOptions(const Json& args);

}  // namespace ruvector
