#include "api/state.h"

namespace ruvector {
inline namespace v1 {
namespace internal {
namespace {

std::shared_ptr<core::Collection> Require(const Handle& handle) {
  std::shared_ptr<core::Collection> collection = handle.collection.lock();
  if (!collection || collection->dropped()) {
    throw Error(ErrorCode::kNotFound,
                "collection " + QuoteForMessage(handle.name) + " was dropped");
  }
  return collection;
}

}  // namespace

void Session::Close() {
  const std::lock_guard<std::mutex> lock(closing_);
  if (!database_) return;
  for (uint64_t calls = calls_.fetch_or(kClosed) | kClosed; calls != kClosed;
       calls = calls_.load()) {
    calls_.wait(calls);
  }
  const std::shared_ptr<Database> database = std::move(database_);
  database->Close();
}

void Session::Enter() {
  if ((calls_.fetch_add(1) & kClosed) == 0) return;
  Leave();
  throw Error(ErrorCode::kClosed, "the database is closed");
}

void Session::Leave() noexcept {
  if (calls_.fetch_sub(1) == (kClosed | 1)) calls_.notify_all();
}

CollectionCall::CollectionCall(const Handle& handle)
    : Call(*handle.session), shared(Require(handle)), collection(*shared) {}

std::shared_ptr<Handle> MakeHandle(std::shared_ptr<Session> session, std::string name,
                                   const std::shared_ptr<core::Collection>& collection) {
  const MetricSpace& space = collection->space();
  return std::make_shared<Handle>(
      Handle{std::move(session), collection, std::move(name), space.dimensions(), space.metric()});
}

}  // namespace internal
}  // namespace v1
}  // namespace ruvector
