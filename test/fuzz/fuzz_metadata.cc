// JSON text: what is accepted is written and read again as the same, and equals itself to filters.
#include <string_view>
#include <vector>

#include "core/json.h"
#include "exercise.h"
#include "mutate.h"
#include "query/filter.h"

using namespace ruvector;

RUVECTOR_MUTATE_WITH(MutateJson)

namespace {

bool Matches(const char* op, const Json& operand, const Json& value) {
  JsonDocument document;
  JsonAllocator& memory = document.GetAllocator();
  document.SetObject();
  Json condition(rapidjson::kObjectType), filter(rapidjson::kObjectType);
  condition.AddMember(JsonString(op, memory), CopyJson(operand, memory), memory);
  filter.AddMember(JsonString("v", memory), condition, memory);
  document.AddMember(JsonString("v", memory), CopyJson(value, memory), memory);
  const bool matches = Filter::Parse(filter).Matches(document);
  FilterScratch scratch;
  fuzz::Require(Filter::Parse(filter).MatchesText(WriteJson(document), scratch) == matches,
                "the text matches as the document does");
  return matches;
}

// Of two numbers or two strings exactly one of <, =, > holds.
void CompareAll(const Json& value) {
  std::vector<const Json*> numbers, strings;
  const auto collect = [&](const Json& v) {
    if (v.IsNumber() && numbers.size() < 6) numbers.push_back(&v);
    if (v.IsString() && strings.size() < 6) strings.push_back(&v);
  };
  collect(value);
  if (value.IsArray()) {
    for (const Json& v : value.GetArray()) collect(v);
  }
  for (const auto* list : {&numbers, &strings}) {
    for (const Json* a : *list) {
      for (const Json* b : *list) {
        const int holds = Matches("$lt", *a, *b) + Matches("$eq", *a, *b) + Matches("$gt", *a, *b);
        fuzz::Require(holds == 1, "an order is total");
        fuzz::Require(Matches("$lt", *a, *b) == Matches("$gt", *b, *a), "an order has two sides");
        fuzz::Require(Matches("$lte", *a, *b) != Matches("$gt", *a, *b), "at most, or more");
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::Reached("all");
  JsonDocument document;
  if (!fuzz::Survives([&] { document = ParseJson(text, "metadata"); }, {ErrorCode::kInvalidOption}))
    return 0;
  fuzz::Reached("accepted");
  const std::string once = WriteJson(document);
  std::string appended = "x";
  AppendJson(appended, document);
  fuzz::Require(appended == "x" + once, "appended as it is written");
  const std::string twice = WriteJson(ParseJson(once, "metadata"));
  fuzz::Require(once == twice, "what was written is read as the same");
  JsonAllocator memory;
  fuzz::Require(WriteJson(CopyJson(document, memory)) == once, "a copy is the same");
  QuoteForMessage(text);
  fuzz::Survives(
      [&] {
        CompareAll(document);
        fuzz::Require(Matches("$eq", document, document), "a value equals itself");
        fuzz::Require(!Matches("$ne", document, document), "and is not other than itself");
        fuzz::Reached("compared");
      },
      {ErrorCode::kInvalidFilter, ErrorCode::kInternal});
  return 0;
}
