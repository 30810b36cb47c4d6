// The Node-API transport: copies a request in, runs it (on a thread of ours, or at once), hands the
// reply out. Knows nothing of methods.
#include <napi.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "binding/call.h"
#include "binding/work_queue.h"
#include "simd/distance.h"

namespace ruvector {
namespace {

// What one turn of the event loop hands over at most, so that it has turns for others: promises,
// and bytes of replies, which JavaScript is still to read.
constexpr size_t kRepliesATurn = 32, kBytesATurn = 256 << 10;

// One per JavaScript environment, so worker threads share nothing. Calls under way keep its session
// alive.
class Environment {
 public:
  // Throws into JavaScript where it cannot be had.
  static void Begin(napi_env env);
  static Environment& Of(napi_env env) {
    void* environment = nullptr;
    napi_get_instance_data(env, &environment);
    return *static_cast<Environment*>(environment);
  }
  ~Environment() {
    if (!ended_) napi_remove_env_cleanup_hook(env_, EndHook, this);
    End();
  }

  const std::shared_ptr<Session>& session() const { return session_; }

  // The event loop waits for it.
  void Add(std::unique_ptr<Work> work) {
    if (pending_++ == 0) napi_ref_threadsafe_function(env_, wakers_[0]);
    queue_.Add(std::move(work));
  }

  // Tells the engine what its objects hold on to, so that it collects forgotten databases in time.
  void ReportMemory() {
    constexpr int64_t kWorthTelling = 1 << 20;
    const int64_t change = static_cast<int64_t>(session_->memory_bytes()) - reported_bytes_;
    if (change < kWorthTelling && change > -kWorthTelling) return;
    int64_t total = 0;
    napi_adjust_external_memory(env_, change, &total);
    reported_bytes_ += change;
  }

 private:
  explicit Environment(napi_env env) : env_(env) {}

  // Calls that are finished.
  static void Deliver(napi_env env, napi_value, void* environment, void*);
  // Its thread ends: waits for the calls under way. Before the wakers end, or the engine's memory.
  static void EndHook(void* environment);
  void End();

