#include "binding/methods.h"
#include "binding/open_options.h"

namespace ruvector {
namespace {

std::string ReadName(const MethodContext& c) {
  const Json& name = c.args.Get("name");
  if (!name.IsString()) c.args.Refuse("name", "a string", name);
  return std::string(JsonText(name));
}

Reply Collection(const MethodContext& c) {
  const Opened opened = c.opened();
  const std::string name = ReadName(c);
  const CollectionRequest request = ReadCollectionOptions(c.args.Get("options"));
  const auto collection = opened.database->OpenCollection(name, request);
  return DescribeOpened(c.session, {opened.database, collection});
}

Reply Collections(const MethodContext& c) {
  std::string json = "{\"names\":[";
  for (const std::string& name : c.opened().database->CollectionNames()) {
    if (json.back() != '[') json += ',';
    AppendJsonString(json, name);
  }
  return {json + "]}", {}};
}

Reply DropCollection(const MethodContext& c) {
  return ValueReply(c.opened().database->DropCollection(ReadName(c)));
}

constexpr Method kMethods[] = {{"db.collection", Collection},
                               {"db.collections", Collections},
                               {"db.dropCollection", DropCollection}};

}  // namespace

std::span<const Method> CollectionMethods() { return kMethods; }

}  // namespace ruvector
