// The WebAssembly transport: five C functions over linear memory. Knows nothing of methods.
#include <emscripten.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "binding/call.h"
#include "simd/distance.h"

namespace ruvector {
namespace {

Session& TheSession() {
  static Session session;  // a module instance is one environment
  return session;
}

// What JavaScript reads: [json pointer, json bytes, buffer count, (pointer, bytes) …], then the
// reply that owns them.
struct WireReply {
  std::vector<uint32_t> words;
  Reply reply;
};

uint32_t Address(const void* p) { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(p)); }

WireReply* Wire(Reply reply) {
  auto* wire = new WireReply{{}, std::move(reply)};
  wire->words = {Address(wire->reply.json.data()), static_cast<uint32_t>(wire->reply.json.size()),
                 static_cast<uint32_t>(wire->reply.buffers.size())};
  for (const std::string& b : wire->reply.buffers) {
    wire->words.push_back(Address(b.data()));
    wire->words.push_back(static_cast<uint32_t>(b.size()));
  }
  return wire;
}

}  // namespace
}  // namespace ruvector

extern "C" {

EMSCRIPTEN_KEEPALIVE ruvector::WireReply* ruvector_call(const char* method, uint32_t method_bytes,
                                                        const char* json, uint32_t json_bytes,
                                                        const uint32_t* buffers,
                                                        uint32_t buffer_count) {
  std::vector<ruvector::BufferView> views;
  for (uint32_t i = 0; i < buffer_count; ++i) {
    views.push_back({reinterpret_cast<const void*>(static_cast<uintptr_t>(buffers[2 * i])),
                     buffers[2 * i + 1]});
  }
  return ruvector::Wire(
      ruvector::Call(ruvector::TheSession(), {{method, method_bytes}, {json, json_bytes}, views}));
}

EMSCRIPTEN_KEEPALIVE ruvector::WireReply* ruvector_search(uint32_t handle, const float* query,
                                                          uint32_t values, double k,
                                                          double ef_search, int exact,
                                                          float* distances) {
  ruvector::FastHits result =
      ruvector::CallSearch(ruvector::TheSession(), handle, query, values, k, ef_search, exact != 0);
  ruvector::Reply reply{std::move(result.error), {}};
  if (reply.json.empty()) {
    reply.json = "[";
    for (size_t i = 0; i < result.hits.size(); ++i) {
      if (i > 0) reply.json += ',';
      ruvector::AppendJsonString(reply.json, result.hits[i].id);
      distances[i] = result.hits[i].distance;
    }
    reply.json += ']';
  }
  return ruvector::Wire(std::move(reply));
}

EMSCRIPTEN_KEEPALIVE const uint32_t* ruvector_reply_words(const ruvector::WireReply* reply) {
  return reply->words.data();
}
EMSCRIPTEN_KEEPALIVE void ruvector_free_reply(ruvector::WireReply* reply) { delete reply; }
EMSCRIPTEN_KEEPALIVE const char* ruvector_target() { return ruvector::KernelTarget(); }
}
