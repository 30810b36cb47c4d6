// The Node-API transport: copies a request in, runs it (on a libuv thread, or at once), hands the
// reply out. Knows nothing of methods.
#include <napi.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "binding/call.h"
#include "simd/distance.h"

namespace ruvector {
namespace {

// One per JavaScript environment, so worker threads share nothing. Calls under way keep it alive.
struct Environment {
  std::shared_ptr<Session> session = std::make_shared<Session>();
  int64_t reported_bytes = 0;

  // Tells the engine what its objects hold on to, so that it collects forgotten databases in time.
  void ReportMemory(Napi::Env env) {
    constexpr int64_t kWorthTelling = 1 << 20;
    const int64_t change = static_cast<int64_t>(session->memory_bytes()) - reported_bytes;
    if (change < kWorthTelling && change > -kWorthTelling) return;
    Napi::MemoryManagement::AdjustExternalMemory(env, change);
    reported_bytes += change;
  }
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

Napi::String ReplyJson(Napi::Env env, const std::string& json) {
  return Napi::String::New(
      env, json.empty() ? "{\"error\":{\"code\":\"MEMORY_LIMIT\",\"message\":\"out of memory\"}}"
                        : json);
}

Napi::Value ReplyValue(Napi::Env env, const Reply& reply) {
  Napi::Array out = Napi::Array::New(env, 1 + reply.buffers.size());
  out[0u] = ReplyJson(env, reply.json);
  for (size_t i = 0; i < reply.buffers.size(); ++i) {
    const std::string& bytes = reply.buffers[i];
    // Copied: Electron allows no memory of ours inside an ArrayBuffer.
    Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes.size());
    if (!bytes.empty()) std::memcpy(buffer.Data(), bytes.data(), bytes.size());
    out[static_cast<uint32_t>(i + 1)] = buffer;
  }
  return out;
}

class CallWorker : public Napi::AsyncWorker {
 public:
  CallWorker(Napi::Env env, std::shared_ptr<Session> session, OwnedRequest request)
      : Napi::AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        session_(std::move(session)),
        request_(std::move(request)) {}
  Napi::Promise promise() const { return deferred_.Promise(); }
  void Execute() override {
    reply_ = Call(*session_, {request_.method, request_.json, request_.views});
  }
  void OnOK() override {
    Env().GetInstanceData<Environment>()->ReportMemory(Env());
    deferred_.Resolve(ReplyValue(Env(), reply_));
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::shared_ptr<Session> session_;
  OwnedRequest request_;
  Reply reply_;
};

Napi::Value CallAsync(const Napi::CallbackInfo& info) {
  OwnedRequest request;
  if (!ReadRequest(info, request)) return info.Env().Undefined();
  auto* worker = new CallWorker(info.Env(), info.Env().GetInstanceData<Environment>()->session,
                                std::move(request));
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

Napi::Value CallSync(const Napi::CallbackInfo& info) {
  OwnedRequest request;
  if (!ReadRequest(info, request)) return info.Env().Undefined();
  Environment& environment = *info.Env().GetInstanceData<Environment>();
  const Reply reply = Call(*environment.session, {request.method, request.json, request.views});
  environment.ReportMemory(info.Env());
  return ReplyValue(info.Env(), reply);
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
  void* environment = nullptr;
  napi_get_instance_data(env, &environment);
  const FastHits result = CallSearch(*static_cast<Environment*>(environment)->session, handle,
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
  env.SetInstanceData(new Environment);
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
