#include "binding/call.h"

#include <algorithm>
#include <cmath>

#include "binding/jobs.h"
#include "binding/methods.h"
#include "binding/payload.h"
#include "collection/checks.h"
#include "simd/distance.h"

namespace ruvector {
namespace {

Reply Info(const MethodContext& context);
constexpr Method kOwnMethods[] = {{"meta.info", Info}};

template <typename F>
void ForEachMethod(const F& f) {
  for (const auto& table :
       {std::span<const Method>(kOwnMethods), DatabaseMethods(), CollectionMethods(), ReadMethods(),
        SearchMethods(), WriteMethods(), JobMethods()}) {
    for (const Method& m : table) f(m);
  }
}

const Method* FindMethod(std::string_view name) {
  const Method* method = nullptr;
  ForEachMethod([&](const Method& m) {
    if (m.name == name) method = &m;
  });
  return method;
}

Reply Info(const MethodContext&) {
  std::string json = "{\"methods\":[";
  ForEachMethod([&](const Method& m) {
    if (json.back() != '[') json += ',';
    AppendJsonString(json, m.name);
  });
  json += "],\"errorCodes\":[";
  for (int i = 0; i < kErrorCodeCount; ++i) {
    if (i > 0) json += ',';
    AppendJsonString(json, CodeName(static_cast<ErrorCode>(i)));
  }
  json += "],\"target\":";
  AppendJsonString(json, KernelTarget());
  json += ",\"formatVersion\":\"1.0\"}";
  return {std::move(json), {}};
}

// Even this may run out of memory; an empty text then says so (the transports know it).
std::string ErrorReply(ErrorCode code, std::string_view message) noexcept {
  try {
    std::string json = "{\"error\":{\"code\":\"" + std::string(CodeName(code)) + "\",\"message\":";
    AppendJsonString(json, message);
    return json + "}}";
  } catch (...) {
    return {};
  }
}

// The one catch site: `run` does the work, `fail` takes the error's JSON.
template <typename Run, typename Fail>
void Guard(const Run& run, const Fail& fail) noexcept {
  try {
    run();
  } catch (const Error& e) {
    fail(ErrorReply(e.code(), e.what()));
  } catch (const std::bad_alloc&) {
    fail(ErrorReply(ErrorCode::kMemoryLimit, "out of memory; nothing was changed"));
  } catch (const std::exception& e) {
    fail(ErrorReply(ErrorCode::kInternal, e.what()));
  } catch (...) {
    fail(ErrorReply(ErrorCode::kInternal, "unknown failure"));
  }
}

}  // namespace

namespace {
constexpr size_t kMostEarly = 4096;
}

uint32_t Session::Add(Opened opened) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [handle, known] : handles_) {
    if (known.collection == opened.collection) return handle;
  }
  handles_.emplace(next_number_, std::move(opened));
  return next_number_++;
}

Opened Session::Get(uint32_t handle) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto at = handles_.find(handle);
  if (at == handles_.end()) throw Error(ErrorCode::kClosed, "the database is closed");
  if (at->second.collection->dropped()) {
    throw Error(ErrorCode::kNotFound,
                "collection " + QuoteForMessage(at->second.collection->name()) + " was dropped");
  }
  return at->second;
}

void Session::Close(uint32_t handle) {
  std::shared_ptr<Database> database;
  std::vector<std::shared_ptr<Job>> ended;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto at = handles_.find(handle);
    if (at == handles_.end()) return;
    database = at->second.database;
    std::erase_if(handles_, [&](const auto& h) { return h.second.database == database; });
    std::erase_if(jobs_, [&](const auto& j) {
      if (j.second.database != database) return false;
      ended.push_back(j.second.job);
      return true;
    });
  }
  ended.clear();
  // Calls under way on other threads keep reading; writing ends here.
  database->Close();
}

uint32_t Session::AddJob(std::shared_ptr<Job> job, std::shared_ptr<Database> database) {
  const std::lock_guard<std::mutex> lock(mutex_);
  jobs_[next_number_] = {std::move(job), std::move(database)};
  return next_number_++;
}

