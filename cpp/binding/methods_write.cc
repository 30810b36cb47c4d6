#include <algorithm>
#include <deque>

#include "binding/jobs.h"
#include "binding/methods.h"
#include "binding/payload.h"
#include "collection/checks.h"
#include "collection/edits.h"

namespace ruvector {
namespace {

std::string_view ReadId(const Json& id, const std::string& where) {
  if (!id.IsString())
    throw Error(ErrorCode::kInvalidOption,
                where + "id is " + ShowValue(id) + ", expected a string");
  const std::string_view text = JsonText(id);
  RequireId(text, where);
  return text;
}

void RequireIds(const Arguments& args, const Json& ids) {
  if (!ids.IsArray()) args.Refuse("ids", "an array of strings", ids);
  for (unsigned i = 0; i < ids.Size(); ++i)
    ReadId(ids[i], ids.Size() > 1 ? "ids[" + std::to_string(i) + "]: " : "");
}

// The JSON text that is stored; null stands for none.
std::string RequireMetadata(const Json& metadata, const std::string& where) {
  if (metadata.IsNull()) return {};
  if (!metadata.IsObject()) {
    throw Error(ErrorCode::kInvalidOption,
                where + "metadata is " + ShowValue(metadata) + ", expected an object");
  }
  return MetadataText(metadata, where);
}

// Entries as puts; the operations' views are of the arguments, of `texts` and of the buffer.
struct Puts {
  std::vector<std::string> texts;  // [n], or none
  std::vector<Operation> operations;
};

// `numbered`: messages name an entry by its number, from `first` on.
Puts ReadPuts(const Arguments& args, Collection& collection, std::span<const BufferView> buffer,
              bool numbered, size_t first) {
  const Json& ids = args.Get("ids");
  if (!ids.IsArray()) args.Refuse("ids", "an array of strings", ids);
  const size_t n = ids.Size(), dimensions = collection.options().dimensions;
  const Json* metadata = args.Find("metadata");
  if (metadata != nullptr && (!metadata->IsArray() || metadata->Size() != n))
    args.Refuse("metadata", "an array as long as ids", *metadata);
  const float* vectors = n == 0 ? nullptr : ReadMatrix(FirstBuffer(buffer), n, dimensions);
  Puts puts{std::vector<std::string>(metadata != nullptr ? n : 0), std::vector<Operation>(n)};
  for (unsigned i = 0; i < n; ++i) {
    const std::string where = numbered ? "entry " + std::to_string(first + i) + ": " : "";
    Operation& op = puts.operations[i];
    op.collection = &collection;
    op.id = ReadId(ids[i], where);
    if (metadata != nullptr) op.metadata = puts.texts[i] = RequireMetadata((*metadata)[i], where);
    op.vector = vectors + i * dimensions;
    RequireValidVector(collection.space(), op.vector, where);
  }
  return puts;
}

Reply Insert(const MethodContext& c) {
  const Opened opened = c.opened();
  const std::optional<size_t> number = c.args.Whole("job", 1, 0xffffffff);
  const Json& ids = c.args.Get("ids");
  // Of the whole batch, when it comes in pieces.
  const size_t first = c.args.Whole("first", 0, SIZE_MAX / 2).value_or(0);
  const bool numbered = number || (ids.IsArray() && ids.Size() != 1);
  Puts puts = ReadPuts(c.args, *opened.collection, c.buffers, numbered, first);
  const size_t n = puts.operations.size();
  if (number) {
    const std::shared_ptr<Job> job = c.session.GetJob(static_cast<uint32_t>(*number));
    InsertJob* insert = job->AsInsert();
    if (insert == nullptr || &insert->batch().collection() != opened.collection.get())
      c.args.Refuse("job", "a job that inserts into this collection", c.args.Get("job"));
    std::vector<std::string> names;
    for (const Operation& op : puts.operations) names.emplace_back(op.id);
    const float* vectors = n == 0 ? nullptr : puts.operations[0].vector;
    const size_t values = n * opened.collection->options().dimensions;
    const std::lock_guard<std::mutex> lock(job->mutex);
    insert->batch().Add(std::move(names), std::move(puts.texts), {vectors, vectors + values});
  } else {
    opened.database->Write([&] { return puts.operations; });
  }
  return {"{\"count\":" + std::to_string(n) + "}", {}};
}

Reply Update(const MethodContext& c) {
  const Opened opened = c.opened();
  Collection& collection = *opened.collection;
  const std::string_view id = ReadId(c.args.Get("id"), "");
  std::optional<std::string> metadata;
  if (const Json* given = c.args.Find("metadata")) metadata = RequireMetadata(*given, "");
  const float* vector = nullptr;
  if (!c.buffers.empty()) {
    vector = ReadMatrix(c.Buffer(0), 1, collection.options().dimensions);
    RequireValidVector(collection.space(), vector, "");
  }
  return ValueReply(UpdateRow(*opened.database, collection, id, vector, std::move(metadata)));
}

Reply Delete(const MethodContext& c) {
  const Opened opened = c.opened();
  const Json& ids = c.args.Get("ids");
  RequireIds(c.args, ids);
  std::vector<std::string_view> texts;
  for (const Json& id : ids.GetArray()) texts.push_back(JsonText(id));
  return ValueReply(DeleteRows(*opened.database, *opened.collection, texts));
}

Reply DeleteWhere(const MethodContext& c) {
  const Opened opened = c.opened();
  const Filter filter = Filter::Parse(c.args.Get("filter"));
  return ValueReply(DeleteMatching(*opened.database, *opened.collection, filter));
}

// One transaction over any collections of a database, its parts in order.
Reply Write(const MethodContext& c) {
  const Opened opened = c.opened();
  const Json& parts = c.args.Get("parts");
  if (!parts.IsArray()) c.args.Refuse("parts", "an array of objects", parts);
  static constexpr std::string_view kKinds[] = {"put", "delete", "clear"};
  std::deque<std::vector<std::string>> texts;
  std::vector<std::shared_ptr<Collection>> collections;
  std::vector<Operation> operations;
  std::span<const BufferView> buffers = c.buffers;
  for (unsigned i = 0; i < parts.Size(); ++i) {
    const std::string where = "parts[" + std::to_string(i) + "].";
    if (!parts[i].IsObject()) c.args.Refuse("parts", "an array of objects", parts);
    const Arguments part(parts[i], where);
    part.Get("handle");
    const Opened at = c.session.Get(static_cast<uint32_t>(*part.Whole("handle", 1, 0xffffffff)));
    if (at.database != opened.database)
      part.Refuse("handle", "a collection of the same database", part.Get("handle"));
    collections.push_back(at.collection);
    part.Get("kind");
    switch (*part.Word("kind", kKinds)) {
      case 0: {
        const bool numbered = part.Get("ids").IsArray() && part.Get("ids").Size() != 1;
        Puts puts = ReadPuts(part, *at.collection, buffers, numbered, 0);
        buffers = buffers.subspan(std::min<size_t>(1, buffers.size()));
        operations.insert(operations.end(), puts.operations.begin(), puts.operations.end());
        texts.push_back(std::move(puts.texts));  // the strings stay where they are
        break;
      }
      case 1: {
        const Json& ids = part.Get("ids");
        RequireIds(part, ids);
        for (const Json& id : ids.GetArray()) {
          operations.push_back(
              {Operation::Kind::kDelete, JsonText(id), {}, nullptr, at.collection.get()});
        }
        break;
      }
      case 2:
        operations.push_back({Operation::Kind::kClear, {}, {}, nullptr, at.collection.get()});
        break;
    }
  }
  opened.database->Write([&] { return operations; });
  return {"{}", {}};
}

Reply Clear(const MethodContext& c) {
  const Opened opened = c.opened();
  DeleteAll(*opened.database, *opened.collection);
  return {"{}", {}};
}

constexpr Method kMethods[] = {
    {"db.insert", Insert},           {"db.update", Update}, {"db.delete", Delete},
    {"db.deleteWhere", DeleteWhere}, {"db.clear", Clear},   {"db.write", Write},
};

}  // namespace

std::span<const Method> WriteMethods() { return kMethods; }

}  // namespace ruvector
