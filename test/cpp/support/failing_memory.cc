#include "support/failing_memory.h"

#include <cstdlib>
#include <exception>
#include <new>

namespace {

// Not atomic: each thread has its own.
thread_local uint64_t left = 0;  // allocations until one fails; 0: none will
thread_local bool lasting_failure = false, has_failed = false;

void* Allocate(std::size_t bytes, std::size_t alignment) {
  if (left > 0 && --left == 0) {
    has_failed = true;
    if (lasting_failure) left = 1;
    throw std::bad_alloc();
  }
  if (bytes == 0) bytes = 1;
  void* p = alignment == 0
                ? std::malloc(bytes)
                : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

}  // namespace

// For the shared libraries, too: what one of them allocates another may free.
#pragma GCC visibility push(default)
void* operator new(std::size_t bytes) { return Allocate(bytes, 0); }
void* operator new[](std::size_t bytes) { return Allocate(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return Allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return Allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return Allocate(bytes, 0);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](std::size_t bytes, const std::nothrow_t& none) noexcept {
  return operator new(bytes, none);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

#pragma GCC visibility pop

namespace ruvector::test {

FailingMemory::FailingMemory(uint64_t nth, bool lasting) {
  lasting_failure = lasting;
  has_failed = false;
  left = nth;
  // Where the failure ends the process, its report needs memory.
  static const std::terminate_handler before = std::get_terminate();
  std::set_terminate([] {
    left = 0;
    before();
  });
}
FailingMemory::~FailingMemory() { left = 0; }
bool FailingMemory::failed() const { return has_failed; }

}  // namespace ruvector::test