  const napi_env env_;
  std::shared_ptr<Session> session_ = std::make_shared<Session>();
  int64_t reported_bytes_ = 0;
  size_t pending_ = 0;  // promises
  // In turns: what is woken by one while it is being served is served in the same turn of the loop.
  napi_threadsafe_function wakers_[2] = {};
  size_t next_waker_ = 0;
  bool ended_ = false;
  WorkQueue queue_{[this] {
    napi_call_threadsafe_function(wakers_[next_waker_], nullptr, napi_tsfn_nonblocking);
    next_waker_ ^= 1;
  }};
};

struct OwnedRequest {
  std::string method, json;
  std::vector<std::vector<float>> buffers;  // floats: aligned
  std::vector<BufferView> views;
};

bool ReadRequest(const Napi::CallbackInfo& info, OwnedRequest& out) {
  if (info.Length() < 3 || !info[0].IsString() || !info[1].IsString() || !info[2].IsArray()) {
    Napi::TypeError::New(info.Env(),
                         "expected (method: string, json: string, buffers: ArrayBufferView[])")
        .ThrowAsJavaScriptException();
    return false;
  }
  out.method = info[0].As<Napi::String>().Utf8Value();
  out.json = info[1].As<Napi::String>().Utf8Value();
  const Napi::Array buffers = info[2].As<Napi::Array>();
  for (uint32_t i = 0; i < buffers.Length(); ++i) {
    const Napi::Value value = buffers[i];
    if (!value.IsTypedArray()) {
      Napi::TypeError::New(info.Env(), "expected typed arrays as buffers")
          .ThrowAsJavaScriptException();
      return false;
    }
    const auto array = value.As<Napi::TypedArray>();
    const size_t bytes = array.ByteLength();
    std::vector<float>& copy =
        out.buffers.emplace_back((bytes + sizeof(float) - 1) / sizeof(float));
    if (bytes > 0)
      std::memcpy(copy.data(),
                  static_cast<const uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset(),
                  bytes);
    out.views.push_back({copy.data(), bytes});
  }
  return true;
}

// null: it cannot be had; with an exception pending or, where the environment is being ended,
// without one. Plain Node-API, as its C++ wrapper ends the process then.
napi_value ReplyValue(napi_env env, const Reply& reply) {
  const std::string_view json =
      reply.json.empty() ? "{\"error\":{\"code\":\"MEMORY_LIMIT\",\"message\":\"out of memory\"}}"
                         : std::string_view(reply.json);
  napi_value out = nullptr, text = nullptr;
  if (napi_create_array_with_length(env, 1 + reply.buffers.size(), &out) != napi_ok ||
      napi_create_string_utf8(env, json.data(), json.size(), &text) != napi_ok ||
      napi_set_element(env, out, 0, text) != napi_ok)
    return nullptr;
  uint32_t at = 1;
  for (const std::string& bytes : reply.buffers) {
    // Copied: Electron allows no memory of ours inside an ArrayBuffer.
    void* data = nullptr;
    napi_value buffer = nullptr;
    if (napi_create_arraybuffer(env, bytes.size(), &data, &buffer) != napi_ok) return nullptr;
    if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
    if (napi_set_element(env, out, at++, buffer) != napi_ok) return nullptr;
  }
  return out;
}

// Why ReplyValue gave none.
napi_value ReplyError(napi_env env) {
  bool pending = false;
  napi_value error = nullptr, message = nullptr;
  napi_is_exception_pending(env, &pending);
  if (pending) {
    napi_get_and_clear_last_exception(env, &error);
  } else {
    napi_create_string_utf8(env, "the reply is larger than JavaScript takes", NAPI_AUTO_LENGTH,
                            &message);
    napi_create_error(env, nullptr, message, &error);
  }
  return error;
}

class AwaitedCall : public Work {
 public:
  AwaitedCall(std::shared_ptr<Session> session, OwnedRequest request, napi_deferred deferred)
      : Work(Computes(request.method) ? WorkKind::kComputes : WorkKind::kBlocks),
        session_(std::move(session)),
        request_(std::move(request)),
        deferred_(deferred) {}
  void Run() noexcept override {
    reply_ = Call(*session_, {request_.method, request_.json, request_.views});
    request_ = {};
  }
  size_t reply_bytes() const noexcept override {
    size_t bytes = reply_.json.size();
    for (const std::string& buffer : reply_.buffers) bytes += buffer.size();
    return bytes;
  }
  // On the environment's thread.
  void Settle(napi_env env) {
    napi_handle_scope scope = nullptr;
    napi_open_handle_scope(env, &scope);
    if (const napi_value value = ReplyValue(env, reply_))
      napi_resolve_deferred(env, deferred_, value);
    else if (const napi_value error = ReplyError(env))
      napi_reject_deferred(env, deferred_, error);
    napi_close_handle_scope(env, scope);
  }

 private:
  const std::shared_ptr<Session> session_;
  OwnedRequest request_;
  Reply reply_;
  const napi_deferred deferred_;
};

void Environment::Begin(napi_env env) {
  auto* environment = new Environment(env);
  napi_value name = nullptr;
  napi_create_string_utf8(env, "ruvector", NAPI_AUTO_LENGTH, &name);
  for (napi_threadsafe_function& waker : environment->wakers_) {
    if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                        environment, Deliver, &waker) != napi_ok) {
      delete environment;
      napi_throw_error(env, nullptr, "the environment has no threadsafe functions");
      return;
    }
    napi_unref_threadsafe_function(env, waker);
  }
  napi_set_instance_data(
      env, environment, [](napi_env, void* e, void*) { delete static_cast<Environment*>(e); },
      nullptr);
  // Hooks are called last one first: this one before those of the wakers.
  napi_add_env_cleanup_hook(env, EndHook, environment);
}

void Environment::Deliver(napi_env env, napi_value, void* self, void*) {
  if (env == nullptr) return;  // the environment ends
  auto& environment = *static_cast<Environment*>(self);
  WorkList finished = environment.queue_.TakeFinished(kRepliesATurn, kBytesATurn);
  environment.ReportMemory();
  while (const std::unique_ptr<Work> work = finished.PopFront()) {
    if (--environment.pending_ == 0) napi_unref_threadsafe_function(env, environment.wakers_[0]);
    static_cast<AwaitedCall&>(*work).Settle(env);
  }
}

