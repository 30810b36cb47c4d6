// Long calls, cut into steps: between two of them a caller shows progress, or gives up.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "collection/database.h"

namespace ruvector {

class InsertJob;

/// Destroying a job that is not finished undoes what it did, unless it has committed.
class Job {
 public:
  virtual ~Job() = default;
  /// Some milliseconds of work; false when all is done.
  virtual bool Step() = 0;
  virtual uint64_t done() const = 0;
  virtual uint64_t total() const = 0;
  /// The call's value as JSON, once it is done.
  virtual std::string Value() const { return "null"; }
  /// Too late to undo it?
  virtual bool committed() const { return false; }
  /// Itself, if it takes entries.
  virtual InsertJob* AsInsert() { return nullptr; }

  std::mutex mutex;      ///< held by whoever works with it
  bool started = false;  ///< a first step was done
};

/// Collects entries, commits them in one transaction, links them.
class InsertJob : public Job {
 public:
  InsertJob(std::shared_ptr<Database> database, std::shared_ptr<Collection> collection)
      : database_(std::move(database)), collection_(std::move(collection)) {}
  ~InsertJob() override;

  Collection& collection() { return *collection_; }
  /// Entries as checked by the caller: [n] ids and metadata (or none), [n × dimensions] values.
  /// Throws kMemoryLimit.
  void Add(std::vector<std::string> ids, std::vector<std::string> metadata,
           std::vector<float> vectors);
  bool Step() override;
  uint64_t done() const override { return done_; }
  uint64_t total() const override { return rows_; }
  std::string Value() const override { return std::to_string(rows_); }
  bool committed() const override { return committed_; }
  InsertJob* AsInsert() override { return this; }

 private:
  struct Chunk {
    std::vector<std::string> ids, metadata;
    std::vector<float> vectors;
  };
  std::shared_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  std::vector<Chunk> chunks_;
  size_t staged_bytes_ = 0;
  bool committed_ = false, finished_ = false;
  uint64_t rows_ = 0, done_ = 0;
};

}  // namespace ruvector
