#include <algorithm>
#include <chrono>

#include "binding/jobs.h"
#include "binding/methods.h"
#include "collection/compaction.h"
#include "collection/database_check.h"
#include "collection/snapshot.h"

namespace ruvector {
namespace {

// A call of job.step works about so long: short enough for a progress bar and for a page's thread.
constexpr auto kStepTime = std::chrono::milliseconds(20);

class CompactJob : public Job {
 public:
  explicit CompactJob(std::shared_ptr<Database> database) : compaction_(std::move(database)) {}
  bool Step() override { return compaction_.Step(); }
  uint64_t done() const override { return compaction_.done(); }
  uint64_t total() const override { return compaction_.total(); }

 private:
  Compaction compaction_;
};

class SnapshotJob : public Job {
 public:
  SnapshotJob(std::shared_ptr<Database> database, std::string path)
      : snapshot_(std::move(database), std::move(path)) {}
  bool Step() override { return snapshot_.Step(); }
  uint64_t done() const override { return snapshot_.done(); }
  uint64_t total() const override { return snapshot_.total(); }

 private:
  Snapshot snapshot_;
};

class VerifyJob : public Job {
 public:
  explicit VerifyJob(std::shared_ptr<Database> database) : check_(std::move(database)) {}
  bool Step() override { return check_.Step(); }
  uint64_t done() const override { return check_.done(); }
  uint64_t total() const override { return check_.total(); }
  std::string Value() const override {
    std::string json = "{\"ok\":";
    json += check_.damage().empty() ? "true" : "false";
    json += ",\"files\":" + std::to_string(check_.files()) +
            ",\"bytes\":" + std::to_string(check_.bytes()) +
            ",\"damage\":" + DamageJson(check_.damage());
    return json + "}";
  }

 private:
  DatabaseCheck check_;
};

Reply Begin(const MethodContext& c) {
  static constexpr std::string_view kKinds[] = {"insert", "compact", "snapshot", "verify"};
  c.args.Get("kind");
  const Opened opened = c.opened();
  std::shared_ptr<Job> job;
  switch (*c.args.Word("kind", kKinds)) {
    case 0:
      job = std::make_shared<InsertJob>(opened.database, opened.collection);
      break;
    case 1:
      job = std::make_shared<CompactJob>(opened.database);
      break;
    case 2: {
      const std::string path = c.args.Text("path").value_or("");
      if (path.empty() || path.find('\0') != std::string::npos)
        c.args.Refuse("path", "the path of a folder or of an .rvf file", c.args.Get("path"));
      job = std::make_shared<SnapshotJob>(opened.database, path);
      break;
    }
    case 3:
      job = std::make_shared<VerifyJob>(opened.database);
      break;
  }
  return {"{\"job\":" + std::to_string(c.session.AddJob(job, opened.database)) + "}", {}};
}

uint32_t JobNumber(const MethodContext& c) {
  c.args.Get("job");
  return static_cast<uint32_t>(*c.args.Whole("job", 1, 0xffffffff));
}

Reply Step(const MethodContext& c) {
  const std::shared_ptr<Job> job = c.session.GetJob(JobNumber(c));
  const std::lock_guard<std::mutex> lock(job->mutex);
  const auto until = std::chrono::steady_clock::now() + kStepTime;
  // The first step alone: it makes the total known.
  bool more = job->Step();
  while (more && job->started && std::chrono::steady_clock::now() < until) more = job->Step();
  job->started = true;
  std::string json = "{\"done\":" + std::to_string(std::min(job->done(), job->total())) +
                     ",\"total\":" + std::to_string(job->total()) +
                     ",\"committed\":" + (job->committed() ? "true" : "false") +
                     ",\"finished\":" + (more ? "false" : "true");
  if (!more) json += ",\"value\":" + job->Value();
  return {json + "}", {}};
}

Reply End(const MethodContext& c) {
  c.session.EndJob(JobNumber(c));
  return {"{}", {}};
}

Reply Cancel(const MethodContext& c) {
  c.args.Get("token");
  c.session.Cancel(static_cast<uint32_t>(*c.args.Whole("token", 0, 0xffffffff)));
  return {"{}", {}};
}

constexpr Method kMethods[] = {
    {"job.begin", Begin}, {"job.step", Step}, {"job.end", End}, {"call.cancel", Cancel}};

}  // namespace

std::span<const Method> JobMethods() { return kMethods; }

}  // namespace ruvector
