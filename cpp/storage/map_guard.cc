#include "storage/map_guard.h"

#if !defined(_WIN32) && !defined(__EMSCRIPTEN__)

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>

namespace ruvector {

namespace {

// The handler reads this table, hence atomics without locks. `end` is zero while a place is being
// filled or emptied.
struct Place {
  std::atomic<bool> taken{false};
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};
};

static_assert(std::atomic<uintptr_t>::is_always_lock_free);

constexpr int kPlaces = 4096;
Place places[kPlaces];
std::atomic<int> places_used{0};
std::atomic<bool> installed{false};
uintptr_t page_bytes;
struct sigaction previous;

bool IsGuarded(uintptr_t address) {
  const int used = places_used.load(std::memory_order_acquire);
  for (int i = 0; i < used; ++i) {
    const uintptr_t begin = places[i].begin.load(std::memory_order_acquire);
    const uintptr_t end = places[i].end.load(std::memory_order_acquire);
    if (address >= begin && address < end &&
        begin == places[i].begin.load(std::memory_order_acquire)) {
      return true;
    }
  }
  return false;
}

// Whether the kernel reports a fault, rather than somebody a kill().
bool IsFault(const siginfo_t& info) {
#if defined(__APPLE__)
  return info.si_code > 0 && info.si_code < SI_USER;
#else
  return info.si_code > 0;
#endif
}

void PassOn(int signal, siginfo_t* info, void* context) {
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, context);
    return;
  }
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
    return;
  }
  if (previous.sa_handler == SIG_IGN && !IsFault(*info)) return;
  // Dies of it once this handler returns: the signal is blocked until then.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  raise(signal);
}

void OnBusError(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  if (IsFault(*info) && IsGuarded(address)) {
    void* page = reinterpret_cast<void*>(address & ~(page_bytes - 1));
    if (mmap(page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page) {
      errno = saved_errno;
      return;
    }
  }
  errno = saved_errno;
  PassOn(signal, info, context);
}

void Install() {
  page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  installed.store(sigaction(SIGBUS, &action, &previous) == 0);
}

// A host may unload this library (Node does when a worker ends); the handler must not dangle.
__attribute__((destructor)) void Uninstall() {
  struct sigaction current {};
  if (installed.load() && sigaction(SIGBUS, nullptr, &current) == 0 &&
      (current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == OnBusError) {
    sigaction(SIGBUS, &previous, nullptr);
  }
}

}  // namespace

bool MapGuard::Protect(const void* begin, size_t size) {
  static std::once_flag once;
  std::call_once(once, Install);
  if (!installed.load()) return false;
  for (int i = 0; i < kPlaces; ++i) {
    if (places[i].taken.exchange(true)) continue;
    for (int used = places_used.load();
         used < i + 1 && !places_used.compare_exchange_weak(used, i + 1);) {
    }
    const auto address = reinterpret_cast<uintptr_t>(begin);
    places[i].begin.store(address, std::memory_order_release);
    places[i].end.store(address + size, std::memory_order_release);
    place_ = i;
    return true;
  }
  return false;
}

void MapGuard::Release() noexcept {
  if (place_ < 0) return;
  Place& place = places[place_];
  place.end.store(0, std::memory_order_release);
  place.begin.store(0, std::memory_order_release);
  place.taken.store(false);
  place_ = -1;
}

}  // namespace ruvector

#endif
