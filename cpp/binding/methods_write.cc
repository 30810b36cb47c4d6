#include <set>

#include "binding/methods.h"
#include "binding/vectors.h"

namespace ruvector {
namespace {

std::string_view RequireId(const Json& id, const std::string& where) {
  if (!id.IsString())
    throw Error(ErrorCode::kInvalidOption,
                where + "id is " + ShowValue(id) + ", expected a string");
  const std::string_view text = JsonText(id);
  if (text.empty())
    throw Error(ErrorCode::kInvalidOption, where + "id is empty, expected at least one character");
  if (text.size() > kMaxIdBytes) {
    throw Error(ErrorCode::kInvalidOption, where + "id has " + std::to_string(text.size()) +
                                               " bytes, expected at most " +
                                               std::to_string(kMaxIdBytes));
  }
  return text;
}

// The JSON text that is stored; null stands for none.
std::string RequireMetadata(const Json& metadata, const std::string& where) {
  if (metadata.IsNull()) return {};
  if (!metadata.IsObject()) {
    throw Error(ErrorCode::kInvalidOption,
                where + "metadata is " + ShowValue(metadata) + ", expected an object");
  }
  std::string text = WriteJson(metadata);
  if (text.size() > kMaxMetadataBytes) {
    throw Error(ErrorCode::kInvalidOption, where + "metadata has " + std::to_string(text.size()) +
                                               " bytes as JSON, expected at most " +
                                               std::to_string(kMaxMetadataBytes));
  }
  return text;
}

Reply Insert(const MethodContext& c) {
  const std::shared_ptr<Database> db = c.database();
  const Collection& collection = db->collection();
  const size_t dimensions = collection.options().dimensions;
  const Json& ids = c.args.Get("ids");
  if (!ids.IsArray()) c.args.Refuse("ids", "an array of strings", ids);
  const size_t n = ids.Size();
  const Json* metadata = c.args.Find("metadata");
  if (metadata != nullptr && (!metadata->IsArray() || metadata->Size() != n)) {
    c.args.Refuse("metadata", "an array as long as ids", *metadata);
  }
  const float* vectors = n == 0 ? nullptr : ReadMatrix(c.Buffer(0), n, dimensions);
  std::vector<std::string> texts(metadata != nullptr ? n : 0);
  std::vector<Operation> operations(n);
  for (unsigned i = 0; i < n; ++i) {
    const std::string where = n > 1 ? "entry " + std::to_string(i) + ": " : "";
    Operation& op = operations[i];
    op.id = RequireId(ids[i], where);
    if (metadata != nullptr) op.metadata = texts[i] = RequireMetadata((*metadata)[i], where);
    op.vector = vectors + i * dimensions;
    RequireValidVector(collection.space(), op.vector, where);
  }
  db->Write([&] { return operations; });
  return {"{\"count\":" + std::to_string(n) + "}", {}};
}

Reply Update(const MethodContext& c) {
  const std::shared_ptr<Database> db = c.database();
  const Collection& collection = db->collection();
  Operation op;
  op.id = RequireId(c.args.Get("id"), "");
  const Json* metadata = c.args.Find("metadata");
  std::string text = metadata == nullptr ? std::string() : RequireMetadata(*metadata, "");
  if (!c.buffers.empty()) {
    op.vector = ReadMatrix(c.Buffer(0), 1, collection.options().dimensions);
    RequireValidVector(collection.space(), op.vector, "");
  } else {
    op.kind = Operation::Kind::kSetMetadata;
  }
  bool found = false;
  db->Write([&]() -> std::vector<Operation> {
    const std::optional<Row> row = collection.Get(op.id, false);
    found = row.has_value();
    if (!found || (op.vector == nullptr && metadata == nullptr)) return {};
    if (metadata == nullptr) text = row->metadata;
    op.metadata = text;
    return {op};
  });
  return ValueReply(found);
}

std::vector<Operation> Deletions(const std::set<std::string_view>& ids) {
  std::vector<Operation> operations;
  for (const std::string_view id : ids)
    operations.push_back({Operation::Kind::kDelete, id, {}, nullptr});
  return operations;
}

Reply Delete(const MethodContext& c) {
  const std::shared_ptr<Database> db = c.database();
  const Json& ids = c.args.Get("ids");
  if (!ids.IsArray()) c.args.Refuse("ids", "an array of strings", ids);
  for (unsigned i = 0; i < ids.Size(); ++i)
    RequireId(ids[i], ids.Size() > 1 ? "ids[" + std::to_string(i) + "]: " : "");
  std::set<std::string_view> present;
  db->Write([&] {
    for (const Json& id : ids.GetArray()) {
      if (db->collection().Has(JsonText(id))) present.insert(JsonText(id));
    }
    return Deletions(present);
  });
  return ValueReply(present.size());
}

Reply DeleteWhere(const MethodContext& c) {
  const std::shared_ptr<Database> db = c.database();
  const Filter filter = Filter::Parse(c.args.Get("filter"));
  std::vector<std::string> ids;
  db->Write([&] {
    ids = db->collection().MatchingIds(filter);
    return Deletions({ids.begin(), ids.end()});
  });
  return ValueReply(ids.size());
}

Reply Clear(const MethodContext& c) {
  c.database()->Write([] {
    return std::vector<Operation>{{Operation::Kind::kClear, {}, {}, nullptr}};
  });
  return {"{}", {}};
}

constexpr Method kMethods[] = {
    {"db.insert", Insert},           {"db.update", Update}, {"db.delete", Delete},
    {"db.deleteWhere", DeleteWhere}, {"db.clear", Clear},
};

}  // namespace

std::span<const Method> WriteMethods() { return kMethods; }

}  // namespace ruvector