void Environment::EndHook(void* environment) { static_cast<Environment*>(environment)->End(); }

void Environment::End() {
  if (std::exchange(ended_, true)) return;
  queue_.Stop();
  for (napi_threadsafe_function& waker : wakers_)
    if (waker != nullptr) napi_release_threadsafe_function(waker, napi_tsfn_release);
}

Napi::Value CallAsync(const Napi::CallbackInfo& info) {
  OwnedRequest request;
  if (!ReadRequest(info, request)) return info.Env().Undefined();
  Environment& environment = Environment::Of(info.Env());
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  if (napi_create_promise(info.Env(), &deferred, &promise) != napi_ok)
    return info.Env().Undefined();
  environment.Add(
      std::make_unique<AwaitedCall>(environment.session(), std::move(request), deferred));
  return {info.Env(), promise};
}

Napi::Value CallSync(const Napi::CallbackInfo& info) {
  OwnedRequest request;
  if (!ReadRequest(info, request)) return info.Env().Undefined();
  Environment& environment = Environment::Of(info.Env());
  const Reply reply = Call(*environment.session(), {request.method, request.json, request.views});
  environment.ReportMemory();
  if (const napi_value value = ReplyValue(info.Env(), reply)) return {info.Env(), value};
  napi_throw(info.Env(), ReplyError(info.Env()));
  return info.Env().Undefined();
}

// search(handle, query, k, efSearch, exact, distances): plain Node-API, as every microsecond counts
// here.
napi_value Search(napi_env env, napi_callback_info info) {
  size_t argc = 6;
  napi_value argv[6];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  uint32_t handle = 0;
  double k = 0, ef_search = 0;
  bool exact = false;
  napi_typedarray_type query_type = napi_uint8_array, out_type = napi_uint8_array;
  size_t values = 0, room = 0;
  void *query = nullptr, *out = nullptr;
  if (argc < 6 || napi_get_value_uint32(env, argv[0], &handle) != napi_ok ||
      napi_get_typedarray_info(env, argv[1], &query_type, &values, &query, nullptr, nullptr) !=
          napi_ok ||
      napi_get_value_double(env, argv[2], &k) != napi_ok ||
      napi_get_value_double(env, argv[3], &ef_search) != napi_ok ||
      napi_get_value_bool(env, argv[4], &exact) != napi_ok ||
      napi_get_typedarray_info(env, argv[5], &out_type, &room, &out, nullptr, nullptr) != napi_ok ||
      query_type != napi_float32_array || out_type != napi_float32_array) {
    napi_throw_type_error(env, nullptr,
                          "expected (handle, Float32Array, k, efSearch, exact, Float32Array)");
    return nullptr;
  }
  const FastHits result = CallSearch(*Environment::Of(env).session(), handle,
                                     static_cast<const float*>(query), values, k, ef_search, exact);
  napi_value ids = nullptr;
  if (result.hits.empty() && !result.error.empty()) {
    napi_create_string_utf8(env, result.error.data(), result.error.size(), &ids);
    return ids;
  }
  napi_create_array_with_length(env, result.hits.size(), &ids);
  for (size_t i = 0; i < result.hits.size(); ++i) {
    const Hit& hit = result.hits[i];
    napi_value id = nullptr;
    napi_create_string_utf8(env, hit.id.data(), hit.id.size(), &id);
    napi_set_element(env, ids, static_cast<uint32_t>(i), id);
    if (i < room) static_cast<float*>(out)[i] = hit.distance;
  }
  return ids;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  Environment::Begin(env);
  exports["call"] = Napi::Function::New(env, CallAsync);
  exports["callSync"] = Napi::Function::New(env, CallSync);
  napi_value search = nullptr;
  napi_create_function(env, "search", NAPI_AUTO_LENGTH, Search, nullptr, &search);
  exports["search"] = Napi::Value(env, search);
  exports["target"] = Napi::String::New(env, KernelTarget());
  return exports;
}

}  // namespace
}  // namespace ruvector

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) {
  return ruvector::Init(env, exports);
}
NODE_API_MODULE(ruvector, InitAddon)
