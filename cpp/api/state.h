// What is behind the public classes: an open database, its collections, and calls under way.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "api/core.h"
#include "api/ruvector.h"

namespace ruvector {
inline namespace v1 {
namespace internal {

/// An open database. Threads: any.
class Session {
 public:
  explicit Session(std::shared_ptr<Database> database) : database_(std::move(database)) {}

  /// A call begins; throws kClosed.
  void Enter();
  void Leave() noexcept;
  /// For a call under way.
  const std::shared_ptr<Database>& database() const { return database_; }
  /// Closes once the calls under way have left.
  void Close();

 private:
  static constexpr uint64_t kClosed = uint64_t{1} << 63;

  std::mutex closing_;
  std::atomic<uint64_t> calls_{0};      // under way; kClosed: there will be no more
  std::shared_ptr<Database> database_;  // none once closed
};

/// What a public Collection stands for.
struct Handle {
  std::shared_ptr<Session> session;
  std::weak_ptr<core::Collection> collection;  // the database keeps it
  std::string name;
  size_t dimensions;
  core::Metric metric;
};

/// Held for the duration of a call.
class Call {
 public:
  /// Throws kClosed.
  explicit Call(Session& session) : session_(session) { session.Enter(); }
  ~Call() { session_.Leave(); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const std::shared_ptr<Database>& database() const { return session_.database(); }

 private:
  Session& session_;
};

/// A call on a collection.
struct CollectionCall : Call {
  /// Throws kClosed, kNotFound for a dropped collection.
  explicit CollectionCall(const Handle& handle);

  std::shared_ptr<core::Collection> shared;
  core::Collection& collection;
};

std::shared_ptr<Handle> MakeHandle(std::shared_ptr<Session> session, std::string name,
                                   const std::shared_ptr<core::Collection>& collection);

}  // namespace internal
}  // namespace v1
}  // namespace ruvector
