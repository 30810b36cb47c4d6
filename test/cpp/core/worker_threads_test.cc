#if !defined(__EMSCRIPTEN__)
#include "core/worker_threads.h"

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/parallel.h"
#include "support/catch.h"

#if !defined(_WIN32)
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace ruvector::test {

TEST_CASE("work runs at once, though other work waits for it", "[threads]") {
  const WorkerThreads threads;
  std::promise<void> second;
  std::promise<void> first;
  REQUIRE(threads.Run([&] {
    second.get_future().wait();
    first.set_value();
  }));
  REQUIRE(threads.Run([&] { second.set_value(); }));
  first.get_future().wait();
}

TEST_CASE("a thread that has done its work does the next", "[threads]") {
  const WorkerThreads threads;
  std::set<std::thread::id> ids;
  for (int i = 0; i < 200; ++i) {
    std::promise<std::thread::id> id;
    REQUIRE(threads.Run([&] { id.set_value(std::this_thread::get_id()); }));
    ids.insert(id.get_future().get());
  }
  // One that is still on its way to wait is not there yet for the next.
  CHECK(ids.size() < 20);
  CHECK(ids.count(std::this_thread::get_id()) == 0);
}

TEST_CASE("the end of the last holder waits for work under way", "[threads]") {
  std::atomic<int> done{0};
  {
    const WorkerThreads threads;
    for (int i = 0; i < 4; ++i) {
      REQUIRE(threads.Run([&] {
        std::this_thread::yield();
        ++done;
      }));
    }
  }
  CHECK(done == 4);
}

TEST_CASE("loops in loops on several threads see every number once", "[threads]") {
  const WorkerThreads held;
  std::vector<std::atomic<int>> seen(60 * 50);
  std::vector<std::thread> callers;
  for (int c = 0; c < 3; ++c) {
    callers.emplace_back([&, c] {
      for (size_t round = 0; round < 20; ++round) {
        ParallelFor(4, 0, 3, [&](size_t i) {
          ParallelFor(3, 0, 50, [&](size_t j) {
            if (round == 0) ++seen[(static_cast<size_t>(c) * 3 + i) * 50 + j];
          });
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (size_t i = 0; i < seen.size(); ++i) REQUIRE(seen[i] == (i < 450 ? 1 : 0));
}

TEST_CASE("what a loop throws reaches its caller, and the threads work on", "[threads]") {
  const WorkerThreads held;
  for (int round = 0; round < 50; ++round) {
    CHECK_THROWS_AS(ParallelFor(4, 0, 100,
                                [](size_t i) {
                                  if (i == 7) throw std::runtime_error("seven");
                                }),
                    std::runtime_error);
    std::atomic<size_t> sum{0};
    ParallelFor(4, 0, 100, [&](size_t i) { sum += i; });
    CHECK(sum == 4950);
  }
}

#if !defined(_WIN32) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a forked child has threads of its own") {
  const WorkerThreads held;
  ParallelFor(3, 0, 30, [](size_t) {});  // makes the parent's wait
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(20);  // rather than wait for a thread that is not there
    std::promise<void> ran;
    {
      const WorkerThreads own;
      if (!own.Run([&] { ran.set_value(); })) _exit(2);
      ran.get_future().wait();
    }
    _exit(0);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
#endif

}  // namespace ruvector::test
#endif
