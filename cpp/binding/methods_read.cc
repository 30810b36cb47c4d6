#include <chrono>
#include <cmath>

#include "binding/methods.h"
#include "binding/vectors.h"
#include "collection/checks.h"
#include "collection/search_plan.h"
#include "core/coding.h"

namespace ruvector {
namespace {

constexpr size_t kScanLimit = 1000;

std::optional<Filter> ReadFilter(const Json* filter) {
  if (filter == nullptr || filter->IsNull()) return std::nullopt;
  return Filter::Parse(*filter);
}

void AppendMetadata(std::string& json, const std::string& metadata) {
  json += metadata.empty() ? "null" : metadata;
}

void AppendFloats(std::string& bytes, const std::vector<float>& values) {
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

void AppendRows(std::string& json, std::string& vectors, const std::vector<Row>& rows) {
  json += "\"ids\":[";
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) json += ',';
    AppendJsonString(json, rows[i].id);
    AppendFloats(vectors, rows[i].vector);
  }
  json += "],\"metadata\":[";
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) json += ',';
    AppendMetadata(json, rows[i].metadata);
  }
  json += ']';
}

SearchRequest ReadSearch(const Arguments& q, const std::optional<Filter>& filter) {
  static constexpr std::string_view kKnown[] = {
      "k",    "filter", "efSearch", "exact",     "threshold", "includeVectors", "includeMetadata",
      "like", "mmr",    "recall",   "timeoutMs", "token",     "nprobe"};
  q.RequireKnown(kKnown);
  if (q.Has("mmr")) {
    throw Error(ErrorCode::kUnsupported, "search option mmr is not supported by this version");
  }
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
  if (const Json* ms = q.Find("timeoutMs")) {
    const double wait = ms->IsNumber() ? ms->GetDouble() : -1;
    if (!(wait > 0 && wait <= 1e9)) q.Refuse("timeoutMs", "a number above 0", *ms);
    r.interrupt.deadline = std::chrono::steady_clock::now() +
                           std::chrono::microseconds(static_cast<int64_t>(wait * 1000));
  }
  return r;
}

/// What requests point at.
struct Searches {
  std::vector<std::optional<Filter>> filters;
  std::vector<std::vector<float>> likes;
  std::vector<SearchRequest> requests;
};

/// All of them are checked before the first is run.
Searches ReadSearches(const MethodContext& c, const Collection& collection) {
  const size_t dimensions = collection.options().dimensions;
  const Json& queries = c.args.Get("queries");
  if (!queries.IsArray()) c.args.Refuse("queries", "an array", queries);
  const float* vectors = ReadMatrix(c.Buffer(0), queries.Size(), dimensions);
  const bool several = queries.Size() > 1;

  Searches read{std::vector<std::optional<Filter>>(queries.Size()),
                std::vector<std::vector<float>>(queries.Size()),
                {}};
  for (unsigned i = 0; i < queries.Size(); ++i) {
    const std::string where = several ? "query " + std::to_string(i) + ": " : "";
    const Arguments q(queries[i], where);
    read.filters[i] = ReadFilter(q.Find("filter"));
    read.requests.push_back(ReadSearch(q, read.filters[i]));
    SearchRequest& request = read.requests.back();
    RequireFitting(request, collection, where);
    request.vector = vectors + i * dimensions;
    if (const Json* like = q.Find("like")) {
      if (!like->IsString()) q.Refuse("like", "an id", *like);
      read.likes[i] = RequireVectorLike(collection, JsonText(*like), where);
      request.vector = read.likes[i].data();
      request.exclude = JsonText(*like);
    } else {
      RequireValidVector(collection.space(), request.vector, where);
    }
    if (const auto token = q.Whole("token", 0, 0xffffffff))
      request.interrupt.cancelled = c.session.CancelFlag(static_cast<uint32_t>(*token));
  }
  return read;
}

