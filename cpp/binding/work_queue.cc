#include "binding/work_queue.h"

#if !defined(__EMSCRIPTEN__)

#include <algorithm>
#include <condition_variable>
#include <thread>
#include <utility>

namespace ruvector {
namespace {

constexpr size_t kLeastComputing = 2, kMostComputing = 16, kMostBlocking = 4;

size_t MostComputing() {
  return std::clamp<size_t>(std::thread::hardware_concurrency(), kLeastComputing, kMostComputing);
}

}  // namespace

void WorkList::PushBack(std::unique_ptr<Work> work) {
  std::unique_ptr<Work>& end = last_ == nullptr ? first_ : last_->next_;
  last_ = work.get();
  end = std::move(work);
}

std::unique_ptr<Work> WorkList::PopFront() {
  std::unique_ptr<Work> work = std::move(first_);
  if (!work) return nullptr;
  first_ = std::move(work->next_);
  if (!first_) last_ = nullptr;
  return work;
}

WorkList WorkList::TakeOut(const WorkQueue& queue) {
  WorkList all, out;
  all.swap(*this);
  while (std::unique_ptr<Work> work = all.PopFront()) {
    WorkList& side = work->queue_ == &queue ? out : *this;
    side.PushBack(std::move(work));
  }
  return out;
}

/// What waits in all environments, and the threads that run it. A thread runs one piece after
/// another until there is none that may begin; before it runs one it starts another thread, if one
/// more may begin: so the environment's thread wakes one at most.
class WorkLanes {
 public:
  /// Lives for ever: a process may end with work under way.
  static WorkLanes& All() {
    static WorkLanes& all = *new WorkLanes;
    return all;
  }

  void Add(WorkQueue& queue, std::unique_ptr<Work> work) {
    std::unique_lock<std::mutex> lock(mutex_);
    work->queue_ = &queue;
    work->number_ = added_++;
    LaneOf(*work).waiting.PushBack(std::move(work));
    if (!StartThread(queue, lock)) RunIfNobodyWill(lock);
  }

  /// Returns when none of the queue's work waits or runs.
  void Forget(WorkQueue& queue) {
    std::unique_lock<std::mutex> lock(mutex_);
    WorkList computing = computing_.waiting.TakeOut(queue);
    WorkList blocking = blocking_.waiting.TakeOut(queue);
    if (!StartThread(queue, lock)) RunIfNobodyWill(lock);
    ended_.wait(lock, [&] { return queue.running_ == 0; });
    lock.unlock();  // before what was taken out is destroyed
  }

 private:
  struct Lane {
    const size_t most;
    size_t running = 0;
    WorkList waiting;
  };

  Lane& LaneOf(const Work& work) {
    return work.kind_ == WorkKind::kComputes ? computing_ : blocking_;
  }

  // Whose first work may begin; null: there is none.
  Lane* Next() {
    const bool computes = !computing_.waiting.empty(), blocks = !blocking_.waiting.empty();
    if (blocks && blocking_.running < blocking_.most &&
        (!computes || blocking_.waiting.front().number_ < computing_.waiting.front().number_))
      return &blocking_;
    return computes && computing_.running < computing_.most ? &computing_ : nullptr;
  }

  // If something may begin and no thread is on its way to it. False: the system has none. Until the
  // thread is there the queue does not end, or it would wait for whatever the thread runs then.
  bool StartThread(WorkQueue& queue, std::unique_lock<std::mutex>& lock) noexcept {
    if (starting_ > 0 || Next() == nullptr) return true;
    ++starting_;
    ++queue.running_;
    lock.unlock();
    const bool started = queue.threads_.Run([this, &queue] {
      std::unique_lock<std::mutex> own(mutex_);
      --starting_;
      Leave(queue);
      RunAll(own);
    });
    lock.lock();
    if (started) return true;
    --starting_;
    Leave(queue);
    return false;
  }

  void Leave(WorkQueue& queue) {
    if (--queue.running_ == 0) ended_.notify_all();
  }

  // Here, as there are no more threads.
  void RunIfNobodyWill(std::unique_lock<std::mutex>& lock) noexcept {
    if (starting_ == 0 && computing_.running + blocking_.running == 0) RunAll(lock);
  }

  void RunAll(std::unique_lock<std::mutex>& lock) noexcept {
    while (Lane* lane = Next()) {
      std::unique_ptr<Work> work = lane->waiting.PopFront();
      WorkQueue& queue = *work->queue_;
      ++lane->running;
      ++queue.running_;
      StartThread(queue, lock);
      lock.unlock();
      work->Run();
      // Where there is no core left for the event loop a scheduler may make it wait for the end of
      // this thread's slice: several milliseconds.
      if (queue.Finish(std::move(work)) == WorkQueue::Taker::kLate) std::this_thread::yield();
      lock.lock();
      --lane->running;
      Leave(queue);
    }
  }

  std::mutex mutex_;
  std::condition_variable ended_;
  Lane computing_{MostComputing(), 0, {}}, blocking_{kMostBlocking, 0, {}};
  uint64_t added_ = 0;
  size_t starting_ = 0;  // threads that have not looked for work yet
};

WorkQueue::WorkQueue(std::function<void()> notify) : notify_(std::move(notify)) {}

WorkQueue::~WorkQueue() { Stop(); }

void WorkQueue::Add(std::unique_ptr<Work> work) { WorkLanes::All().Add(*this, std::move(work)); }

WorkQueue::Taker WorkQueue::Finish(std::unique_ptr<Work> work) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return Taker::kPrompt;
  finished_.PushBack(std::move(work));
  if (notified_) return Taker::kLate;
  notified_ = true;
  notify_();
  return Taker::kPrompt;
}

WorkList WorkQueue::TakeFinished(size_t most, size_t bytes) {
  WorkList taken;
  const std::lock_guard<std::mutex> lock(mutex_);
  size_t count = 0, replied = 0;
  while (!finished_.empty() && count < most && replied < bytes) {
    ++count;
    replied += finished_.front().reply_bytes();
    taken.PushBack(finished_.PopFront());
  }
  notified_ = !finished_.empty();
  if (notified_) notify_();
  return taken;
}

void WorkQueue::Stop() {
  WorkList forgotten;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    forgotten.swap(finished_);
  }
  WorkLanes::All().Forget(*this);
}

}  // namespace ruvector

#endif
