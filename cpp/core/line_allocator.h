// Memory for vectors whose elements are to begin with a cache line.
#pragma once

#include <cstddef>
#include <new>

namespace ruvector {

template <typename T>
struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};

  LineAllocator() = default;
  template <typename U>
  LineAllocator(const LineAllocator<U>&) {}  // NOLINT: as the standard's allocators

  T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T* p, size_t) noexcept { ::operator delete(p, kAlignment); }
  bool operator==(const LineAllocator&) const = default;
};

}  // namespace ruvector
