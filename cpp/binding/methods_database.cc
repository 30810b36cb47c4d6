#include "binding/methods.h"
#include "binding/open_options.h"
#include "collection/salvage.h"
#include "simd/distance.h"

namespace ruvector {
namespace {

Reply OpenedReply(const MethodContext& c, std::unique_ptr<Database> db,
                  const OpenOptions& options) {
  const std::shared_ptr<Database> shared = std::move(db);
  const std::shared_ptr<Collection> collection =
      shared->OpenCollection(std::string(kDefaultCollectionName), {});
  Reply reply = DescribeOpened(c.session, {shared, collection});
  reply.json.back() = ',';
  reply.json += "\"readOnly\":";
  reply.json += shared->read_only() ? "true" : "false";
  reply.json += ",\"scoreMode\":\"" + options.score_mode + "\"}";
  return reply;
}

Reply Validate(const MethodContext& c) {
  ReadOpenOptions(c.json);
  return {"{}", {}};
}

Reply Open(const MethodContext& c) {
  const OpenOptions options = ReadOpenOptions(c.json);
  return OpenedReply(c, Database::Open(options.database), options);
}

Reply FromBytes(const MethodContext& c) {
  // Everything is in the bytes, so no option is needed; those given are checked against them.
  JsonDocument json;
  json.CopyFrom(c.json, json.GetAllocator());
  if (!json.HasMember("storagePath")) json.AddMember("storagePath", "bytes", json.GetAllocator());
  const OpenOptions options = ReadOpenOptions(json);
  if (options.database.path != "bytes")
    c.args.Refuse("storagePath", "none: fromBytes opens a copy in memory",
                  c.args.Get("storagePath"));
  const BufferView& bytes = c.Buffer(0);
  return OpenedReply(
      c,
      Database::FromBytes(std::string(static_cast<const char*>(bytes.data), bytes.bytes),
                          options.database),
      options);
}

Reply Close(const MethodContext& c) {
  c.session.Close(static_cast<uint32_t>(c.args.Whole("handle", 1, 0xffffffff).value_or(0)));
  return {"{}", {}};
}

Reply Flush(const MethodContext& c) {
  c.opened().database->Flush();
  return {"{}", {}};
}

Reply Sync(const MethodContext& c) {
  c.opened().database->Sync();
  return {"{}", {}};
}

Reply Refresh(const MethodContext& c) { return ValueReply(c.opened().database->Refresh()); }

Reply ToBytes(const MethodContext& c) {
  Reply reply{"{}", {}};
  reply.buffers.push_back(c.opened().database->ToBytes());
  return reply;
}

std::string ReadPath(const MethodContext& c, std::string_view key) {
  const std::string path = c.args.Text(key).value_or("");
  if (path.empty() || path.find('\0') != std::string::npos)
    c.args.Refuse(key, "the path of a folder", c.args.Get(key));
  return path;
}

Reply SalvageFolder(const MethodContext& c) {
  const SalvageReport report = Salvage(ReadPath(c, "from"), ReadPath(c, "to"));
  return {"{\"rows\":" + std::to_string(report.rows) + ",\"lost\":" + std::to_string(report.lost) +
              ",\"damage\":" + DamageJson(report.damage) + "}",
          {}};
}

// Without its braces.
std::string QuantizationJson(const Quantization& quantization) {
  std::string json = "\"type\":\"" + std::string(TypeName(quantization.type)) + "\"";
  if (quantization.bits > 0) json += ",\"bits\":" + std::to_string(quantization.bits);
  if (quantization.subspaces > 0) {
    json += ",\"subspaces\":" + std::to_string(quantization.subspaces) +
            ",\"k\":" + std::to_string(quantization.centroids);
  }
  return json;
}

std::string CodedJson(const CollectionStats& rows) {
  std::string json = "[";
  for (const auto& [quantization, n] : rows.coded) {
    if (json.back() != '[') json += ',';
    json += "{" + QuantizationJson(quantization) + ",\"rows\":" + std::to_string(n) + "}";
  }
  return json + "]";
}

// What serves searches.
const char* IndexOf(const CollectionStats& rows) {
  return rows.lists > 0 ? "ivf" : rows.linked > 0 ? "hnsw" : "flat";
}

Reply Stats(const MethodContext& c) {
  const Opened opened = c.opened();
  const CollectionStats rows = opened.collection->Stats();
  const DatabaseStats s = opened.database->Stats();
  const CollectionOptions& o = opened.collection->options();
  const auto number = [](const char* key, uint64_t v) {
    return std::string(",\"") + key + "\":" + std::to_string(v);
  };
  std::string json =
      "{\"count\":" + std::to_string(rows.count) + number("dimensions", o.dimensions) +
      ",\"metric\":\"" + MetricName(o.metric) + "\",\"indexType\":\"" + IndexOf(rows) + "\"" +
      number("nlist", rows.lists) + ",\"quantization\":{" +
      QuantizationJson(Resolve(o.quantization, o.metric, o.dimensions)) +
      (o.rerank ? number("rerank", *o.rerank) : "") + ",\"coded\":" + CodedJson(rows) + "}" +
      ",\"vectorsInMemory\":" + (o.vectors_in_memory ? "true" : "false") +
      number("memoryUsage", rows.memory_bytes) + number("diskUsage", s.disk_bytes) +
      number("deleted", rows.deleted) + number("segments", rows.segments) +
      number("pending", rows.pending) + number("walBytes", s.wal_bytes) +
      ",\"recovery\":{\"cutBytes\":" + std::to_string(s.cut_bytes) +
      number("replayedTransactions", s.replayed_transactions) + "}";
  json += ",\"recall\":[";
  for (const auto& table : rows.recall) {
    if (json.back() != '[') json += ',';
    json += table->ToJson();
  }
  json += ']';
  if (!s.maintenance_error.empty()) {
    json += ",\"maintenanceError\":";
    AppendJsonString(json, s.maintenance_error);
  }
  return {json + "}", {}};
}

constexpr Method kMethods[] = {
    {"db.validate", Validate},     {"db.open", Open},   {"db.fromBytes", FromBytes},
    {"db.close", Close},           {"db.flush", Flush}, {"db.toBytes", ToBytes},
    {"db.stats", Stats},           {"db.sync", Sync},   {"db.refresh", Refresh},
    {"db.salvage", SalvageFolder},
};

}  // namespace

std::string DamageJson(const std::vector<Damage>& damage) {
  std::string json = "[";
  for (const Damage& d : damage) {
    if (json.back() != '[') json += ',';
    json += "{\"file\":";
    AppendJsonString(json, d.file);
    json += ",\"detail\":";
    AppendJsonString(json, d.detail);
    json += '}';
  }
  return json + "]";
}

std::span<const Method> DatabaseMethods() { return kMethods; }

Reply DescribeOpened(Session& session, const Opened& opened) {
  const CollectionOptions& o = opened.collection->options();
  return {"{\"handle\":" + std::to_string(session.Add(opened)) + ",\"dimensions\":" +
              std::to_string(o.dimensions) + ",\"distanceMetric\":\"" + MetricName(o.metric) +
              "\",\"efSearch\":" + std::to_string(opened.collection->ef_search()) + "}",
          {}};
}

}  // namespace ruvector
