#include "api/input.h"
#include "api/long_call.h"
#include "core/coding.h"

namespace ruvector {
inline namespace v1 {

using internal::Call;
using internal::CollectionCall;
using internal::Puts;

namespace {

// Entries up to which a batch is committed and linked in one go, if nobody wants to look at it.
constexpr size_t kShortBatch = 2000;

Entry ToEntry(Row row) {
  return {std::move(row.id), std::move(row.vector), std::move(row.metadata)};
}

Quantization Shown(const core::Quantization& quantization) {
  return {static_cast<Quantization::Type>(quantization.type),
          quantization.bits,
          quantization.subspaces,
          quantization.centroids,
          {}};
}

std::vector<Hit> ToHits(std::vector<core::Hit> found, const MetricSpace& space) {
  std::vector<Hit> hits;
  hits.reserve(found.size());
  for (core::Hit& hit : found) {
    const double distance = hit.distance;
    hits.push_back({std::move(hit.id), distance, space.Similarity(distance),
                    std::move(hit.metadata), std::move(hit.vector)});
  }
  return hits;
}

// A query and what its request refers to.
struct CheckedQuery {
  std::optional<Filter> filter;
  std::vector<float> like;
  SearchRequest request;
};

void ReadQuery(const core::Collection& collection, const SearchQuery& query,
               const std::string& where, CheckedQuery& out) {
  SearchRequest& request = out.request;
  internal::RequireRange(where + "k", query.k, 1, kMaxK, ErrorCode::kInvalidK);
  if (query.ef_search) internal::RequireRange(where + "efSearch", *query.ef_search, 1, kMaxEf);
  if (query.nprobe) internal::RequireRange(where + "nprobe", *query.nprobe, 1, kMaxLists);
  out.filter = internal::ReadFilter(query.filter);
  if (query.like.empty()) {
    internal::RequireVector(collection, query.vector, where);
    request.vector = query.vector.data();
  } else {
    if (!query.vector.empty()) {
      throw Error(ErrorCode::kInvalidOption,
                  where + "vector and like are both given, expected one of them");
    }
    out.like = RequireVectorLike(collection, query.like, where);
    request.vector = out.like.data();
    request.exclude = query.like;
  }
  request.k = query.k;
  request.ef_search = query.ef_search;
  request.nprobe = query.nprobe;
  request.exact = query.exact;
  request.filter = out.filter ? &*out.filter : nullptr;
  request.recall = query.recall;
  RequireFitting(request, collection, where);
  request.min_similarity = query.threshold;
  request.include_vectors = query.include_vectors;
  request.include_metadata = query.include_metadata;
  request.interrupt = internal::ReadInterrupt(query.cancelled, query.timeout);
}

std::vector<std::string> InsertPuts(const CollectionCall& call, Puts puts, const LongCall& limits) {
  const Interrupt interrupt = internal::ReadInterrupt(limits.cancelled, limits.timeout);
  const bool watched = limits.on_progress || interrupt.cancelled || interrupt.deadline;
  if (!watched && puts.size() <= kShortBatch) {
    call.database()->Write([&] { return puts.Operations(); });
  } else {
    BatchInsert batch(call.database(), call.shared);
    batch.Add(puts.Operations());
    internal::Run(batch, limits, interrupt);
  }
  return std::move(puts.ids);
}

}  // namespace

Collection::Collection(std::shared_ptr<internal::Handle> handle) : handle_(std::move(handle)) {}

internal::Handle& Collection::handle() const {
  if (!handle_) throw Error(ErrorCode::kClosed, "the database was moved to another object");
  return *handle_;
}

const std::string& Collection::name() const { return handle().name; }
size_t Collection::dimensions() const { return handle().dimensions; }
Metric Collection::metric() const { return static_cast<Metric>(handle().metric); }

// --- Writing

std::string Collection::Insert(const Entry& entry) {
  const CollectionCall call(handle());
  Puts puts(call.collection, 1);
  puts.Add(entry.id, entry.vector, entry.metadata, "");
  return std::move(InsertPuts(call, std::move(puts), {}).front());
}

std::vector<std::string> Collection::InsertBatch(std::span<const Entry> entries,
                                                 const LongCall& limits) {
  const CollectionCall call(handle());
  return InsertPuts(call, Puts(call.collection, entries), limits);
}

std::vector<std::string> Collection::InsertBatch(const VectorMatrix& matrix,
                                                 const LongCall& limits) {
  const CollectionCall call(handle());
  return InsertPuts(call, Puts(call.collection, matrix), limits);
}

bool Collection::Update(std::string_view id, std::span<const float> vector,
                        std::optional<std::string_view> metadata) {
  const CollectionCall call(handle());
  RequireId(id, "");
  internal::RequireVector(call.collection, vector, "");
  std::optional<std::string> text;
  if (metadata) text = internal::ReadMetadata(*metadata, "");
  return UpdateRow(*call.database(), call.collection, id, vector.data(), std::move(text));
}

bool Collection::UpdateMetadata(std::string_view id, std::string_view metadata) {
  const CollectionCall call(handle());
  RequireId(id, "");
  return UpdateRow(*call.database(), call.collection, id, nullptr,
                   internal::ReadMetadata(metadata, ""));
}

bool Collection::Delete(std::string_view id) {
  const CollectionCall call(handle());
  RequireId(id, "");
  return DeleteRows(*call.database(), call.collection, {&id, 1}) == 1;
}

size_t Collection::DeleteBatch(const std::vector<std::string>& ids) {
  const CollectionCall call(handle());
  for (size_t i = 0; i < ids.size(); ++i) RequireId(ids[i], "ids[" + std::to_string(i) + "]: ");
  const std::vector<std::string_view> views(ids.begin(), ids.end());
  return DeleteRows(*call.database(), call.collection, views);
}

size_t Collection::DeleteWhere(std::string_view text) {
  const CollectionCall call(handle());
  const std::optional<Filter> filter = internal::ReadFilter(text);
  if (!filter)
    throw Error(ErrorCode::kInvalidFilter, "filter is missing; Clear() deletes everything");
  return DeleteMatching(*call.database(), call.collection, *filter);
}

void Collection::Clear() {
  const CollectionCall call(handle());
  DeleteAll(*call.database(), call.collection);
}

// --- Reading

std::vector<Hit> Collection::Search(const SearchQuery& query) const {
  const CollectionCall call(handle());
  CheckedQuery checked;
  ReadQuery(call.collection, query, "", checked);
  return ToHits(call.collection.Search(checked.request), call.collection.space());
}

std::vector<Hit> Collection::Search(std::span<const float> vector, size_t k) const {
  const CollectionCall call(handle());
  internal::RequireVector(call.collection, vector, "");
  internal::RequireRange("k", k, 1, kMaxK, ErrorCode::kInvalidK);
  SearchRequest request;
  request.vector = vector.data();
  request.k = k;
  return ToHits(call.collection.Search(request), call.collection.space());
}

std::vector<std::vector<Hit>> Collection::SearchBatch(
    const std::vector<SearchQuery>& queries) const {
  const CollectionCall call(handle());
  // All of them are checked before the first is run.
  std::vector<CheckedQuery> checked(queries.size());
  for (size_t i = 0; i < queries.size(); ++i)
    ReadQuery(call.collection, queries[i], "query " + std::to_string(i) + ": ", checked[i]);
  std::vector<SearchRequest> requests;
  for (const CheckedQuery& query : checked) requests.push_back(query.request);
  std::vector<std::vector<Hit>> hits;
  for (std::vector<core::Hit>& found :
       call.collection.SearchBatch(requests, call.collection.options().threads))
    hits.push_back(ToHits(std::move(found), call.collection.space()));
  return hits;
}

std::optional<Entry> Collection::Get(std::string_view id) const {
  const CollectionCall call(handle());
  std::optional<Row> row = call.collection.Get(id, true);
  if (!row) return std::nullopt;
  return ToEntry(std::move(*row));
}

std::vector<std::optional<Entry>> Collection::GetMany(const std::vector<std::string>& ids) const {
  const CollectionCall call(handle());
  const std::vector<std::string_view> views(ids.begin(), ids.end());
  std::vector<std::optional<Entry>> entries;
  entries.reserve(ids.size());
  for (std::optional<Row>& row : call.collection.GetMany(views)) {
    entries.emplace_back();
    if (row) entries.back() = ToEntry(std::move(*row));
  }
  return entries;
}

bool Collection::Has(std::string_view id) const {
  return CollectionCall(handle()).collection.Has(id);
}

size_t Collection::Count(std::string_view text) const {
  const CollectionCall call(handle());
  const std::optional<Filter> filter = internal::ReadFilter(text);
  return call.collection.Count(filter ? &*filter : nullptr);
}

DbStats Collection::Stats() const {
  const CollectionCall call(handle());
  CollectionStats rows = call.collection.Stats();
  DatabaseStats files = call.database()->Stats();
  DbStats stats;
  stats.count = rows.count;
  stats.dimensions = dimensions();
  stats.metric = metric();
  stats.index_type = rows.lists > 0 ? Index::kIvf : rows.linked > 0 ? Index::kHnsw : Index::kFlat;
  stats.nlist = rows.lists;
  stats.memory_usage = rows.memory_bytes;
  stats.disk_usage = files.disk_bytes;
  stats.vectors_in_memory = call.collection.options().vectors_in_memory;
  const auto& options = call.collection.options();
  stats.quantization = Shown(Resolve(options.quantization, options.metric, options.dimensions));
  stats.quantization.rerank = options.rerank;
  for (const auto& [quantization, n] : rows.coded) stats.coded.emplace_back(Shown(quantization), n);
  stats.deleted = rows.deleted;
  stats.segments = rows.segments;
  stats.pending = rows.pending;
  stats.wal_bytes = files.wal_bytes;
  stats.cut_bytes = files.cut_bytes;
  stats.replayed_transactions = files.replayed_transactions;
  stats.maintenance_error = std::move(files.maintenance_error);
  return stats;
}

Projection Collection::Project(const ProjectionOptions& options) const {
  const CollectionCall call(handle());
  internal::RequireRange("limit", options.limit, 1, kMaxPoints);
  const std::optional<Filter> filter = internal::ReadFilter(options.filter);
  ProjectionRequest request;
  request.limit = options.limit;
  request.filter = filter ? &*filter : nullptr;
  request.interrupt = internal::ReadInterrupt(options.cancelled, options.timeout);
  ProjectedRows made = call.collection.Project(request);
  Projection projection{std::move(made.ids), std::move(made.x), std::move(made.y), {}, made.total};
  for (size_t k = 0; k < 2; ++k) {
    const auto axis = made.axes.axes.begin() + static_cast<long>(k * dimensions());
    projection.axes[k] = {{axis, axis + static_cast<long>(dimensions())},
                          made.axes.origin[k],
                          made.axes.explained[k]};
  }
  return projection;
}

EntryPage Collection::Page(const PageOptions& options) const {
  const CollectionCall call(handle());
  internal::RequireRange("limit", options.limit, 1, kMaxK);
  const std::optional<Filter> filter = internal::ReadFilter(options.filter);
  uint64_t cursor = 0;
  if (!options.cursor.empty() && !ParseHex(options.cursor, &cursor)) {
    throw Error(ErrorCode::kInvalidOption,
                "cursor is " + QuoteForMessage(options.cursor) + ", expected what a page gave");
  }
  ScanPage scanned = call.collection.Scan(cursor, options.limit, filter ? &*filter : nullptr,
                                          options.include_vectors);
  EntryPage page;
  page.entries.reserve(scanned.rows.size());
  for (Row& row : scanned.rows) page.entries.push_back(ToEntry(std::move(row)));
  if (scanned.cursor) page.cursor = Hex16(*scanned.cursor);
  return page;
}

EntryRange Collection::Entries(PageOptions options) const {
  return EntryRange(*this, std::move(options));
}

EntryRange::EntryRange(const Collection& collection, PageOptions options)
    : collection_(collection), options_(std::move(options)), page_(collection_.Page(options_)) {
  SkipEmptyPages();
}

void EntryRange::Next() {
  ++at_;
  SkipEmptyPages();
}

void EntryRange::SkipEmptyPages() {
  while (AtEnd() && page_.cursor) {
    options_.cursor = *page_.cursor;
    page_ = collection_.Page(options_);
    at_ = 0;
  }
}

}  // namespace v1
}  // namespace ruvector
