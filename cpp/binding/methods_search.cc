#include <cstring>
#include <limits>

#include "binding/methods.h"
#include "binding/payload.h"
#include "collection/checks.h"
#include "collection/search_plan.h"
#include "core/coding.h"

namespace ruvector {
namespace {

constexpr size_t kMostQueries = 1 << 24;              // at once
constexpr uint64_t kMostRawHits = uint64_t{1} << 27;  // 1.5 GB of ids and distances
constexpr uint64_t kMostSafeInteger = (uint64_t{1} << 53) - 1;

constexpr std::string_view kSearchOptions[] = {
    "k",    "filter", "efSearch", "exact",     "threshold", "includeVectors", "includeMetadata",
    "like", "mmr",    "recall",   "timeoutMs", "token",     "nprobe"};
constexpr std::string_view kRawOptions[] = {"k",         "filter",    "efSearch", "exact", "recall",
                                            "threshold", "timeoutMs", "token",    "nprobe"};

/// Points at `filter`, and at no vector yet.
SearchRequest ReadSearch(const MethodContext& c, const Collection& collection, const Arguments& q,
                         const std::string& where, std::optional<Filter>& filter) {
  if (q.Has("mmr")) {
    throw Error(ErrorCode::kUnsupported, "search option mmr is not supported by this version");
  }
  filter = ReadFilter(q.Find("filter"));
  SearchRequest r;
  r.k = q.Whole("k", 1, kMaxK, ErrorCode::kInvalidK).value_or(kDefaultK);
  r.ef_search = q.Whole("efSearch", 1, kMaxEf);
  r.nprobe = q.Whole("nprobe", 1, kMaxLists);
  r.recall = q.Number("recall");
  r.exact = q.Flag("exact").value_or(false);
  r.min_similarity = q.Number("threshold");
  r.include_vectors = q.Flag("includeVectors").value_or(false);
  r.include_metadata = q.Flag("includeMetadata").value_or(true);
  r.filter = filter ? &*filter : nullptr;
  RequireFitting(r, collection, where);
  r.interrupt = ReadInterrupt(c.session, q);
  return r;
}

std::string WhereOf(size_t query, size_t count) {
  return count > 1 ? "query " + std::to_string(query) + ": " : "";
}

/// What requests point at.
struct Searches {
  std::vector<std::optional<Filter>> filters;
  std::vector<std::vector<float>> likes;
  std::vector<SearchRequest> requests;
};

/// One request for each row of a matrix, all with the options of `first`.
std::vector<SearchRequest> RepeatSearch(const Collection& collection, const SearchRequest& first,
                                        const float* vectors, size_t count) {
  std::vector<SearchRequest> requests(count, first);
  for (size_t i = 0; i < count; ++i) {
    requests[i].vector = vectors + i * collection.options().dimensions;
    RequireValidVector(collection.space(), requests[i].vector, WhereOf(i, count));
  }
  return requests;
}

/// Options that all queries share come once: `shared`, and how many queries there are, `count`;
/// else each query has its own, `queries`. All are checked before the first is run.
Searches ReadSearches(const MethodContext& c, const Collection& collection) {
  const size_t dimensions = collection.options().dimensions;
  Searches read;
  if (const Json* shared = c.args.Find("shared")) {
    const size_t count = c.args.Whole("count", 0, kMostQueries).value_or(1);
    const float* vectors = ReadMatrix(c.Buffer(0), count, dimensions);
    const std::string where = WhereOf(0, count);
    const Arguments q(*shared, where);
    q.RequireKnown(kSearchOptions);
    if (const Json* like = q.Find("like")) q.Refuse("like", "none in shared options", *like);
    const SearchRequest first = ReadSearch(c, collection, q, where, read.filters.emplace_back());
    read.requests = RepeatSearch(collection, first, vectors, count);
    return read;
  }
  const Json& queries = c.args.Get("queries");
  if (!queries.IsArray()) c.args.Refuse("queries", "an array", queries);
  const float* vectors = ReadMatrix(c.Buffer(0), queries.Size(), dimensions);
  read.filters.resize(queries.Size());
  read.likes.resize(queries.Size());
  for (unsigned i = 0; i < queries.Size(); ++i) {
    const std::string where = WhereOf(i, queries.Size());
    const Arguments q(queries[i], where);
    q.RequireKnown(kSearchOptions);
    SearchRequest& request =
        read.requests.emplace_back(ReadSearch(c, collection, q, where, read.filters[i]));
    if (const Json* like = q.Find("like")) {
      if (!like->IsString()) q.Refuse("like", "an id", *like);
      read.likes[i] = RequireVectorLike(collection, JsonText(*like), where);
      request.vector = read.likes[i].data();
      request.exclude = JsonText(*like);
    } else {
      request.vector = vectors + i * dimensions;
      RequireValidVector(collection.space(), request.vector, where);
    }
  }
  return read;
}

Reply Search(const MethodContext& c) {
  const Opened opened = c.opened();
  const Collection& collection = *opened.collection;
  const Searches searches = ReadSearches(c, collection);
  const std::vector<SearchRequest>& requests = searches.requests;
  const std::vector<std::vector<Hit>> found =
      collection.SearchBatch(requests, collection.options().threads);

  std::string distances, counts, lengths, ids, vectors;
  std::string metadata;
  bool any_metadata = false;
  for (size_t i = 0; i < requests.size(); ++i) {
    const std::vector<Hit>& hits = found[i];
    PutU32(counts, static_cast<uint32_t>(hits.size()));
    for (const Hit& hit : hits) {
      distances.append(reinterpret_cast<const char*>(&hit.distance), sizeof hit.distance);
      PutU32(lengths, static_cast<uint32_t>(hit.id.size()));
      ids += hit.id;
      AppendFloats(vectors, hit.vector);
    }
    any_metadata |= requests[i].include_metadata;
    if (i > 0) metadata += ',';
    if (!requests[i].include_metadata) {
      metadata += "null";
      continue;
    }
    metadata += '[';
    for (size_t h = 0; h < hits.size(); ++h) {
      if (h > 0) metadata += ',';
      AppendMetadata(metadata, hits[h].metadata);
    }
    metadata += ']';
  }
  Reply reply{any_metadata ? "{\"metadata\":[" + metadata + "]}" : "{}", {}};
  reply.buffers.push_back(std::move(distances));
  reply.buffers.push_back(counts + lengths + ids);
  if (!vectors.empty()) reply.buffers.push_back(std::move(vectors));
  return reply;
}

/// The whole number that an id is the decimal text of.
std::optional<double> WholeNumberOf(std::string_view id) {
  const bool negative = id.size() > 1 && id[0] == '-';
  const std::string_view digits = id.substr(negative ? 1 : 0);
  if (digits.empty() || digits.size() > 16 || (digits[0] == '0' && id.size() > 1))
    return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = 10 * value + static_cast<uint64_t>(c - '0');
  }
  if (value > kMostSafeInteger) return std::nullopt;
  return negative ? -static_cast<double>(value) : static_cast<double>(value);
}

template <typename T>
std::string BytesOf(T value, size_t count) {
  std::string bytes(count * sizeof value, '\0');
  for (size_t i = 0; i < count; ++i) std::memcpy(&bytes[i * sizeof value], &value, sizeof value);
  return bytes;
}

Reply SearchRaw(const MethodContext& c) {
  const Opened opened = c.opened();
  const Collection& collection = *opened.collection;
  const Arguments options(c.args.Get("options"));
  options.RequireKnown(kRawOptions);
  std::optional<Filter> filter;
  SearchRequest first = ReadSearch(c, collection, options, "", filter);
  first.include_metadata = false;
  const size_t dimensions = collection.options().dimensions;
  const BufferView& queries = c.Buffer(0);
  const size_t count = queries.bytes / sizeof(float) / dimensions;
  if (count * dimensions * sizeof(float) != queries.bytes) {
    throw Error(ErrorCode::kDimensionMismatch,
                "queries has " + std::to_string(queries.bytes / sizeof(float)) +
                    " values, expected rows of " + std::to_string(dimensions) + " (dimensions)");
  }
  if (uint64_t{count} * first.k > kMostRawHits) {
    throw Error(ErrorCode::kMemoryLimit,
                std::to_string(count) + " queries with k " + std::to_string(first.k) +
                    " have room for " + std::to_string(uint64_t{count} * first.k) +
                    " hits, expected at most " + std::to_string(kMostRawHits) + " at once");
  }
  const std::vector<SearchRequest> requests =
      RepeatSearch(collection, first, static_cast<const float*>(queries.data), count);
  std::string ids = BytesOf(std::numeric_limits<double>::quiet_NaN(), count * first.k);
  std::string distances = BytesOf(std::numeric_limits<float>::quiet_NaN(), count * first.k);
  std::string counts;
  const std::vector<std::vector<Hit>> found =
      collection.SearchBatch(requests, collection.options().threads);
  for (size_t i = 0; i < count; ++i) {
    PutU32(counts, static_cast<uint32_t>(found[i].size()));
    for (size_t h = 0; h < found[i].size(); ++h) {
      const Hit& hit = found[i][h];
      const std::optional<double> number = WholeNumberOf(hit.id);
      if (!number) {
        throw Error(ErrorCode::kUnsupported,
                    "the id " + QuoteForMessage(hit.id) +
                        " is not the text of a whole number, the only ids that searchRaw gives");
      }
      const size_t at = i * first.k + h;
      std::memcpy(ids.data() + at * sizeof *number, &*number, sizeof *number);
      std::memcpy(distances.data() + at * sizeof hit.distance, &hit.distance, sizeof hit.distance);
    }
  }
  return {"{}", {std::move(ids), std::move(distances), std::move(counts)}};
}

Reply Explain(const MethodContext& c) {
  const Opened opened = c.opened();
  const Searches searches = ReadSearches(c, *opened.collection);
  if (searches.requests.size() != 1) c.args.Refuse("queries", "one query", c.args.Get("queries"));
  const Explanation e = opened.collection->Explain(searches.requests[0]);
  std::string json = "{\"hits\":" + std::to_string(e.hits) + ",\"segments\":[";
  for (const Explanation::Segment& s : e.segments) {
    if (json.back() != '[') json += ',';
    json += std::string("{\"growing\":") + (s.growing ? "true" : "false") +
            ",\"rows\":" + std::to_string(s.rows) + ",\"matches\":" + std::to_string(s.matches) +
            ",\"strategy\":\"" + std::string(StrategyName(s.strategy)) +
            "\",\"efSearch\":" + std::to_string(s.ef) + ",\"nprobe\":" + std::to_string(s.probed) +
            ",\"codes\":\"" + s.codes + "\",\"distances\":" + std::to_string(s.distances) +
            ",\"reranked\":" + std::to_string(s.reranked) + "}";
  }
  json += "],\"filter\":{\"indexed\":[";
  for (const std::string& field : e.filter.indexed) {
    if (json.back() != '[') json += ',';
    AppendJsonString(json, field);
  }
  json += "],\"textsRead\":" + std::to_string(e.filter.texts_read) +
          "},\"scannedAgain\":" + (e.scanned_again ? "true" : "false") + "}";
  return {json, {}};
}

constexpr Method kMethods[] = {
    {"db.search", Search, true},
    {"db.searchRaw", SearchRaw, true},
    {"db.explain", Explain, true},
};

}  // namespace

std::span<const Method> SearchMethods() { return kMethods; }

}  // namespace ruvector
