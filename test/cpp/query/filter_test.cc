#include "query/filter.h"

#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.h"
#include "core/random.h"
#include "core/types.h"

namespace ruvector {
namespace {

Filter Parsed(std::string_view filter) { return Filter::Parse(ParseJson(filter, "filter")); }

/// Asks both ways in, which must agree.
bool Matches(std::string_view filter, std::string_view document) {
  INFO(filter << " on " << document);
  const Filter parsed = Parsed(filter);
  FilterScratch scratch;
  const bool text = parsed.MatchesText(document, scratch);
  CHECK(parsed.Matches(ParseJson(document, "document")) == text);
  CHECK(parsed.MatchesText(document, scratch) == text);
  return text;
}

std::string Failure(std::string_view filter) {
  try {
    Parsed(filter);
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::kInvalidFilter);
    return e.what();
  }
  return "accepted";
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// For every document, 1 or 0.
std::string Row(std::string_view filter, const std::vector<std::string>& documents) {
  std::string row;
  for (const std::string& document : documents) row += Matches(filter, document) ? '1' : '0';
  return row;
}

TEST_CASE("filter: the comparison table of the ecosystem", "[filter]") {
  const std::vector<std::string> docs = {
      R"({"a":1,"tags":["x"],"s":"q","o":{"p":1}})", R"({"a":2})",
      R"({"a":3,"tags":["x","y"],"s":"z","n":null,"o":{"p":2}})"};
  CHECK(Row(R"({"s":{"$ne":"q"}})", docs) == "011");
  CHECK(Row(R"({"s":{"$nin":["q"]}})", docs) == "011");
  CHECK(Row(R"({"tags":"x"})", docs) == "101");
  CHECK(Row(R"({"tags":{"$ne":"x"}})", docs) == "010");
  CHECK(Row(R"({"tags":{"$in":["y"]}})", docs) == "001");
  CHECK(Row(R"({"n":null})", docs) == "111");
  CHECK(Row(R"({"n":{"$exists":true}})", docs) == "001");
  CHECK(Row(R"({"a":{"$gt":"1"}})", docs) == "000");
  CHECK(Row(R"({"a":{"$in":[]}})", docs) == "000");
  CHECK(Row(R"({"a":{"$nin":[]}})", docs) == "111");
  CHECK(Row(R"({"$and":[]})", docs) == "111");
  CHECK(Row(R"({"$or":[]})", docs) == "000");
  CHECK(Row(R"({"$nor":[]})", docs) == "111");
  CHECK(Row(R"({})", docs) == "111");
  CHECK(Row(R"({"$not":{"a":1}})", docs) == "011");
  CHECK(Row(R"({"$not":{}})", docs) == "000");
  CHECK(Row(R"({"o.p":2})", docs) == "001");
  CHECK(Row(R"({"o":{"p":2}})", docs) == "001");
  CHECK(Row(R"({"a":{"$gte":2},"s":"z"})", docs) == "001");
  CHECK(Row(R"({"$or":[{"a":1},{"a":{"$gt":2}}]})", docs) == "101");
  CHECK(Row(R"({"$nor":[{"a":1},{"a":3}]})", docs) == "010");
  CHECK(Row(R"({"a":{"$not":{"$gt":1}}})", docs) == "100");
  CHECK(Row(R"({"a":{"$not":{"$gt":1,"$lt":3}}})", docs) == "101");
  CHECK(Row(R"({"a":{"$not":{"$not":{"$gt":1}}}})", docs) == "011");
}

TEST_CASE("filter: numbers compare by value", "[filter]") {
  CHECK(Matches(R"({"a":1})", R"({"a":1.0})"));
  CHECK(Matches(R"({"a":0})", R"({"a":-0.0})"));
  CHECK(Matches(R"({"a":-0})", R"({"a":0})"));
  CHECK(Matches(R"({"a":1e2})", R"({"a":100})"));
  CHECK(!Matches(R"({"a":9007199254740993})", R"({"a":9007199254740992})"));
  CHECK(!Matches(R"({"a":9007199254740993})", R"({"a":9007199254740992.0})"));
  CHECK(Matches(R"({"a":{"$gt":9007199254740992.0}})", R"({"a":9007199254740993})"));
  CHECK(Matches(R"({"a":{"$lt":1e30}})", R"({"a":18446744073709551615})"));
  CHECK(Matches(R"({"a":{"$lt":18446744073709551616}})", R"({"a":18446744073709551615})"));
  CHECK(!Matches(R"({"a":18446744073709551616})", R"({"a":18446744073709551615})"));
  CHECK(Matches(R"({"a":{"$gt":-1e30}})", R"({"a":-9223372036854775808})"));
  CHECK(Matches(R"({"a":-9223372036854775808.0})", R"({"a":-9223372036854775808})"));
  CHECK(Matches(R"({"a":{"$gt":-1}})", R"({"a":18446744073709551615})"));
  CHECK(Matches(R"({"a":{"$lt":18446744073709551615}})", R"({"a":-5})"));
  CHECK(Matches(R"({"a":{"$gt":-3}})", R"({"a":-2.5})"));
  CHECK(Matches(R"({"a":{"$lt":-2}})", R"({"a":-2.5})"));
  CHECK(Matches(R"({"a":{"$lt":0}})", R"({"a":-0.5})"));
  CHECK(Matches(R"({"a":{"$gt":0}})", R"({"a":0.5})"));
}

TEST_CASE("filter: comparison stays within a type", "[filter]") {
  CHECK(!Matches(R"({"a":{"$gt":1}})", R"({"a":"2"})"));
  CHECK(!Matches(R"({"a":{"$lt":"z"}})", R"({"a":1})"));
  CHECK(!Matches(R"({"a":{"$lte":0}})", R"({"a":null})"));
  CHECK(!Matches(R"({"a":{"$lte":0}})", R"({"a":false})"));
  CHECK(!Matches(R"({"a":{"$gte":0}})", "{}"));
  CHECK(!Matches(R"({"a":1})", R"({"a":true})"));
  CHECK(!Matches(R"({"a":0})", R"({"a":false})"));
  CHECK(!Matches(R"({"a":""})", R"({"a":null})"));
  CHECK(Matches(R"({"a":{"$gt":false}})", R"({"a":true})"));
  CHECK(Matches(R"({"a":{"$gt":"a"}})", R"({"a":"b"})"));
  CHECK(Matches(R"({"a":{"$gt":"a"}})", R"({"a":"aa"})"));
  CHECK(Matches(R"({"a":{"$lt":"a"}})", R"({"a":"B"})"));
  // By bytes: U+FFFD before U+1F600, which UTF-16 code units would turn round.
  CHECK(Matches(R"({"a":{"$gt":"\ufffd"}})", R"({"a":"\ud83d\ude00"})"));
}

TEST_CASE("filter: null and missing", "[filter]") {
  const std::vector<std::string> docs = {R"({"a":{}})",
                                         R"({"a":null})",
                                         R"({"a":4})",
                                         R"({"a":{"b":"hi"}})",
                                         R"({"a":{"b":null}})",
                                         R"({})",
                                         R"({"a":[[]]})",
                                         R"({"a":[]})",
                                         R"({"a":[{"b":null},{"b":null}]})",
                                         R"({"a":[{"b":1},{"c":1}]})",
                                         R"({"a":[{"b":1}]})"};
  CHECK(Row(R"({"a.b":null})", docs) == "11101100110");
  CHECK(Row(R"({"a.b":{"$ne":null}})", docs) == "00010011001");
  CHECK(Row(R"({"a.b":{"$in":[null]}})", docs) == "11101100110");
  CHECK(Row(R"({"a.b":{"$in":[null,"hi"]}})", docs) == "11111100110");
  CHECK(Row(R"({"a.b":{"$nin":[null]}})", docs) == "00010011001");
  CHECK(Row(R"({"a.b":{"$exists":true}})", docs) == "00011000111");
  CHECK(Row(R"({"a.b":{"$exists":false}})", docs) == "11100111000");
  CHECK(Row(R"({"a":null})", docs) == "01000100000");
  CHECK(Matches(R"({"a":null})", R"({"a":[1,null]})"));
}

TEST_CASE("filter: arrays", "[filter]") {
  CHECK(Matches(R"({"a":[1,2]})", R"({"a":[1,2]})"));
  CHECK(Matches(R"({"a":[1,2]})", R"({"a":[[1,2],3]})"));
  CHECK(!Matches(R"({"a":[1,2]})", R"({"a":[2,1]})"));
  CHECK(!Matches(R"({"a":[1,2]})", R"({"a":[1,2,3]})"));
  CHECK(!Matches(R"({"a":[1,2]})", R"({"a":[[[1,2]]]})"));
  CHECK(Matches(R"({"a":[]})", R"({"a":[]})"));
  CHECK(Matches(R"({"a":{"$in":[[1,2]]}})", R"({"a":[1,2]})"));
  CHECK(Matches(R"({"a":{"$gt":1,"$lt":3}})", R"({"a":[0,5]})"));
  CHECK(!Matches(R"({"a":{"$between":[1,3]}})", R"({"a":[0,5]})"));
  CHECK(Matches(R"({"a":{"$ne":1}})", R"({"a":[]})"));
  CHECK(!Matches(R"({"a":{"$ne":1}})", R"({"a":[2,1]})"));
  CHECK(Matches(R"({"a":{"$all":[1,2]}})", R"({"a":[3,2,1]})"));
  CHECK(!Matches(R"({"a":{"$all":[1,2]}})", R"({"a":[3,2]})"));
  CHECK(Matches(R"({"a":{"$all":[1]}})", R"({"a":1})"));
  CHECK(Matches(R"({"a":{"$all":[[1,2]]}})", R"({"a":[1,2]})"));
  CHECK(!Matches(R"({"a":{"$all":[]}})", R"({"a":[1]})"));
  CHECK(Matches(R"({"a":{"$all":[null]}})", R"({})"));
  CHECK(Matches(R"({"a":{"$size":2}})", R"({"a":[1,[2,3]]})"));
  CHECK(Matches(R"({"a":{"$size":2.0}})", R"({"a":[1,2]})"));
  CHECK(Matches(R"({"a":{"$size":0}})", R"({"a":[]})"));
  CHECK(!Matches(R"({"a":{"$size":2}})", R"({"a":[[1,2]]})"));
  CHECK(!Matches(R"({"a":{"$size":1}})", R"({"a":1})"));
  CHECK(Matches(R"({"a.b":{"$size":2}})", R"({"a":[{"b":[1]},{"b":[1,2]}]})"));
}

TEST_CASE("filter: paths", "[filter]") {
  CHECK(Matches(R"({"a.b.c":1})", R"({"a":{"b":{"c":1}}})"));
  CHECK(Matches(R"({"a.b.c":1})", R"({"a":[{"b":[{"c":0},{"c":1}]}]})"));
  CHECK(!Matches(R"({"a.b":1})", R"({"a":[[{"b":1}]]})"));
  CHECK(Matches(R"({"a.0.b":1})", R"({"a":[[{"b":1}]]})"));
  CHECK(Matches(R"({"a.0":5})", R"({"a":[5,6]})"));
  CHECK(!Matches(R"({"a.1":5})", R"({"a":[5,6]})"));
  CHECK(!Matches(R"({"a.00":5})", R"({"a":[5,6]})"));
  CHECK(Matches(R"({"a.0.b":1})", R"({"a":[{"b":1}]})"));
  CHECK(!Matches(R"({"a.1.b":1})", R"({"a":[{"b":1}]})"));
  CHECK(Matches(R"({"a.0":1})", R"({"a":{"0":1}})"));
  CHECK(Matches(R"({"a.1":4})", R"({"a":[5,{"1":4},3]})"));
  CHECK(Matches(R"({"a.1":{"1":4}})", R"({"a":[5,{"1":4},3]})"));
  // An index names the element, which is then not taken apart.
  CHECK(!Matches(R"({"a.0":1})", R"({"a":[[1,2]]})"));
  CHECK(Matches(R"({"a.0":[1,2]})", R"({"a":[[1,2]]})"));
  CHECK(Matches(R"({"a.0.1":2})", R"({"a":[[1,2]]})"));
  CHECK(Matches(R"({"a.7":{"$exists":false}})", R"({"a":[1]})"));
  CHECK(!Matches(R"({"a.b":1})", R"({"a":"b"})"));
  // Empty segments are names like others; a dot is never part of a name.
  CHECK(Matches(R"({"":1})", R"({"":1})"));
  CHECK(Matches(R"({"a..b":1})", R"({"a":{"":{"b":1}}})"));
  CHECK(!Matches(R"({"a..b":1})", R"({"a":{"b":1}})"));
  CHECK(Matches(R"({"a.":1})", R"({"a":{"":1}})"));
  CHECK(!Matches(R"({"a.b":1})", R"({"a.b":1})"));
  CHECK(Matches(R"({"__proto__":{"x":1}})", R"({"__proto__":{"x":1}})"));
  CHECK(!Matches(R"({"__proto__":{"$exists":true}})", R"({"a":1})"));
  CHECK(!Matches(R"({"constructor.name":{"$exists":true}})", R"({"a":1})"));
  CHECK(Matches(R"({"a.$ref":1})", R"({"a":{"$ref":1}})"));
}

TEST_CASE("filter: whole objects", "[filter]") {
  CHECK(Matches(R"({"a":{"b":1,"c":2}})", R"({"a":{"b":1,"c":2}})"));
  CHECK(!Matches(R"({"a":{"b":1,"c":2}})", R"({"a":{"c":2,"b":1}})"));
  CHECK(!Matches(R"({"a":{"b":1}})", R"({"a":{"b":1,"c":2}})"));
  CHECK(Matches(R"({"a":{"b":1}})", R"({"a":[{"b":1.0}]})"));
  CHECK(Matches(R"({"a":{}})", R"({"a":{}})"));
  CHECK(!Matches(R"({"a":{}})", R"({"a":{"b":1}})"));
  CHECK(Matches(R"({"a":{"b":{"c":[1,{"d":null}]}}})", R"({"a":{"b":{"c":[1,{"d":null}]}}})"));
  CHECK(!Matches(R"({"a":{"b":null}})", R"({"a":{}})"));
}

TEST_CASE("filter: $elemMatch", "[filter]") {
  CHECK(Matches(R"({"a":{"$elemMatch":{"$gt":1,"$lt":3}}})", R"({"a":[0,2]})"));
  CHECK(!Matches(R"({"a":{"$elemMatch":{"$gt":1,"$lt":3}}})", R"({"a":[0,5]})"));
  CHECK(!Matches(R"({"a":{"$elemMatch":{"$gt":1}}})", R"({"a":2})"));
  CHECK(!Matches(R"({"a":{"$elemMatch":{"$gt":1}}})", R"({"a":[[2]]})"));
  CHECK(Matches(R"({"a":{"$elemMatch":{"$elemMatch":{"$gt":1}}}})", R"({"a":[[2]]})"));
  CHECK(Matches(R"({"a":{"$elemMatch":{"b":1,"c":2}}})", R"({"a":[{"b":1},{"b":1,"c":2}]})"));
  CHECK(!Matches(R"({"a":{"$elemMatch":{"b":1,"c":2}}})", R"({"a":[{"b":1},{"c":2}]})"));
  CHECK(Matches(R"({"a":{"$elemMatch":{"b":{"$gt":1}}}})", R"({"a":[{"b":[0,2]}]})"));
  CHECK(Matches(R"({"a":{"$elemMatch":{"$or":[{"b":1},{"c":1}]}}})", R"({"a":[{"c":1}]})"));
  CHECK(Matches(R"({"a":{"$elemMatch":{"$or":[{"b":1},{"c":1}],"d":2}}})",
                R"({"a":[{"c":1,"d":2}]})"));
  CHECK(Matches(R"({"a":{"$elemMatch":{"$not":{"$gt":1}}}})", R"({"a":[5,"x"]})"));
  CHECK(!Matches(R"({"a":{"$elemMatch":{"$not":{"$gt":1}}}})", R"({"a":[5]})"));
  CHECK(Matches(R"({"a":{"$elemMatch":{"$not":{"b":1}}}})", R"({"a":[{"b":2}]})"));
  CHECK(!Matches(R"({"a":{"$elemMatch":{"$not":{"b":1}}}})", R"({"a":[{"b":1},3]})"));
  CHECK(Matches(R"({"a":{"$elemMatch":{"$ne":1}}})", R"({"a":[1,2]})"));
  CHECK(!Matches(R"({"a":{"$elemMatch":{"$ne":1}}})", R"({"a":[]})"));
  CHECK(Matches(R"({"a":{"$elemMatch":{"$in":[7,8]}}})", R"({"a":[1,8]})"));
  CHECK(Matches(R"({"a":{"$elemMatch":{"$exists":true}}})", R"({"a":[null]})"));
  CHECK(Matches(R"({"a":{"$elemMatch":{"0":1}}})", R"({"a":[[1,2]]})"));
  CHECK(Matches(R"({"a":{"$elemMatch":{}}})", R"({"a":[{}]})"));
  CHECK(!Matches(R"({"a":{"$elemMatch":{}}})", R"({"a":[1]})"));
  CHECK(Matches(R"({"a":{"$not":{"$elemMatch":{"b":1}}}})", R"({"a":[{"b":2}]})"));
  CHECK(Matches(R"({"a.b":{"$elemMatch":{"$gt":1}}})", R"({"a":[{"b":[1]},{"b":[2]}]})"));
  CHECK(Matches(R"({"a":{"$all":[{"$elemMatch":{"b":1}},{"$elemMatch":{"b":2}}]}})",
                R"({"a":[{"b":1},{"b":2}]})"));
  CHECK(!Matches(R"({"a":{"$all":[{"$elemMatch":{"b":1}},{"$elemMatch":{"b":3}}]}})",
                 R"({"a":[{"b":1},{"b":2}]})"));
}

TEST_CASE("filter: our own operators", "[filter]") {
  CHECK(Matches(R"({"a":{"$contains":"ell"}})", R"({"a":"hello"})"));
  CHECK(!Matches(R"({"a":{"$contains":"ELL"}})", R"({"a":"hello"})"));
  CHECK(Matches(R"({"a":{"$contains":""}})", R"({"a":"hello"})"));
  CHECK(Matches(R"({"a":{"$contains":"x"}})", R"({"a":["x","y"]})"));
  CHECK(!Matches(R"({"a":{"$contains":"x"}})", R"({"a":["xy"]})"));
  CHECK(Matches(R"({"a":{"$contains":2}})", R"({"a":[1,2.0]})"));
  CHECK(!Matches(R"({"a":{"$contains":2}})", R"({"a":2})"));
  CHECK(Matches(R"({"a":{"$not":{"$contains":"x"}}})", R"({})"));
  CHECK(Matches(R"({"a":{"$between":[1,3]}})", R"({"a":1})"));
  CHECK(Matches(R"({"a":{"$between":[1,3]}})", R"({"a":3})"));
  CHECK(!Matches(R"({"a":{"$between":[1,3]}})", R"({"a":3.01})"));
  CHECK(!Matches(R"({"a":{"$between":[3,1]}})", R"({"a":2})"));
  CHECK(!Matches(R"({"a":{"$between":[1,3]}})", R"({"a":"2"})"));
  CHECK(Matches(R"({"a":{"$between":["a","c"]}})", R"({"a":"b"})"));
  CHECK(!Matches(R"({"a":{"$between":[1,3]}})", R"({})"));
}

TEST_CASE("filter: a large $in", "[filter]") {
  std::string members = R"(null,"x",true,[1,2],{"k":1},1.5)";
  for (int i = 0; i < 1000; ++i) members += "," + std::to_string(i * 2);
  const std::string in = R"({"a":{"$in":[)" + members + "]}}";
  for (const char* yes : {"0", "1998", "2.0", "1.5", "\"x\"", "true", "null", "[1,2]", "[[1,2]]",
                          "{\"k\":1}", "[3,4]"}) {
    CHECK(Matches(in, std::string("{\"a\":") + yes + "}"));
  }
  for (const char* no : {"1", "2000", "-2", "\"y\"", "false", "[]", "[1,3]", "{\"k\":2}", "{}"}) {
    CHECK(!Matches(in, std::string("{\"a\":") + no + "}"));
  }
  CHECK(Matches(in, "{}"));
}

TEST_CASE("filter: documents that are none", "[filter]") {
  const Filter missing = Parsed(R"({"a":null})");
  const Filter all = Parsed("{}");
  FilterScratch scratch;
  CHECK(missing.Matches(Json()));
  CHECK(missing.MatchesText("", scratch));
  CHECK(missing.MatchesText("null", scratch));
  CHECK(missing.MatchesText(" {} ", scratch));
  CHECK(all.Matches(Json()));
  CHECK(all.MatchesText({}, scratch));
  CHECK(!Parsed(R"({"a":1})").Matches(Json()));
}

TEST_CASE("filter: mistakes are named", "[filter]") {
  const std::string unknown = Failure(R"({"price":{"$gte2":1}})");
  CHECK(Has(unknown, "\"price\""));
  CHECK(Has(unknown, "\"$gte2\""));
  CHECK(Has(unknown, "did you mean \"$gte\"?"));
  CHECK(Has(unknown, "$elemMatch"));
  CHECK(Has(Failure(R"({"$annd":[]})"), "did you mean \"$and\"?"));
  CHECK(Has(Failure(R"({"$gt":5})"), "stands under a field"));
  CHECK(Has(Failure(R"({"a":{"$and":[]}})"), "stands in place of a field"));
  CHECK(Has(Failure(R"({"a":{"$regex":"x"}})"), "$regex is not supported"));
  CHECK(Has(Failure(R"({"a":{"$gt":1,"b":2}})"), "operators and plain keys"));
  CHECK(Has(Failure(R"({"a":{"b":2,"$gt":1}})"), "operators and plain keys"));
  CHECK(Has(Failure(R"({"a":{"b":{"$gt":1}}})"), "\"$gt\" inside a value"));
  CHECK(Has(Failure(R"({"a":{"$in":[{"$gt":1}]}})"), "inside a value"));
  CHECK(Has(Failure(R"({"a.$gt":1})"), "operator in a path"));
  CHECK(Has(Failure(R"({"$or":[{"a":{"$elemMatch":{"b":{"$nope":1}}}}]})"), "$or.a.$elemMatch.b"));
  for (const char* filter : {"[]",
                             "1",
                             "null",
                             "\"x\"",
                             R"({"$and":{}})",
                             R"({"$and":[1]})",
                             R"({"$or":[[]]})",
                             R"({"$nor":null})",
                             R"({"$not":[]})",
                             R"({"$not":1})",
                             R"({"a":{"$not":1}})",
                             R"({"a":{"$not":{}}})",
                             R"({"a":{"$not":{"b":1}}})",
                             R"({"a":{"$in":5}})",
                             R"({"a":{"$nin":"x"}})",
                             R"({"a":{"$all":1}})",
                             R"({"a":{"$exists":1}})",
                             R"({"a":{"$exists":null}})",
                             R"({"a":{"$size":-1}})",
                             R"({"a":{"$size":1.5}})",
                             R"({"a":{"$size":"1"}})",
                             R"({"a":{"$size":1e300}})",
                             R"({"a":{"$elemMatch":1}})",
                             R"({"a":{"$elemMatch":{"$gt":1,"b":2}}})",
                             R"({"a":{"$elemMatch":{"$gt":1,"$or":[]}}})",
                             R"({"a":{"$gt":null}})",
                             R"({"a":{"$lt":[1]}})",
                             R"({"a":{"$gte":{}}})",
                             R"({"a":{"$between":[1]}})",
                             R"({"a":{"$between":[1,"2"]}})",
                             R"({"a":{"$between":5}})",
                             R"({"a":{"$between":[[1],[2]]}})",
                             R"({"a":{"$all":[{"$elemMatch":{"b":1}},2]}})",
                             R"({"a":{"$all":[2,{"$elemMatch":{"b":1}}]}})",
                             R"({"$":1})",
                             R"({"a":{"$":1}})",
                             R"({"a":{"$where":"1"}})",
                             R"({"$expr":{}})"}) {
    INFO(filter);
    CHECK(Failure(filter) != "accepted");
  }
  // A message stays short whatever the user sends.
  CHECK(Failure("{\"" + std::string(100000, 'a') + "\":{\"$b\":1}}").size() < 600);
  CHECK(Failure("{\"a\":{\"$" + std::string(100000, 'b') + "\":1}}").size() < 600);
}

std::string Repeated(std::string_view open, std::string_view inner, std::string_view close,
                     size_t n) {
  std::string text;
  for (size_t i = 0; i < n; ++i) text += open;
  text += inner;
  for (size_t i = 0; i < n; ++i) text += close;
  return text;
}

TEST_CASE("filter: limits", "[filter]") {
  // The field's operators are the last level.
  CHECK(Matches(Repeated("{\"$not\":", R"({"a":1})", "}", kMaxFilterDepth - 1), "{}") ==
        ((kMaxFilterDepth - 1) % 2 == 1));
  CHECK(Has(Failure(Repeated("{\"$not\":", R"({"a":1})", "}", kMaxFilterDepth)), "levels"));
  CHECK(Has(Failure(Repeated("{\"a\":{\"$elemMatch\":", R"({"a":1})", "}}", 60)), "levels"));
  CHECK(Has(Failure(Repeated("{\"$and\":[", "", "]}", 63)), "accepted"));

  // Far deeper than ParseJson would let through.
  JsonAllocator allocator;
  Json deep(rapidjson::kObjectType);
  for (int i = 0; i < 10000; ++i) {
    Json inner;
    inner.Swap(deep);
    Json outer(rapidjson::kObjectType);
    outer.AddMember("$not", inner, allocator);
    deep.Swap(outer);
  }
  CHECK_THROWS_AS(Filter::Parse(deep), Error);
  Json elem_match(rapidjson::kObjectType);
  elem_match.AddMember("$elemMatch", deep, allocator);
  Json field(rapidjson::kObjectType);
  field.AddMember("a", elem_match, allocator);
  CHECK_THROWS_AS(Filter::Parse(field), Error);

  const auto conditions = [](size_t n) {
    std::string text = "{\"$or\":[";
    for (size_t i = 0; i < n; ++i) {
      text += (i == 0 ? "{\"a\":" : ",{\"a\":") + std::to_string(i) + "}";
    }
    return text + "]}";
  };
  CHECK(Matches(conditions(kMaxFilterConditions), R"({"a":1023})"));
  CHECK(Has(Failure(conditions(kMaxFilterConditions + 1)), "1024 conditions"));
  CHECK(Has(Failure(conditions(10000)), "1024 conditions"));
  CHECK(Has(Failure("{\"$and\":[" + Repeated("{},", "{}", "", 10000) + "]}"), "conditions"));

  CHECK(Failure("{\"a" + Repeated(".a", "", "", kMaxJsonDepth - 1) + "\":1}") == "accepted");
  CHECK(Has(Failure("{\"a" + Repeated(".a", "", "", kMaxJsonDepth) + "\":1}"), "segments"));
  CHECK(Has(Failure("{\"" + std::string(100000, '.') + "\":1}"), "segments"));
}

TEST_CASE("filter: paths that branch exponentially end with an error", "[filter]") {
  std::string path = "a";
  for (int i = 0; i < 90; ++i) path += ".0";
  const Filter filter = Parsed("{\"" + path + "\":1}");
  const JsonDocument document =
      ParseJson("{\"a\":" + Repeated("[{\"0\":", "0", "}]", 60) + "}", "document");
  try {
    filter.Matches(document);
    FAIL("no error");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::kInvalidFilter);
    CHECK(Has(e.what(), "steps"));
  }
}

TEST_CASE("filter: text is read as ParseJson reads it", "[filter]") {
  FilterScratch scratch;
  CHECK(Matches(R"({"a":"x\n\u00e9\ud83d\ude00\/"})", R"({"a":"x\n\u00e9\ud83d\ude00\/"})"));
  CHECK(Matches(R"({"é":1})", R"({"\u00e9":1})"));
  CHECK(Matches(R"({"a\"b":1})", R"({"x":"\\\"","a\"b":1})"));
  CHECK(Matches(R"({"a":1})", R"({"s":"\\","a":1})"));
  CHECK(Matches(R"({"a":1})", R"({"s":"}\"]{[,","o":{"a":2,"s":"}"},"l":[[],{}],"a":1})"));
  CHECK(Matches(R"({"a":1})", R"({"a":1,"a":2})"));
  CHECK(!Matches(R"({"a":2})", R"({"a":1,"a":2})"));
  CHECK(Matches(R"({"a":1,"b":2})", " { \"b\" :\t2 ,\n\"c\" : [ 1 ] , \"a\"\r: 1 } "));
  for (const char* number : {"0",
                             "-0",
                             "-0.0",
                             "0.1",
                             "19.99",
                             "-273.15",
                             "1e3",
                             "1E-3",
                             "0.30000000000000004",
                             "123456789012345678",
                             "1234567890123456789",
                             "9007199254740993",
                             "9007199254740.993",
                             "900719925474.09931",
                             "18446744073709551615",
                             "18446744073709551616",
                             "-9223372036854775808",
                             "-9223372036854775809",
                             "0.000000000000000001",
                             "3.141592653589793",
                             "2.2250738585072014e-308",
                             "99999999999999999.9"}) {
    const std::string text = std::string("{\"a\":") + number + "}";
    CHECK(Matches(text, text));
    CHECK(Matches(text, std::string("{\"a\":[") + number + " ]}"));
  }