std::shared_ptr<Job> Session::GetJob(uint32_t number) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto at = jobs_.find(number);
  if (at == jobs_.end()) throw Error(ErrorCode::kAborted, "the call has ended");
  return at->second.job;
}

void Session::EndJob(uint32_t number) {
  RunningJob ended;  // destroyed without the lock
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto at = jobs_.find(number);
  if (at == jobs_.end()) return;
  ended = std::move(at->second);
  jobs_.erase(at);
}

std::shared_ptr<const std::atomic<bool>> Session::CancelFlag(uint32_t token) {
  auto flag = std::make_shared<std::atomic<bool>>(false);
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(cancels_, [](const auto& c) { return c.second.expired(); });
  *flag = cancelled_early_.erase(token) > 0;
  cancels_[token] = flag;
  return flag;
}

void Session::Cancel(uint32_t token) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto at = cancels_.find(token);
  if (const auto flag = at == cancels_.end() ? nullptr : at->second.lock()) {
    *flag = true;
    return;
  }
  // The call waits for its thread, or has just ended.
  if (cancelled_early_.size() > kMostEarly) cancelled_early_.clear();
  cancelled_early_.insert(token);
}

size_t Session::memory_bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  size_t bytes = 0;
  for (const auto& [handle, opened] : handles_) bytes += opened.collection->memory_bytes();
  return bytes;
}

Opened MethodContext::opened() const {
  return session.Get(static_cast<uint32_t>(args.Whole("handle", 1, 0xffffffff).value_or(0)));
}

const BufferView& MethodContext::Buffer(size_t index) const {
  return FirstBuffer(buffers.subspan(std::min(index, buffers.size())));
}

const BufferView& FirstBuffer(std::span<const BufferView> buffers) {
  if (buffers.empty())
    throw Error(ErrorCode::kInvalidOption, "the call is missing its buffer of vectors");
  return buffers.front();
}

Reply ValueReply(bool value) { return {value ? "{\"value\":true}" : "{\"value\":false}", {}}; }
Reply ValueReply(size_t value) { return {"{\"value\":" + std::to_string(value) + "}", {}}; }

bool Computes(std::string_view method) noexcept {
  const Method* known = FindMethod(method);
  return known != nullptr && known->computes;
}

Reply Call(Session& session, const Request& request) noexcept {
  Reply reply;
  Guard(
      [&] {
        const Method* method = FindMethod(request.method);
        if (method == nullptr) {
          throw Error(ErrorCode::kUnsupported,
                      "there is no method " + QuoteForMessage(request.method));
        }
        const JsonDocument json = ParseJson(request.json, "arguments");
        const Arguments args(json);
        reply = method->run({session, json, args, request.buffers});
      },
      [&](std::string error) {
        reply.json = std::move(error);
        reply.buffers.clear();
      });
  return reply;
}

FastHits CallSearch(Session& session, uint32_t handle, const float* vector, size_t values, double k,
                    double ef_search, bool exact) noexcept {
  FastHits result;
  Guard(
      [&] {
        const Opened opened = session.Get(handle);
        const Collection& collection = *opened.collection;
        SearchRequest request;
        request.vector =
            ReadMatrix({vector, values * sizeof(float)}, 1, collection.options().dimensions);
        const auto whole = [](double v, double hi) {
          return v >= 1 && v <= hi && v == std::floor(v);
        };
        if (!whole(k, kMaxK)) {
          throw Error(ErrorCode::kInvalidK,
                      "k is no whole number from 1 to " + std::to_string(kMaxK));
        }
        if (ef_search != 0 && !whole(ef_search, kMaxEf)) {
          throw Error(ErrorCode::kInvalidOption,
                      "efSearch is no whole number from 1 to " + std::to_string(kMaxEf));
        }
        RequireValidVector(collection.space(), request.vector, "");
        request.k = static_cast<size_t>(k);
        if (ef_search != 0) request.ef_search = static_cast<size_t>(ef_search);
        RequireFitting(request, collection, "");
        request.exact = exact;
        request.include_metadata = false;
        result.hits = collection.Search(request);
      },
      [&](std::string error) { result.error = std::move(error); });
  return result;
}

}  // namespace ruvector
