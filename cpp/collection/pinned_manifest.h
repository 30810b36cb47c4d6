// The state of a database's files at one moment, kept from being removed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collection/database.h"

namespace ruvector {

class PinnedManifest {
 public:
  /// `checkpoint`: everything committed is put into segments first, where there is a log. Throws
  /// like Database::Checkpoint.
  PinnedManifest(std::shared_ptr<Database> database, bool checkpoint);
  ~PinnedManifest();
  PinnedManifest(const PinnedManifest&) = delete;
  PinnedManifest& operator=(const PinnedManifest&) = delete;

  const Manifest& manifest() const { return manifest_; }
  Directory& directory() const { return *database_->directory_; }

 private:
  std::shared_ptr<Database> database_;
  Manifest manifest_;
  std::vector<std::string> names_;
};

}  // namespace ruvector
