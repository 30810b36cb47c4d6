#include <algorithm>
#include <chrono>

#include "binding/jobs.h"
#include "binding/methods.h"
#include "collection/compaction.h"
#include "collection/pinned_manifest.h"
#include "collection/snapshot.h"
#include "collection/verification.h"

namespace ruvector {
namespace {

// A call of job.step works about so long: short enough for a progress bar and for a page's thread.
constexpr auto kStepTime = std::chrono::milliseconds(20);
// Rows linked between two looks at the clock.
constexpr size_t kLinkRows = 32;

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
  explicit VerifyJob(std::shared_ptr<Database> database)
      : pinned_(database, false),
        verification_(pinned_.directory(), pinned_.manifest(),
                      [this, database] { log_bytes_ = database->CheckLog(); }) {}
  bool Step() override { return verification_.Step(); }
  uint64_t done() const override { return verification_.done(); }
  uint64_t total() const override { return verification_.total(); }
  std::string Value() const override {
    std::string json = "{\"ok\":";
    json += verification_.damage().empty() ? "true" : "false";
    json += ",\"files\":" + std::to_string(verification_.files()) +
            ",\"bytes\":" + std::to_string(verification_.total() + log_bytes_) +
            ",\"damage\":" + DamageJson(verification_.damage());
    return json + "}";
  }

 private:
  PinnedManifest pinned_;
  Verification verification_;
  uint64_t log_bytes_ = 0;
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

// --- Inserting

InsertJob::~InsertJob() {
  if (committed_ && !finished_) database_->LinkInBackground();
}

void InsertJob::Add(std::vector<std::string> ids, std::vector<std::string> metadata,
                    std::vector<float> vectors) {
  if (committed_) throw Error(ErrorCode::kInvalidOption, "the entries are committed already");
  for (const std::string& id : ids) staged_bytes_ += sizeof(std::string) + id.size();
  for (const std::string& m : metadata) staged_bytes_ += sizeof(std::string) + m.size();
  staged_bytes_ += vectors.size() * sizeof(float);
  const size_t budget = database_->options().memory_budget;
  if (budget > 0 && database_->memory_bytes() + staged_bytes_ > budget) {
    throw Error(ErrorCode::kMemoryLimit, "the entries take more memory than memoryBudget allows, " +
                                             std::to_string(budget) +
                                             " bytes; nothing was written");
  }
  rows_ += ids.size();
  chunks_.push_back({std::move(ids), std::move(metadata), std::move(vectors)});
}

bool InsertJob::Step() {
  if (finished_) return false;
  if (!committed_) {
    std::vector<Operation> operations;
    operations.reserve(static_cast<size_t>(rows_));
    const size_t dimensions = collection_->options().dimensions;
    for (const Chunk& chunk : chunks_) {
      for (size_t i = 0; i < chunk.ids.size(); ++i) {
        const std::string_view metadata =
            chunk.metadata.empty() ? std::string_view() : chunk.metadata[i];
        operations.push_back({Operation::Kind::kPut, chunk.ids[i], metadata,
                              chunk.vectors.data() + i * dimensions, collection_.get()});
      }
    }
    database_->Write([&] { return operations; }, Database::Linking::kLater);
    committed_ = true;
    std::vector<Chunk>().swap(chunks_);
    return true;
  }
  const size_t pending = database_->LinkSome(*collection_, kLinkRows);
  done_ = std::max(done_, rows_ - std::min<uint64_t>(pending, rows_));
  finished_ = pending == 0;
  return !finished_;
}

}  // namespace ruvector
