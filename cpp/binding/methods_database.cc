#include "binding/methods.h"
#include "binding/open_options.h"
#include "simd/distance.h"

namespace ruvector {
namespace {

Reply Opened(const MethodContext& c, std::unique_ptr<Database> db, const OpenOptions& options) {
  const CollectionOptions& o = db->collection().options();
  std::string json = "{\"dimensions\":" + std::to_string(o.dimensions) + ",\"distanceMetric\":\"" +
                     MetricName(o.metric) + "\",\"efSearch\":" + std::to_string(o.ef_search) +
                     ",\"readOnly\":" + (db->read_only() ? "true" : "false") + ",\"scoreMode\":\"" +
                     options.score_mode + "\",\"handle\":";
  json += std::to_string(c.session.Add(std::move(db))) + "}";
  return {std::move(json), {}};
}

Reply Validate(const MethodContext& c) {
  ReadOpenOptions(c.json);
  return {"{}", {}};
}

Reply Open(const MethodContext& c) {
  const OpenOptions options = ReadOpenOptions(c.json);
  return Opened(c, Database::Open(options.database), options);
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
  return Opened(c,
                Database::FromBytes(std::string(static_cast<const char*>(bytes.data), bytes.bytes),
                                    options.database),
                options);
}

Reply Close(const MethodContext& c) {
  c.session.Close(static_cast<uint32_t>(c.args.Whole("handle", 1, 0xffffffff).value_or(0)));
  return {"{}", {}};
}

Reply Flush(const MethodContext& c) {
  c.database()->Flush();
  return {"{}", {}};
}

Reply ToBytes(const MethodContext& c) {
  Reply reply{"{}", {}};
  reply.buffers.push_back(c.database()->ToBytes());
  return reply;
}

Reply Stats(const MethodContext& c) {
  const std::shared_ptr<Database> db = c.database();
  const DatabaseStats s = db->Stats();
  const CollectionOptions& o = db->collection().options();
  const auto number = [](const char* key, uint64_t v) {
    return std::string(",\"") + key + "\":" + std::to_string(v);
  };
  return {"{\"count\":" + std::to_string(s.collection.count) + number("dimensions", o.dimensions) +
              ",\"metric\":\"" + MetricName(o.metric) + "\",\"indexType\":\"" +
              (s.collection.linked > 0 ? "hnsw" : "flat") + "\"" +
              number("memoryUsage", s.collection.memory_bytes) + number("diskUsage", s.disk_bytes) +
              number("deleted", s.collection.deleted) + number("segments", s.collection.segments) +
              number("pending", s.collection.pending) + number("walBytes", s.wal_bytes) +
              ",\"recovery\":{\"cutBytes\":" + std::to_string(s.cut_bytes) +
              number("replayedTransactions", s.replayed_transactions) + "}}",
          {}};
}

constexpr Method kMethods[] = {
    {"db.validate", Validate}, {"db.open", Open},   {"db.fromBytes", FromBytes},
    {"db.close", Close},       {"db.flush", Flush}, {"db.toBytes", ToBytes},
    {"db.stats", Stats},
};

}  // namespace

std::span<const Method> DatabaseMethods() { return kMethods; }

}  // namespace ruvector
