#include "storage/manifest.h"

#include <algorithm>
#include <iterator>

#include "core/coding.h"
#include "core/crc32c.h"
#include "core/error.h"
#include "core/json.h"
#include "storage/file_header.h"

namespace ruvector {
namespace {

constexpr std::string_view kMagic = "RUVMAN\r\n";
constexpr uint64_t kMaxManifestBytes = uint64_t{256} << 20;

void AppendKey(std::string& out, const char* key) {
  if (out.back() != '{') out += ',';
  AppendJsonString(out, key);
  out += ':';
}
void AppendText(std::string& out, const char* key, std::string_view value) {
  AppendKey(out, key);
  AppendJsonString(out, value);
}
void AppendNumber(std::string& out, const char* key, uint64_t value) {
  AppendKey(out, key);
  out += std::to_string(value);
}
std::string Hex(uint64_t v) {
  const std::string padded = Hex16(v);
  return padded.substr(std::min(padded.find_first_not_of('0'), padded.size() - 1));
}
void AppendFile(std::string& out, const FileRef& file) {
  out += '{';
  AppendText(out, "name", file.name);
  AppendNumber(out, "bytes", file.bytes);
  out += '}';
}

void AppendSegment(std::string& out, const SegmentEntry& s) {
  out += '{';
  AppendText(out, "id", Hex(s.id));
  AppendNumber(out, "rows", s.rows);
  AppendText(out, "codec", "none");
  AppendKey(out, "growing");
  out += s.growing ? "true" : "false";
  AppendKey(out, "parts");
  out += '[';
  for (size_t i = 0; i < s.parts.size(); ++i) {
    if (i > 0) out += ',';
    AppendFile(out, s.parts[i]);
  }
  out += ']';
  AppendNumber(out, "deleted", s.deleted);
  if (s.tombstones) {
    AppendKey(out, "tombstones");
    AppendFile(out, *s.tombstones);
  }
  out += '}';
}

void AppendCollection(std::string& out, const CollectionEntry& c) {
  out += '{';
  AppendNumber(out, "id", c.id);
  AppendText(out, "name", c.name);
  AppendNumber(out, "dimensions", c.dimensions);
  AppendText(out, "metric", MetricName(c.metric));
  AppendText(out, "index", c.index);
  AppendText(out, "quantization", c.quantization);
  if (c.rerank) AppendNumber(out, "rerank", *c.rerank);
  AppendKey(out, "hnsw");
  out += '{';
  AppendNumber(out, "m", c.m);
  AppendNumber(out, "efConstruction", c.ef_construction);
  out += '}';
  if (c.nlist > 0) out += ",\"ivf\":{\"nlist\":" + std::to_string(c.nlist) + "}";
  AppendText(out, "seed", Hex(c.seed));
  AppendText(out, "nextRow", Hex(c.next_row));
  AppendKey(out, "segments");
  out += '[';
  for (size_t i = 0; i < c.segments.size(); ++i) {
    if (i > 0) out += ',';
    AppendSegment(out, c.segments[i]);
  }
  out += "]}";
}

std::string EncodeBody(const Manifest& m) {
  std::string out = "{";
  AppendText(out, "generation", Hex(m.generation));
  AppendKey(out, "parents");
  out += "[]";
  AppendText(out, "sequence", Hex(m.sequence));
  AppendText(out, "wal", Hex(m.wal));
  AppendText(out, "nextSegment", Hex(m.next_segment));
  AppendNumber(out, "nextCollection", m.next_collection);
  AppendKey(out, "collections");
  out += '[';
  for (size_t i = 0; i < m.collections.size(); ++i) {
    if (i > 0) out += ',';
    AppendCollection(out, m.collections[i]);
  }
  out += "]}";
  return out;
}

// Reads a manifest's body; every miss is damage or a hostile hand.
class BodyReader {
 public:
  explicit BodyReader(std::string what) : what_(std::move(what)) {}

