// Awaited calls on their way from the thread of JavaScript to threads that run them, and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "core/worker_threads.h"

namespace ruvector {

class WorkQueue;

/// What work does for most of its time; so many of a kind are under way at once, in all
/// environments of the process.
enum class WorkKind {
  kComputes,  ///< as many as there are cores, 2 … 16: more would only take them from each other
  kBlocks,    ///< waits for disks and locks: 4
};

/// What is to be done on another thread, and what came of it.
class Work {
 public:
  explicit Work(WorkKind kind) : kind_(kind) {}
  virtual ~Work() = default;
  /// On some thread.
  virtual void Run() noexcept = 0;
  /// After Run.
  virtual size_t reply_bytes() const noexcept = 0;

 private:
  friend class WorkList;
  friend class WorkLanes;
  const WorkKind kind_;
  WorkQueue* queue_ = nullptr;
  uint64_t number_ = 0;  // the order in which work came
  std::unique_ptr<Work> next_;
};

/// First in, first out; takes no memory of its own, so that nothing done is ever lost for want of
/// it.
class WorkList {
 public:
  WorkList() = default;
  WorkList(WorkList&& other) noexcept : WorkList() { swap(other); }
  ~WorkList() {
    while (PopFront()) continue;
  }
  void swap(WorkList& other) noexcept {
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
  }
  bool empty() const { return !first_; }
  const Work& front() const { return *first_; }
  void PushBack(std::unique_ptr<Work> work);
  /// null: it is empty.
  std::unique_ptr<Work> PopFront();
  /// Those of a queue, which the list has no longer.
  WorkList TakeOut(const WorkQueue& queue);

 private:
  std::unique_ptr<Work> first_;
  Work* last_ = nullptr;
};

/// The work of one JavaScript environment. Work that computes begins in the order in which it came,
/// and goes past work that blocks and has to wait; work that blocks begins after all that came
/// before it, so that what is written or closed is not so for a search asked for earlier.
/// Threads: one, the environment's; but for `notify`.
class WorkQueue {
 public:
  /// `notify`, which may not throw, is called on any thread, one call at a time: something is
  /// finished. Not again before TakeFinished was called, and never after Stop.
  explicit WorkQueue(std::function<void()> notify);
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  /// Where the system has no thread at all for it, it is run here.
  void Add(std::unique_ptr<Work> work);

  /// What is finished, in the order in which it was: up to `most` of it, and no more once its
  /// replies have `bytes`. Where something is left `notify` is called anew.
  WorkList TakeFinished(size_t most, size_t bytes);

  /// Forgets what has not begun, waits for what is under way, and forgets that too.
  void Stop();

 private:
  friend class WorkLanes;

  enum class Taker { kPrompt, kLate };  // late: was told of earlier work and has not come for it

  Taker Finish(std::unique_ptr<Work> work) noexcept;

  const WorkerThreads threads_;  // wait from one call to the next
  const std::function<void()> notify_;
  size_t running_ = 0;  // guarded by WorkLanes
  std::mutex mutex_;    // guards what follows
  bool stopped_ = false;
  bool notified_ = false;
  WorkList finished_;
};

}  // namespace ruvector