  Rng rng(3);
  for (int i = 0; i < 20000; ++i) {
    std::string number = rng.Below(2) == 0 ? "" : "-";
    number += std::to_string(rng.Below(1000000000) >> rng.Below(30));
    if (const uint64_t decimals = rng.Below(12); decimals > 0) {
      number += '.';
      for (uint64_t d = 0; d < decimals; ++d) number += static_cast<char>('0' + rng.Below(10));
    }
    const std::string text = "{\"a\":" + number + "}";
    const Filter filter = Filter::Parse(ParseJson(text, "filter"));
    REQUIRE(filter.MatchesText(text, scratch));
  }

  // Larger than the scratch buffer, again and again.
  std::string large = "{\"a\":[0";
  for (int i = 1; i < 5000; ++i) large += "," + std::to_string(i);
  large += "]}";
  const Filter last = Parsed(R"({"a":4999})");
  for (int i = 0; i < 20; ++i) REQUIRE(last.MatchesText(large, scratch));
  CHECK(Parsed(R"({"a":{"$size":5000}})").MatchesText(large, scratch));
}

TEST_CASE("filter: damaged text gives an error or an answer", "[filter]") {
  const Filter filter = Parsed(R"({"a":{"$gt":1},"b.c":"x","t":{"$exists":true}})");
  FilterScratch scratch;
  for (const char* text : {"{",
                           "{\"",
                           "{\"a",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":\"",
                           "{\"a\":\"\\",
                           "[1]",
                           "x",
                           "{\"a\":[1",
                           "{\"a\":[1,",
                           "{\"a\":{\"b\":",
                           "{\"x\":[\"",
                           "{\"x\":[[]",
                           "{\"a\":\"\\u12",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\\q\"}",
                           "{\"a\":1.}",
                           "{\"a\":-}",
                           "{\"a\":1e999}",
                           "{\"a\":nul}",
                           "{1:2}",
                           "{\"a\" 1}",
                           "{\"a\":2 \"b\":1}",
                           "nul",
                           "tru",
                           "{\"a\":}"}) {
    INFO(text);
    try {
      filter.MatchesText(text, scratch);
      FAIL("no error");
    } catch (const Error& e) {
      CHECK(e.code() == ErrorCode::kCorrupt);
    }
  }
  CHECK_THROWS_AS(filter.MatchesText("{\"a\":" + std::string(1000000, '['), scratch), Error);
  CHECK_THROWS_AS(filter.MatchesText("{\"x\":" + std::string(1000000, '['), scratch), Error);

  Rng rng(5);
  const std::string seed =
      R"({"x":{"y":["}",1]},"a":[1,2.5e3,"q\u00e9"],"b":{"c":"x\n"},"t":null})";
  for (int i = 0; i < 30000; ++i) {
    std::string text = seed;
    for (uint64_t edits = 1 + rng.Below(4); edits > 0; --edits) {
      const size_t at = rng.Below(text.size());
      if (rng.Below(2) == 0) {
        text[at] = seed[rng.Below(seed.size())];
      } else {
        text.erase(at, 1 + rng.Below(6));
      }
      if (text.empty()) text = "{";
    }
    // Exactly as long as the text, so that a sanitizer sees a read behind it.
    const std::vector<char> exact(text.begin(), text.end());
    const std::string_view view(exact.data(), exact.size());
    bool valid = true;
    bool expected = false;
    try {
      const JsonDocument document = ParseJson(view, "document");
      valid = document.IsObject();
      expected = filter.Matches(document);
    } catch (const Error&) {
      valid = false;
    }
    try {
      const bool matches = filter.MatchesText(view, scratch);
      if (valid) REQUIRE(matches == expected);
    } catch (const Error& e) {
      REQUIRE(!valid);
      REQUIRE(e.code() == ErrorCode::kCorrupt);
    }
  }
}

TEST_CASE("filter: outlives its source, moves, and serves threads", "[filter]") {
  Filter filter = [] {
    std::string text = R"({"field":{"$in":["a string that is too long to be stored inline"]}})";
    Filter parsed = Parsed(text);
    text.assign(text.size(), '?');
    return parsed;
  }();
  const Filter copy = filter;
  const Filter moved = std::move(filter);
#if defined(__EMSCRIPTEN__)
  constexpr size_t kThreads = 0;
#else
  constexpr size_t kThreads = 4;
#endif
  std::vector<int> hits(kThreads + 1, 0);
  const auto work = [&](size_t t) {
    FilterScratch scratch;
    for (int i = 0; i < 1000; ++i) {
      const char* text = i % 2 == 0 ? R"({"field":"a string that is too long to be stored inline"})"
                                    : R"({"field":"other"})";
      hits[t] += (t % 2 == 0 ? copy : moved).MatchesText(text, scratch) ? 1 : 0;
    }
  };
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) threads.emplace_back(work, t);
  work(kThreads);
  for (std::thread& thread : threads) thread.join();
  for (const int n : hits) CHECK(n == 500);
}

}  // namespace
}  // namespace ruvector