  const Json& Get(const Json& object, const char* key, bool (Json::*is)() const) const {
    const auto at = object.IsObject() ? object.FindMember(key) : Json::ConstMemberIterator();
    if (!object.IsObject() || at == object.MemberEnd() || !(at->value.*is)()) {
      throw Error(ErrorCode::kCorrupt, what_ + ": has no valid \"" + key + "\"");
    }
    return at->value;
  }
  std::string Text(const Json& o, const char* key) const {
    const Json& v = Get(o, key, &Json::IsString);
    return {v.GetString(), v.GetStringLength()};
  }
  uint64_t Number(const Json& o, const char* key, uint64_t limit) const {
    const uint64_t v = Get(o, key, &Json::IsUint64).GetUint64();
    if (v > limit) throw Error(ErrorCode::kCorrupt, what_ + ": \"" + key + "\" is out of range");
    return v;
  }
  uint64_t HexNumber(const Json& o, const char* key) const {
    uint64_t v = 0;
    if (!ParseHex(Text(o, key), &v)) {
      throw Error(ErrorCode::kCorrupt, what_ + ": \"" + key + "\" is no hexadecimal number");
    }
    return v;
  }
  uint64_t Counter(const Json& o, const char* key) const {
    const uint64_t v = HexNumber(o, key);
    if (v > kMaxCounter)
      throw Error(ErrorCode::kCorrupt, what_ + ": \"" + key + "\" is out of range");
    return v;
  }
  FileRef File(const Json& o) const {
    FileRef file{Text(o, "name"), Number(o, "bytes", uint64_t{1} << 48)};
    const OwnFile kind = ParseOwnFileName(file.name).kind;
    // A name from a hostile manifest must not lead out of the folder.
    if (kind != OwnFile::kSegment && kind != OwnFile::kTombstone) {
      throw Error(ErrorCode::kCorrupt, what_ + ": names a file that is no segment");
    }
    return file;
  }
  SegmentEntry Segment(const Json& o) const {
    SegmentEntry s;
    s.id = Counter(o, "id");
    s.rows = Number(o, "rows", kNoSlot - 1);
    if (const std::string codec = Text(o, "codec"); codec != "none") {
      throw Error(ErrorCode::kUnsupported, what_ + ": has a segment with codec \"" + codec +
                                               "\", this program reads \"none\"");
    }
    s.growing = Get(o, "growing", &Json::IsBool).GetBool();
    for (const Json& part : Get(o, "parts", &Json::IsArray).GetArray())
      s.parts.push_back(File(part));
    s.deleted = Number(o, "deleted", s.rows);
    if (o.HasMember("tombstones")) s.tombstones = File(Get(o, "tombstones", &Json::IsObject));
    return s;
  }
  CollectionEntry Collection(const Json& o) const {
    CollectionEntry c;
    c.id = static_cast<uint32_t>(Number(o, "id", kMaxCollectionId));
    c.name = Text(o, "name");
    c.dimensions = static_cast<size_t>(Number(o, "dimensions", kMaxDimensions));
    const std::optional<Metric> metric = ParseMetric(Text(o, "metric"));
    c.index = Text(o, "index");
    const Json& hnsw = Get(o, "hnsw", &Json::IsObject);
    c.m = static_cast<size_t>(Number(hnsw, "m", 512));
    c.ef_construction = static_cast<size_t>(Number(hnsw, "efConstruction", kMaxEf));
    c.seed = HexNumber(o, "seed");
    c.next_row = Counter(o, "nextRow");
    if (!metric || c.name.empty() || c.name.size() > kMaxCollectionNameBytes || c.dimensions == 0 ||
        c.m < 2 || c.ef_construction == 0 ||
        (c.index != "auto" && c.index != "flat" && c.index != "hnsw" && c.index != "ivf")) {
      throw Error(ErrorCode::kCorrupt,
                  what_ + ": collection \"" + c.name + "\" has invalid options");
    }
    c.metric = *metric;
    if (o.HasMember("quantization")) c.quantization = Text(o, "quantization");
    if (o.HasMember("ivf"))
      c.nlist = static_cast<size_t>(Number(Get(o, "ivf", &Json::IsObject), "nlist", kMaxLists));
    if (o.HasMember("rerank")) c.rerank = static_cast<size_t>(Number(o, "rerank", kMaxEf));
    for (const Json& s : Get(o, "segments", &Json::IsArray).GetArray())
      c.segments.push_back(Segment(s));
    return c;
  }