Reply Search(const MethodContext& c) {
  const Opened opened = c.opened();
  const Collection& collection = *opened.collection;
  const Searches searches = ReadSearches(c, collection);
  const std::vector<SearchRequest>& requests = searches.requests;
  Reply reply{"{\"hits\":[", std::vector<std::string>(2)};
  std::vector<float> distances;
  const std::vector<std::vector<Hit>> found =
      collection.SearchBatch(requests, collection.options().threads);
  for (size_t i = 0; i < requests.size(); ++i) {
    const std::vector<Hit>& hits = found[i];
    reply.json += i > 0 ? ",{\"ids\":[" : "{\"ids\":[";
    for (size_t h = 0; h < hits.size(); ++h) {
      if (h > 0) reply.json += ',';
      AppendJsonString(reply.json, hits[h].id);
      distances.push_back(hits[h].distance);
      AppendFloats(reply.buffers[1], hits[h].vector);
    }
    reply.json += ']';
    if (requests[i].include_metadata) {
      reply.json += ",\"metadata\":[";
      for (size_t h = 0; h < hits.size(); ++h) {
        if (h > 0) reply.json += ',';
        AppendMetadata(reply.json, hits[h].metadata);
      }
      reply.json += ']';
    }
    reply.json += '}';
  }
  reply.json += "]}";
  AppendFloats(reply.buffers[0], distances);
  return reply;
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

std::string ReadId(const MethodContext& c) {
  const Json& id = c.args.Get("id");
  if (!id.IsString()) c.args.Refuse("id", "a string", id);
  return std::string(JsonText(id));
}

Reply Get(const MethodContext& c) {
  const Opened opened = c.opened();
  const Json& ids = c.args.Get("ids");
  if (!ids.IsArray()) c.args.Refuse("ids", "an array of strings", ids);
  std::vector<std::string_view> texts;
  for (unsigned i = 0; i < ids.Size(); ++i) {
    if (!ids[i].IsString()) c.args.Refuse("ids[" + std::to_string(i) + "]", "a string", ids[i]);
    texts.push_back(JsonText(ids[i]));
  }
  Reply reply{"{\"found\":[", std::vector<std::string>(1)};
  std::string metadata;
  const std::vector<std::optional<Row>> rows = opened.collection->GetMany(texts);
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::optional<Row>& row = rows[i];
    reply.json += i > 0 ? "," : "";
    reply.json += row ? "true" : "false";
    metadata += i > 0 ? "," : "";
    AppendMetadata(metadata, row ? row->metadata : std::string());
    if (row) AppendFloats(reply.buffers[0], row->vector);
  }
  reply.json += "],\"metadata\":[" + metadata + "]}";
  return reply;
}

Reply Has(const MethodContext& c) { return ValueReply(c.opened().collection->Has(ReadId(c))); }

Reply Count(const MethodContext& c) {
  const Opened opened = c.opened();
  const std::optional<Filter> filter = ReadFilter(c.args.Find("filter"));
  return ValueReply(opened.collection->Count(filter ? &*filter : nullptr));
}

Reply Scan(const MethodContext& c) {
  const Opened opened = c.opened();
  const std::optional<Filter> filter = ReadFilter(c.args.Find("filter"));
  uint64_t cursor = 0;
  if (const Json* text = c.args.Find("cursor"); text != nullptr && !text->IsNull()) {
    if (!text->IsString() || !ParseHex(JsonText(*text), &cursor))
      c.args.Refuse("cursor", "a cursor that a page gave", *text);
  }
  const size_t limit = c.args.Whole("limit", 1, kMaxK).value_or(kScanLimit);
  const ScanPage page = opened.collection->Scan(cursor, limit, filter ? &*filter : nullptr,
                                                c.args.Flag("includeVectors").value_or(true));
  Reply reply{"{", std::vector<std::string>(1)};
  AppendRows(reply.json, reply.buffers[0], page.rows);
  reply.json +=
      ",\"cursor\":" + (page.cursor ? "\"" + Hex16(*page.cursor) + "\"" : std::string("null")) +
      "}";
  return reply;
}

constexpr Method kMethods[] = {
    {"db.search", Search}, {"db.explain", Explain}, {"db.get", Get},
    {"db.has", Has},       {"db.count", Count},     {"db.scan", Scan},
};

}  // namespace

std::span<const Method> ReadMethods() { return kMethods; }

}  // namespace ruvector
