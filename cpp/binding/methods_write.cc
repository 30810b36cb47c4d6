#include <set>

#include "binding/jobs.h"
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
  const Opened opened = c.opened();
  Collection& collection = *opened.collection;
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
  // Of the whole batch, when it comes in pieces.
  const size_t first = c.args.Whole("first", 0, SIZE_MAX / 2).value_or(0);
  const bool one = n == 1 && !c.args.Has("job");
  for (unsigned i = 0; i < n; ++i) {
    const std::string where = one ? "" : "entry " + std::to_string(first + i) + ": ";
    Operation& op = operations[i];
    op.collection = &collection;
    op.id = RequireId(ids[i], where);
    if (metadata != nullptr) op.metadata = texts[i] = RequireMetadata((*metadata)[i], where);
    op.vector = vectors + i * dimensions;
    RequireValidVector(collection.space(), op.vector, where);
  }
  if (const auto number = c.args.Whole("job", 1, 0xffffffff)) {
    const std::shared_ptr<Job> job = c.session.GetJob(static_cast<uint32_t>(*number));
    InsertJob* insert = job->AsInsert();
    if (insert == nullptr || &insert->collection() != &collection)
      c.args.Refuse("job", "a job that inserts into this collection", c.args.Get("job"));
    std::vector<std::string> names;
    for (const Operation& op : operations) names.emplace_back(op.id);
    const std::lock_guard<std::mutex> lock(job->mutex);
    insert->Add(std::move(names), std::move(texts), {vectors, vectors + n * dimensions});
  } else {
    opened.database->Write([&] { return operations; });
  }
  return {"{\"count\":" + std::to_string(n) + "}", {}};
}

Reply Update(const MethodContext& c) {
  const Opened opened = c.opened();
  Collection& collection = *opened.collection;
  Operation op;
  op.collection = &collection;
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
  opened.database->Write([&]() -> std::vector<Operation> {
    const std::optional<Row> row = collection.Get(op.id, false);
    found = row.has_value();
    if (!found || (op.vector == nullptr && metadata == nullptr)) return {};
    if (metadata == nullptr) text = row->metadata;
    op.metadata = text;
    return {op};
  });
  return ValueReply(found);
}

std::vector<Operation> Deletions(Collection& collection, const std::set<std::string_view>& ids) {
  std::vector<Operation> operations;
  for (const std::string_view id : ids)
    operations.push_back({Operation::Kind::kDelete, id, {}, nullptr, &collection});
  return operations;
}

Reply Delete(const MethodContext& c) {
  const Opened opened = c.opened();
  const Json& ids = c.args.Get("ids");
  if (!ids.IsArray()) c.args.Refuse("ids", "an array of strings", ids);
  for (unsigned i = 0; i < ids.Size(); ++i)
    RequireId(ids[i], ids.Size() > 1 ? "ids[" + std::to_string(i) + "]: " : "");
  std::set<std::string_view> present;
  opened.database->Write([&] {
    for (const Json& id : ids.GetArray()) {
      if (opened.collection->Has(JsonText(id))) present.insert(JsonText(id));
    }
    return Deletions(*opened.collection, present);
  });
  return ValueReply(present.size());
}

Reply DeleteWhere(const MethodContext& c) {
  const Opened opened = c.opened();
  const Filter filter = Filter::Parse(c.args.Get("filter"));
  std::vector<std::string> ids;
  opened.database->Write([&] {
    ids = opened.collection->MatchingIds(filter);
    return Deletions(*opened.collection, {ids.begin(), ids.end()});
  });
  return ValueReply(ids.size());
}

Reply Clear(const MethodContext& c) {
  const Opened opened = c.opened();
  opened.database->Write([&] {
    return std::vector<Operation>{
        {Operation::Kind::kClear, {}, {}, nullptr, opened.collection.get()}};
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
