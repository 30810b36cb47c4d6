// The one way into the core: a method's name, arguments as JSON, vectors as bytes; out comes JSON
// and bytes. The addon, WebAssembly, workers and servers carry the same message. The table of
// methods and the only catch are in call.cc.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collection/database.h"

namespace ruvector {

struct BufferView {
  const void* data = nullptr;  ///< aligned for float
  size_t bytes = 0;
};

struct Request {
  std::string_view method;
  std::string_view json;
  std::span<const BufferView> buffers;
};

/// `json` is the method's value, or {"error":{"code","message"}} and no buffers.
struct Reply {
  std::string json;
  std::vector<std::string> buffers;
};

class Job;

/// What a handle stands for: a collection of an open database.
struct Opened {
  std::shared_ptr<Database> database;
  std::shared_ptr<Collection> collection;
};

/// The open databases of one JavaScript environment and its long calls, by number. Threads: any.
class Session {
 public:
  /// The same collection gets the same handle.
  uint32_t Add(Opened opened);
  /// Throws kClosed for a handle that is not open, kNotFound for a dropped collection.
  Opened Get(uint32_t handle) const;
  /// Closes the database, all its handles and jobs; an unknown handle is no error. Throws as
  /// Database::Close.
  void Close(uint32_t handle);

  uint32_t AddJob(std::shared_ptr<Job> job, std::shared_ptr<Database> database);
  /// Throws kAborted for a job that has ended.
  std::shared_ptr<Job> GetJob(uint32_t number) const;
  void EndJob(uint32_t number);

  /// The flag that a call of this token looks at; raised by Cancel, forgotten by its last owner.
  std::shared_ptr<const std::atomic<bool>> CancelFlag(uint32_t token);
  void Cancel(uint32_t token);

  /// Process memory that the rows of all open databases take.
  size_t memory_bytes() const;

 private:
  struct RunningJob {
    std::shared_ptr<Job> job;
    std::shared_ptr<Database> database;
  };
  mutable std::mutex mutex_;
  std::map<uint32_t, Opened> handles_;
  std::map<uint32_t, RunningJob> jobs_;
  std::map<uint32_t, std::weak_ptr<std::atomic<bool>>> cancels_;
  std::set<uint32_t> cancelled_early_;  // tokens whose call has not begun
  uint32_t next_number_ = 1;
};

/// Whether a method only reads and computes; the others, unknown ones too, may wait for disks,
/// locks and turns.
bool Computes(std::string_view method) noexcept;

/// Answers a request; every failure is in the reply.
Reply Call(Session& session, const Request& request) noexcept;

/// The typed fast path of a search: no JSON in, no metadata out. On failure `error` is the reply's
/// JSON.
struct FastHits {
  std::vector<Hit> hits;
  std::string error;
};
FastHits CallSearch(Session& session, uint32_t handle, const float* vector, size_t values, double k,
                    double ef_search, bool exact) noexcept;

}  // namespace ruvector