 private:
  std::string what_;
};

struct Prefix {
  std::string_view text;
  OwnFile kind;
  bool has_crc;
};
constexpr Prefix kPrefixes[] = {
    {"manifest-", OwnFile::kManifest, false},
    {"wal-", OwnFile::kWal, false},
    {"seg-", OwnFile::kSegment, true},
    {"del-", OwnFile::kTombstone, true},
};

bool IsHex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

const char* MetricName(Metric metric) {
  switch (metric) {
    case Metric::kCosine:
      return "cosine";
    case Metric::kEuclidean:
      return "euclidean";
    case Metric::kDot:
      return "dot";
    case Metric::kManhattan:
      return "manhattan";
  }
  return "";
}

std::optional<Metric> ParseMetric(std::string_view name) {
  for (const Metric m : {Metric::kCosine, Metric::kEuclidean, Metric::kDot, Metric::kManhattan}) {
    if (name == MetricName(m)) return m;
  }
  return std::nullopt;
}

std::string ManifestName(uint64_t generation) { return "manifest-" + Hex16(generation); }

OwnFileName ParseOwnFileName(std::string_view name) {
  OwnFileName own;
  for (const Prefix& p : kPrefixes) {
    if (name.substr(0, p.text.size()) != p.text) continue;
    std::string_view rest = name.substr(p.text.size());
    if (rest.size() < 16 || !IsHex(rest.substr(0, 16))) return own;
    ParseHex(rest.substr(0, 16), &own.number);
    rest.remove_prefix(16);
    if (rest == ".tmp") {
      own.kind = OwnFile::kTemporary;
    } else if (!p.has_crc ? rest.empty()
                          : rest.size() == 9 && rest[0] == '-' && IsHex(rest.substr(1))) {
      own.kind = p.kind;
    } else if (p.has_crc && rest.size() == 13 && rest[0] == '-' && IsHex(rest.substr(1, 8)) &&
               rest.substr(9) == ".tmp") {
      own.kind = OwnFile::kTemporary;
    }
    return own;
  }
  return own;
}

std::string EncodeCollection(const CollectionEntry& collection) {
  std::string out;
  AppendCollection(out, collection);
  return out;
}

CollectionEntry DecodeCollection(std::string_view json, const std::string& what) {
  JsonDocument document;
  try {
    document = ParseJson(json, "collection");
  } catch (const Error& e) {
    throw Error(ErrorCode::kCorrupt, what + ": " + e.what());
  }
  return BodyReader(what).Collection(document);
}

void WriteManifest(Directory& directory, const Manifest& manifest, bool* in_doubt) {
  *in_doubt = false;
  const std::string body = EncodeBody(manifest);
  FileHeader header;
  header.database = manifest.database;
  header.word48 = body.size();
  header.word56 = Crc32c(body.data(), body.size());
  std::string bytes;
  AppendFileHeader(bytes, kMagic, header);
  bytes += body;
  directory.Sync();  // what it names must be durable first
  const std::string name = ManifestName(manifest.generation);
  try {
    WriteFileAtomically(directory, name, bytes.data(), bytes.size());
  } catch (...) {
    *in_doubt = directory.Exists(name);
    throw;
  }
  *in_doubt = true;
  directory.Sync();
  *in_doubt = false;
}

std::optional<uint64_t> NewestGeneration(const Directory& directory) {
  std::optional<uint64_t> newest;
  for (const std::string& name : directory.List()) {
    const OwnFileName own = ParseOwnFileName(name);
    if (own.kind == OwnFile::kManifest) newest = std::max(newest.value_or(0), own.number);
  }
  return newest;
}

std::optional<Manifest> ReadNewestManifest(Directory& directory) {
  const std::optional<uint64_t> newest = NewestGeneration(directory);
  if (!newest) return std::nullopt;
  const std::string name = ManifestName(*newest);
  const std::string what = directory.path() + "/" + name;
  const std::string bytes = ReadWholeFile(directory, name, kFileHeaderBytes + kMaxManifestBytes);
  const FileHeader header = ReadFileHeader(bytes, kMagic, what);
  const std::string_view body = std::string_view(bytes).substr(kFileHeaderBytes);
  if (header.word48 != body.size() || header.word56 != Crc32c(body.data(), body.size())) {
    throw Error(ErrorCode::kCorrupt, what + ": is damaged (length or checksum differs)");
  }
  const BodyReader reader(what);
  JsonDocument document;
  try {
    document = ParseJson(body, "manifest");
  } catch (const Error& e) {
    throw Error(ErrorCode::kCorrupt, what + ": " + e.what());
  }
  Manifest m;
  m.database = header.database;
  m.generation = reader.Counter(document, "generation");
  m.sequence = reader.Counter(document, "sequence");
  m.wal = reader.Counter(document, "wal");
  m.next_segment = reader.Counter(document, "nextSegment");
  if (m.generation != *newest)
    throw Error(ErrorCode::kCorrupt, what + ": is of another generation");
  m.next_collection = static_cast<uint32_t>(reader.Number(document, "nextCollection", 0xffffffff));
  for (const Json& c : reader.Get(document, "collections", &Json::IsArray).GetArray()) {
    m.collections.push_back(reader.Collection(c));
    if (m.collections.back().id >= m.next_collection)
      throw Error(ErrorCode::kCorrupt, what + ": \"nextCollection\" is the id of a collection");
    for (const SegmentEntry& s : m.collections.back().segments) {
      if (s.id >= m.next_segment)
        throw Error(ErrorCode::kCorrupt, what + ": \"nextSegment\" is the id of a segment");
    }
    for (size_t i = 0; i + 1 < m.collections.size(); ++i) {
      if (m.collections[i].id == m.collections.back().id ||
          m.collections[i].name == m.collections.back().name)
        throw Error(ErrorCode::kCorrupt, what + ": two collections have one name or id");
    }
  }
  return m;
}

std::vector<std::string> FilesOf(const Manifest& manifest) {
  std::vector<std::string> names{ManifestName(manifest.generation)};
  for (const CollectionEntry& c : manifest.collections) {
    for (const SegmentEntry& s : c.segments) {
      for (const FileRef& part : s.parts) names.push_back(part.name);
      if (s.tombstones) names.push_back(s.tombstones->name);
    }
  }
  return names;
}

}  // namespace ruvector
