#include <deque>

#include "api/input.h"

namespace ruvector {
inline namespace v1 {

using internal::Call;
using internal::CollectionCall;
using internal::Puts;

namespace internal {

/// The writes of a transaction, and all that they refer to.
struct Staged {
  std::shared_ptr<Session> session;
  std::vector<Operation> operations;
  std::vector<std::shared_ptr<core::Collection>> collections;
  std::deque<Puts> puts;
  std::deque<std::vector<float>> vectors;
  std::deque<std::string> ids;  // to delete
};

}  // namespace internal

namespace {

// Throws also for a collection of another database.
std::shared_ptr<core::Collection> Require(const std::unique_ptr<internal::Staged>& staged,
                                          const internal::Handle& handle) {
  if (!staged) throw Error(ErrorCode::kClosed, "the transaction was moved to another object");
  if (handle.session != staged->session) {
    throw Error(ErrorCode::kInvalidOption, "collection " + QuoteForMessage(handle.name) +
                                               " is not of the transaction's database");
  }
  return CollectionCall(handle).shared;
}

// Takes the entries over, their vectors included.
std::vector<std::string> Take(internal::Staged& staged,
                              const std::shared_ptr<core::Collection>& collection, Puts entries) {
  const size_t width = collection->options().dimensions;
  std::vector<float>& copy = staged.vectors.emplace_back();
  copy.reserve(entries.size() * width);
  for (const float*& vector : entries.vectors) {
    copy.insert(copy.end(), vector, vector + width);
    vector = copy.data() + copy.size() - width;
  }
  const Puts& puts = staged.puts.emplace_back(std::move(entries));
  const std::vector<Operation> operations = puts.Operations();
  staged.collections.push_back(collection);
  staged.operations.insert(staged.operations.end(), operations.begin(), operations.end());
  return puts.ids;
}

}  // namespace

Transaction::Transaction(const VectorDB& db) : staged_(std::make_unique<internal::Staged>()) {
  staged_->session = db.handle().session;
}
Transaction::Transaction(Transaction&& other) noexcept = default;
Transaction& Transaction::operator=(Transaction&& other) noexcept = default;
Transaction::~Transaction() = default;

std::string Transaction::Insert(const Collection& to, const Entry& entry) {
  const auto collection = Require(staged_, to.handle());
  Puts puts(*collection, 1);
  puts.Add(entry.id, entry.vector, entry.metadata, "");
  return std::move(Take(*staged_, collection, std::move(puts)).front());
}

std::vector<std::string> Transaction::InsertBatch(const Collection& to,
                                                  std::span<const Entry> entries) {
  const auto collection = Require(staged_, to.handle());
  return Take(*staged_, collection, Puts(*collection, entries));
}

std::vector<std::string> Transaction::InsertBatch(const Collection& to,
                                                  const VectorMatrix& matrix) {
  const auto collection = Require(staged_, to.handle());
  return Take(*staged_, collection, Puts(*collection, matrix));
}

void Transaction::Delete(const Collection& from, std::string_view id) {
  const auto collection = Require(staged_, from.handle());
  RequireId(id, "");
  staged_->collections.push_back(collection);
  staged_->operations.push_back(
      {Operation::Kind::kDelete, staged_->ids.emplace_back(id), {}, nullptr, collection.get()});
}

void Transaction::DeleteBatch(const Collection& from, const std::vector<std::string>& ids) {
  for (size_t i = 0; i < ids.size(); ++i) RequireId(ids[i], "ids[" + std::to_string(i) + "]: ");
  if (staged_) staged_->operations.reserve(staged_->operations.size() + ids.size());
  for (const std::string& id : ids) Delete(from, id);
}

void Transaction::Clear(const Collection& which) {
  const auto collection = Require(staged_, which.handle());
  staged_->collections.push_back(collection);
  staged_->operations.push_back({Operation::Kind::kClear, {}, {}, nullptr, collection.get()});
}

void Transaction::Commit() {
  if (!staged_) throw Error(ErrorCode::kClosed, "the transaction was moved to another object");
  internal::Staged staged;
  staged.session = staged_->session;
  std::swap(staged, *staged_);
  const Call call(*staged.session);
  if (!staged.operations.empty())
    call.database()->Write([&] { return std::move(staged.operations); });
}

}  // namespace v1
}  // namespace ruvector
