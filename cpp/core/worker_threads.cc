#include "core/worker_threads.h"

#if !defined(__EMSCRIPTEN__)

#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include "core/process_id.h"

namespace ruvector {

class WorkerThreads::Set {
 public:
  static std::shared_ptr<Set> Current() {
    // Both live for ever.
    static std::mutex& mutex = *new std::mutex;
    static std::weak_ptr<Set>& current = *new std::weak_ptr<Set>;
    const std::lock_guard<std::mutex> lock(mutex);
    std::shared_ptr<Set> set = current.lock();
    if (!set || set->pid_ != CurrentPid()) {
      // A forked child has its parent's memory, but none of its threads: that set is left as it is.
      set = {new Set, [](Set* s) {
               if (s->pid_ == CurrentPid()) delete s;
             }};
      current = set;
    }
    return set;
  }

  ~Set() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    for (const std::unique_ptr<Worker>& worker : workers_) worker->wake.notify_one();
    for (const std::unique_ptr<Worker>& worker : workers_) worker->thread.join();
  }

  // Whether a thread that was given work has not begun it: there is no core for one more.
  bool AnyIsLate() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return late_ > 0;
  }

  bool Run(std::function<void()> work, bool on_new_thread) noexcept {
    if (pid_ != CurrentPid()) return false;  // held over a fork: its threads are the parent's
    std::unique_lock<std::mutex> lock(mutex_);
    if (waiting_.empty() && !on_new_thread) return false;
    if (!waiting_.empty()) {
      Worker& worker = *waiting_.back();
      waiting_.pop_back();
      worker.work = std::move(work);
      ++late_;
      lock.unlock();
      worker.wake.notify_one();
      return true;
    }
    const size_t before = workers_.size();
    try {
      waiting_.reserve(before + 1);
      Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
      worker.work = std::move(work);
      worker.thread = std::thread([this, &worker] { WorkAndWait(worker); });
      ++late_;
      return true;
    } catch (const std::exception&) {
      workers_.resize(before);
      return false;
    }
  }

 private:
  struct Worker {
    std::thread thread;
    std::condition_variable wake;
    std::function<void()> work;  // none: it waits
  };

  void WorkAndWait(Worker& self) noexcept {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      self.wake.wait(lock, [&] { return self.work || ending_; });
      if (!self.work) return;
      std::function<void()> work;
      work.swap(self.work);
      --late_;
      lock.unlock();
      work();
      work = nullptr;  // what it holds is given back without the lock
      lock.lock();
      waiting_.push_back(&self);
    }
  }

  const uint64_t pid_ = CurrentPid();
  std::mutex mutex_;
  bool ending_ = false;
  size_t late_ = 0;  // threads that have not begun what they were given
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> waiting_;  // the last one works next; has room for all
};

WorkerThreads::WorkerThreads() : set_(Set::Current()) {}

bool WorkerThreads::Run(std::function<void()> work) const noexcept {
  return set_->Run(std::move(work), true);
}

namespace {

// Who works, as those who come and the one who waits for them see it.
struct Together {
  std::mutex mutex;
  std::condition_variable left;
  size_t inside = 0;
  bool over = false;
};

}  // namespace

void WorkerThreads::RunTogether(size_t helpers, const std::function<void()>& work) noexcept {
  std::shared_ptr<Together> together;
  std::optional<WorkerThreads> threads;
  try {
    threads.emplace();
    together = std::make_shared<Together>();
    const auto help = [together, &work] {
      {
        const std::lock_guard<std::mutex> lock(together->mutex);
        if (together->over) return;  // `work` is gone
        ++together->inside;
      }
      work();
      const std::lock_guard<std::mutex> lock(together->mutex);
      if (--together->inside == 0) together->left.notify_one();
    };
    // Else a machine that is busy would have more and more of them, all late.
    const bool on_new_threads = !threads->set_->AnyIsLate();
    while (helpers-- > 0 && threads->set_->Run(help, on_new_threads)) continue;
  } catch (const std::bad_alloc&) {
    // No memory for more threads: the ones there are do all of it.
  }
  work();
  if (!together) return;
  std::unique_lock<std::mutex> lock(together->mutex);
  together->over = true;
  together->left.wait(lock, [&] { return together->inside == 0; });
}

}  // namespace ruvector

#endif
