#if !defined(__EMSCRIPTEN__)
#include "binding/work_queue.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "support/catch.h"

namespace ruvector::test {

namespace {

// What is between threads.
struct Board {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<int> begun;
  bool open = false;
  size_t notified = 0;
  int destroyed = 0;

  void Notify() {
    const std::lock_guard<std::mutex> lock(mutex);
    ++notified;
    changed.notify_all();
  }
  void Open() {
    const std::lock_guard<std::mutex> lock(mutex);
    open = true;
    changed.notify_all();
  }
  void AwaitBegun(size_t count) {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return begun.size() >= count; });
  }
  void AwaitNotified(size_t count) {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return notified >= count; });
  }
};

class Piece : public Work {
 public:
  Piece(Board& board, int name, WorkKind kind, bool waits = false)
      : Work(kind), name_(name), board_(board), waits_(waits) {}
  ~Piece() override {
    const std::lock_guard<std::mutex> lock(board_.mutex);
    ++board_.destroyed;
  }
  void Run() noexcept override {
    std::unique_lock<std::mutex> lock(board_.mutex);
    board_.begun.push_back(name_);
    board_.changed.notify_all();
    if (waits_) board_.changed.wait(lock, [&] { return board_.open; });
  }
  size_t reply_bytes() const noexcept override { return 100; }
  int name() const { return name_; }

 private:
  const int name_;
  Board& board_;
  const bool waits_;
};

std::vector<int> Names(WorkList list) {
  std::vector<int> names;
  while (const std::unique_ptr<Work> work = list.PopFront())
    names.push_back(static_cast<Piece&>(*work).name());
  return names;
}

constexpr WorkKind kComputes = WorkKind::kComputes, kBlocks = WorkKind::kBlocks;

std::vector<int> TakeAll(WorkQueue& queue, Board& board, size_t count) {
  std::vector<int> names;
  for (size_t turn = 1; names.size() < count; ++turn) {
    board.AwaitNotified(turn);
    for (const int name : Names(queue.TakeFinished(7, SIZE_MAX))) names.push_back(name);
  }
  return names;
}

}  // namespace

TEST_CASE("all work comes back once, no more at a time than was asked for", "[threads]") {
  Board board;
  WorkQueue queue([&] { board.Notify(); });
  for (int i = 0; i < 1000; ++i)
    queue.Add(std::make_unique<Piece>(board, i, i % 3 == 0 ? kBlocks : kComputes));
  std::vector<int> names = TakeAll(queue, board, 1000);
  CHECK(board.notified >= 1000 / 7);
  std::sort(names.begin(), names.end());
  for (int i = 0; i < 1000; ++i) REQUIRE(names[static_cast<size_t>(i)] == i);
}

TEST_CASE("replies of so many bytes end a turn") {
  Board board;
  WorkQueue queue([&] { board.Notify(); });
  for (int i = 0; i < 5; ++i) queue.Add(std::make_unique<Piece>(board, i, kBlocks, true));
  board.Open();
  size_t taken = 0;
  for (size_t turn = 1; taken < 5; ++turn) {
    board.AwaitNotified(turn);
    const size_t now = Names(queue.TakeFinished(100, 150)).size();
    CHECK(now <= 2);
    taken += now;
  }
  CHECK(Names(queue.TakeFinished(100, 150)).empty());
}

TEST_CASE("work that blocks does not hold up work that computes", "[threads]") {
  Board board;
  WorkQueue queue([&] { board.Notify(); });
  // More than may be under way.
  for (int i = 0; i < 50; ++i) queue.Add(std::make_unique<Piece>(board, i, kBlocks, true));
  for (int i = 100; i < 110; ++i) queue.Add(std::make_unique<Piece>(board, i, kComputes));
  std::vector<int> names = TakeAll(queue, board, 10);
  std::sort(names.begin(), names.end());
  CHECK(names.front() == 100);
  CHECK(names.back() == 109);
  board.Open();
}

TEST_CASE("work that blocks begins after all that came before it", "[threads]") {
  Board board;
  WorkQueue queue([&] { board.Notify(); });
  // More than may compute at once.
  for (int i = 0; i < 40; ++i) queue.Add(std::make_unique<Piece>(board, i, kComputes, true));
  queue.Add(std::make_unique<Piece>(board, 1000, kBlocks));
  board.AwaitBegun(2);
  board.Open();
  CHECK(TakeAll(queue, board, 41).size() == 41);
  const auto at = std::find(board.begun.begin(), board.begun.end(), 1000) - board.begun.begin();
  // Those that had begun may write their name a moment later.
  CHECK(at >= 40 - 16);
}

TEST_CASE("Stop forgets what waits, and returns after what is under way", "[threads]") {
  for (int round = 0; round < 50; ++round) {
    Board board;
    std::atomic<bool> stopped{false};
    std::atomic<bool> late{false};
    {
      WorkQueue queue([&] {
        late = late || stopped;
        board.Notify();
      });
      for (int i = 0; i < 100; ++i)
        queue.Add(std::make_unique<Piece>(board, i, i % 2 ? kBlocks : kComputes, true));
      board.AwaitBegun(1);
      std::thread opener([&] { board.Open(); });
      queue.Stop();
      stopped = true;
      opener.join();
      CHECK(board.destroyed == 100);
      CHECK(Names(queue.TakeFinished(100, SIZE_MAX)).empty());
    }
    CHECK(!late);
  }
}

TEST_CASE("the end of one queue leaves the work of others", "[threads]") {
  Board ending_board, staying_board;
  WorkQueue staying([&] { staying_board.Notify(); });
  {
    WorkQueue ending([&] { ending_board.Notify(); });
    for (int i = 0; i < 60; ++i) {
      ending.Add(std::make_unique<Piece>(ending_board, i, i % 2 ? kBlocks : kComputes));
      staying.Add(std::make_unique<Piece>(staying_board, i, i % 2 ? kComputes : kBlocks));
    }
  }
  CHECK(ending_board.destroyed == 60);
  CHECK(TakeAll(staying, staying_board, 60).size() == 60);
}

}  // namespace ruvector::test
#endif
