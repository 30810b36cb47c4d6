// Long calls, cut into steps: between two of them a caller shows progress, or gives up.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "collection/batch_insert.h"

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
      : batch_(std::move(database), std::move(collection)) {}

  BatchInsert& batch() { return batch_; }
  bool Step() override { return batch_.Step(); }
  uint64_t done() const override { return batch_.done(); }
  uint64_t total() const override { return batch_.total(); }
  std::string Value() const override { return std::to_string(batch_.total()); }
  bool committed() const override { return batch_.committed(); }
  InsertJob* AsInsert() override { return this; }

 private:
  BatchInsert batch_;
};

}  // namespace ruvector
