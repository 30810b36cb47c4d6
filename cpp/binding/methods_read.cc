#include "binding/methods.h"
#include "binding/payload.h"
#include "core/coding.h"

namespace ruvector {
namespace {

constexpr size_t kScanLimit = 1000;

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

Reply Project(const MethodContext& c) {
  const Opened opened = c.opened();
  const std::optional<Filter> filter = ReadFilter(c.args.Find("filter"));
  ProjectionRequest request;
  request.limit = c.args.Whole("limit", 1, kMaxPoints).value_or(kDefaultPoints);
  request.filter = filter ? &*filter : nullptr;
  request.interrupt = ReadInterrupt(c.session, c.args);
  const ProjectedRows made = opened.collection->Project(request);
  Reply reply{"{\"total\":" + std::to_string(made.total) + "}", std::vector<std::string>(3)};
  AppendFloats(reply.buffers[0], made.x);
  AppendFloats(reply.buffers[0], made.y);
  for (const std::string& id : made.ids) PutU32(reply.buffers[1], static_cast<uint32_t>(id.size()));
  for (const std::string& id : made.ids) reply.buffers[1] += id;
  const PrincipalAxes& axes = made.axes;
  AppendFloats(reply.buffers[2], axes.axes);
  AppendFloats(reply.buffers[2],
               {axes.origin[0], axes.origin[1], axes.explained[0], axes.explained[1]});
  return reply;
}

constexpr Method kMethods[] = {
    {"db.get", Get, true},
    {"db.has", Has, true},
    {"db.count", Count, true},
    {"db.scan", Scan, true},
    {"db.projection", Project, true},
};

}  // namespace

std::span<const Method> ReadMethods() { return kMethods; }

}  // namespace ruvector
