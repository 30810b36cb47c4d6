#include "collection/batch_insert.h"

#include <algorithm>

#include "core/error.h"

namespace ruvector {
namespace {

// Rows linked between two looks at the clock.
constexpr size_t kLinkRows = 32;

}  // namespace

BatchInsert::~BatchInsert() {
  if (committed_ && !finished_) database_->LinkInBackground();
}

void BatchInsert::RequireNotCommitted() const {
  if (committed_) throw Error(ErrorCode::kInvalidOption, "the entries are committed already");
}

void BatchInsert::Add(std::vector<std::string> ids, std::vector<std::string> metadata,
                      std::vector<float> vectors) {
  RequireNotCommitted();
  for (const std::string& id : ids) staged_bytes_ += sizeof(std::string) + id.size();
  for (const std::string& m : metadata) staged_bytes_ += sizeof(std::string) + m.size();
  staged_bytes_ += vectors.size() * sizeof(float);
  const size_t budget = database_->options().memory_budget;
  if (budget > 0 && database_->memory_bytes() + staged_bytes_ > budget) {
    throw Error(ErrorCode::kMemoryLimit, "the entries take more memory than memoryBudget allows, " +
                                             std::to_string(budget) +
                                             " bytes; nothing was written");
  }
  operations_.reserve(operations_.size() + ids.size());
  chunks_.push_back({std::move(ids), std::move(metadata), std::move(vectors)});
  const Chunk& chunk = chunks_.back();
  const size_t dimensions = collection_->options().dimensions;
  for (size_t i = 0; i < chunk.ids.size(); ++i) {
    const std::string_view text = chunk.metadata.empty() ? std::string_view() : chunk.metadata[i];
    operations_.push_back({Operation::Kind::kPut, chunk.ids[i], text,
                           chunk.vectors.data() + i * dimensions, collection_.get()});
  }
  rows_ += chunk.ids.size();
}

void BatchInsert::Add(std::vector<Operation> puts) {
  RequireNotCommitted();
  rows_ += puts.size();
  operations_.insert(operations_.end(), puts.begin(), puts.end());
}

bool BatchInsert::Step() {
  if (finished_) return false;
  if (!committed_) {
    database_->Write([&] { return operations_; }, Database::Linking::kLater);
    committed_ = true;
    std::vector<Operation>().swap(operations_);
    chunks_.clear();
    return true;
  }
  const size_t pending = database_->LinkSome(*collection_, kLinkRows);
  done_ = std::max(done_, rows_ - std::min<uint64_t>(pending, rows_));
  finished_ = pending == 0;
  return !finished_;
}

}  // namespace ruvector
