// Collections as JSON text: {"format": "ruvector-export", "version": 1, "options": {…}, "entries":
// [{"id", "vector", "metadata"}, …]}, the format of the TypeScript API.
#include <cmath>
#include <limits>

#include "api/input.h"
#include "api/json_pieces.h"
#include "api/long_call.h"

namespace ruvector {
inline namespace v1 {

using internal::CollectionCall;
using internal::JsonPieces;

namespace {

constexpr size_t kRowsAtOnce = 1000;

[[noreturn]] void Refuse(const std::string& what, ErrorCode code = ErrorCode::kInvalidOption) {
  throw Error(code, what);
}

std::string Show(const Json& value) {
  if (value.IsString()) return QuoteForMessage(JsonText(value));
  return value.IsObject() || value.IsArray() ? JsonTypeName(value) : WriteJson(value);
}

void AppendEntry(std::string& json, const Row& row) {
  json += "{\"id\":";
  AppendJsonString(json, row.id);
  json += ",\"vector\":[";
  for (const float value : row.vector) {
    if (json.back() != '[') json += ',';
    AppendJsonNumber(json, value);
  }
  json += ']';
  if (!row.metadata.empty()) json += ",\"metadata\":" + row.metadata;
  json += '}';
}

void ReadVector(const Json& values, std::vector<float>& out, const std::string& where) {
  if (!values.IsArray()) {
    Refuse(where + "vector is " + Show(values) + ", expected an array of numbers",
           ErrorCode::kInvalidVector);
  }
  out.clear();
  for (const Json& value : values.GetArray()) {
    const double number = value.IsNumber() ? value.GetDouble() : NAN;
    if (!(std::fabs(number) <= std::numeric_limits<float>::max())) {
      Refuse(where + "vector has " + Show(value) + " at index " + std::to_string(out.size()) +
                 ", expected a number that a 32-bit float can hold",
             ErrorCode::kInvalidVector);
    }
    out.push_back(static_cast<float>(number));
  }
}

std::string ReadId(const Json& id, const std::string& where) {
  if (id.IsNull()) return {};
  if (id.IsInt64() || id.IsUint64()) return WriteJson(id);
  if (!id.IsString()) Refuse(where + "id is " + Show(id) + ", expected a string");
  RequireId(JsonText(id), where);
  return std::string(JsonText(id));
}

Entry ReadEntry(JsonPieces& pieces, const std::string& where) {
  Entry entry;
  pieces.ForEachMember([&](const std::string& key) {
    const std::string_view text = pieces.Value();
    const std::string what = where + key;
    if (key == "id") {
      entry.id = ReadId(ParseJson(text, what.c_str()), where);
    } else if (key == "vector") {
      ReadVector(ParseJson(text, what.c_str()), entry.vector, where);
    } else if (key == "metadata") {
      entry.metadata = text;
    } else {
      Refuse(where + "unknown key " + QuoteForMessage(key) + ", expected id, vector, metadata");
    }
  });
  return entry;
}

// What comes before the entries, or after them.
class ExportHead {
 public:
  explicit ExportHead(const core::Collection& collection) : space_(collection.space()) {}

  void Read(const std::string& key, const Json& value) {
    if (key == "format") {
      format_ = value.IsString() && JsonText(value) == "ruvector-export";
      if (!format_) Refuse("format is " + Show(value) + ", expected \"ruvector-export\"");
    } else if (key == "version") {
      version_ = value.IsInt() && value.GetInt() == 1;
      if (!version_) {
        Refuse("version is " + Show(value) + ", expected 1: a newer export needs a newer ruvector");
      }
    } else if (key == "options") {
      ReadShape(value);
    }
  }
  void RequireComplete(bool entries) const {
    const char* missing = !format_ ? "format" : !version_ ? "version" : !entries ? "entries" : "";
    if (*missing != 0) Refuse(std::string(missing) + " is missing in the export");
  }

 private:
  void ReadShape(const Json& options) const {
    const Json* dimensions = FindMember(options, "dimensions");
    if (dimensions != nullptr &&
        !(dimensions->IsUint64() && dimensions->GetUint64() == space_.dimensions())) {
      Refuse("the export has " + Show(*dimensions) + " dimensions, expected " +
                 std::to_string(space_.dimensions()),
             ErrorCode::kDimensionMismatch);
    }
    const Json* metric = FindMember(options, "distanceMetric");
    const std::string_view own = MetricName(space_.metric());
    if (metric != nullptr && !(metric->IsString() && JsonText(*metric) == own)) {
      Refuse("the export is of metric " + Show(*metric) + ", expected \"" + std::string(own) +
             "\"");
    }
  }

  const MetricSpace& space_;
  bool format_ = false, version_ = false;
};

// Collects entries and commits them all.
class Import {
 public:
  Import(const CollectionCall& call, const LongCall& limits)
      : limits_(limits),
        interrupt_(internal::ReadInterrupt(limits.cancelled, limits.timeout)),
        collection_(call.collection),
        batch_(call.database(), call.shared) {}

  std::string where() const { return "entry " + std::to_string(rows_) + ": "; }
  void Add(const Entry& entry) {
    if (!puts_) puts_.emplace(collection_, kRowsAtOnce);
    puts_->Add(entry.id, entry.vector, entry.metadata, where());
    vectors_.insert(vectors_.end(), entry.vector.begin(), entry.vector.end());
    ++rows_;
    if (puts_->size() == kRowsAtOnce) Stage();
  }
  size_t Commit() {
    if (puts_) Stage();
    internal::Run(batch_, limits_, interrupt_);
    return rows_;
  }

 private:
  void Stage() {
    interrupt_.Check();
    batch_.Add(std::move(puts_->ids), std::move(puts_->metadata), std::move(vectors_));
    puts_.reset();
    vectors_.clear();
  }

  const LongCall& limits_;
  const Interrupt interrupt_;
  core::Collection& collection_;
  BatchInsert batch_;
  std::optional<internal::Puts> puts_;
  std::vector<float> vectors_;
  size_t rows_ = 0;
};

}  // namespace

void Collection::ExportAll(const std::function<void(std::string_view)>& write,
                           const LongCall& limits) const {
  const CollectionCall call(handle());
  const Interrupt interrupt = internal::ReadInterrupt(limits.cancelled, limits.timeout);
  const MetricSpace& space = call.collection.space();
  std::string json = "{\"format\":\"ruvector-export\",\"version\":1,\"options\":{\"dimensions\":" +
                     std::to_string(space.dimensions()) + ",\"distanceMetric\":\"" +
                     MetricName(space.metric()) + "\"},\"entries\":[";
  const size_t total = call.collection.Count(nullptr);
  size_t done = 0;
  for (std::optional<uint64_t> cursor = 0; cursor;) {
    interrupt.Check();
    const ScanPage page = call.collection.Scan(*cursor, kRowsAtOnce, nullptr, true);
    for (const Row& row : page.rows) {
      if (done++ > 0) json += ',';
      AppendEntry(json, row);
    }
    write(json);
    json.clear();
    if (limits.on_progress) limits.on_progress(std::min(done, total), total);
    cursor = page.cursor;
  }
  write("]}");
}

size_t Collection::ImportAll(std::string_view json, const LongCall& limits) {
  const CollectionCall call(handle());
  Import import(call, limits);
  ExportHead head(call.collection);
  bool entries = false;
  JsonPieces pieces(json, "export");
  pieces.ForEachMember([&](const std::string& key) {
    if (key != "entries") return head.Read(key, ParseJson(pieces.Value(), key.c_str()));
    entries = true;
    pieces.ForEachElement([&] { import.Add(ReadEntry(pieces, import.where())); });
  });
  pieces.RequireEnd();
  head.RequireComplete(entries);
  return import.Commit();
}

size_t Collection::ImportAll(const std::function<bool(Entry&)>& next, const LongCall& limits) {
  const CollectionCall call(handle());
  Import import(call, limits);
  for (Entry entry; next(entry); entry = {}) import.Add(entry);
  return import.Commit();
}

}  // namespace v1
}  // namespace ruvector
