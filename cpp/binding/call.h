// The one way into the core: a method's name, arguments as JSON, vectors as bytes; out comes JSON
// and bytes. The addon, WebAssembly, workers and servers carry the same message. The table of
// methods and the only catch are in call.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
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

/// The open databases of one JavaScript environment, by handle. Threads: any.
class Session {
 public:
  uint32_t Add(std::unique_ptr<Database> database);
  /// Throws kClosed for a handle that is not open.
  std::shared_ptr<Database> Get(uint32_t handle) const;
  /// Closes, once no call works with it any more; an unknown handle is no error.
  void Close(uint32_t handle);

 private:
  mutable std::mutex mutex_;
  std::map<uint32_t, std::shared_ptr<Database>> databases_;
  uint32_t next_handle_ = 1;
};

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
