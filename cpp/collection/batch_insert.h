// Many entries in one transaction, in steps: collected, committed, linked.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "collection/database.h"

namespace ruvector {

/// Stopped before its commit it leaves nothing behind; after it, the background links the rest. Not
/// for concurrent use.
class BatchInsert {
 public:
  BatchInsert(std::shared_ptr<Database> database, std::shared_ptr<Collection> collection)
      : database_(std::move(database)), collection_(std::move(collection)) {}
  ~BatchInsert();
  BatchInsert(const BatchInsert&) = delete;
  BatchInsert& operator=(const BatchInsert&) = delete;

  Collection& collection() { return *collection_; }
  /// Entries as checked by the caller: [n] ids and metadata (or none), [n × dimensions] values.
  /// Throws kMemoryLimit.
  void Add(std::vector<std::string> ids, std::vector<std::string> metadata,
           std::vector<float> vectors);
  /// Puts into the collection, whose texts and vectors stay the caller's until they are committed.
  void Add(std::vector<Operation> puts);
  /// Commits; then links some rows a call. False when all is done. Throws like Database::Write.
  bool Step();
  uint64_t done() const { return done_; }
  uint64_t total() const { return rows_; }
  bool committed() const { return committed_; }

 private:
  struct Chunk {
    std::vector<std::string> ids, metadata;
    std::vector<float> vectors;
  };
  void RequireNotCommitted() const;

  std::shared_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  std::deque<Chunk> chunks_;  // what the operations refer to, but for the caller's
  std::vector<Operation> operations_;
  size_t staged_bytes_ = 0;
  bool committed_ = false, finished_ = false;
  uint64_t rows_ = 0, done_ = 0;
};

}  // namespace ruvector
