#include "core/json.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "catch.h"
#include "core/random.h"
#include "core/types.h"

namespace ruvector {
namespace {

std::string RoundTrip(std::string_view text) { return WriteJson(ParseJson(text, "test")); }

std::string ParseFailure(std::string_view text) {
  try {
    ParseJson(text, "test");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::kInvalidOption);
    return e.what();
  }
  return "accepted";
}

std::string Nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST_CASE("json: what is read is written", "[json]") {
  for (const char* text : {"null", "true", "false", "0", "-1", "1.5", "\"\"", "[]", "{}",
                           "[1,[2,{\"a\":null}]]", "{\"b\":1,\"a\":2}", "{\"__proto__\":{\"x\":1}}",
                           "\"\xC3\xA9\xF0\x9F\x98\x80\"", "9223372036854775807",
                           "-9223372036854775808", "18446744073709551615", "{\"a\":1,\"a\":2}"}) {
    CHECK(RoundTrip(text) == text);
  }
  CHECK(RoundTrip(" [ 1 , 2 ] ") == "[1,2]");
  CHECK(RoundTrip("\"\\u00e9\\ud83d\\ude00\\/\"") == "\"\xC3\xA9\xF0\x9F\x98\x80/\"");
  CHECK(RoundTrip("\"\\u0000\\b\\n\\\"\\\\\"") == "\"\\u0000\\u0008\\n\\\"\\\\\"");
}

TEST_CASE("json: doubles survive", "[json]") {
  Rng rng(7);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t bits = rng.Next();
    double v;
    std::memcpy(&v, &bits, sizeof v);
    if (!std::isfinite(v)) continue;
    std::string text;
    AppendJsonNumber(text, v);
    REQUIRE(ParseJson(text, "test").GetDouble() == v);
  }
  CHECK(ParseJson("0.1", "test").GetDouble() == 0.1);
  CHECK(ParseJson("1e-999", "test").GetDouble() == 0.0);
  CHECK(ParseJson("-0.0", "test").GetDouble() == 0.0);
  CHECK(std::signbit(ParseJson("-0.0", "test").GetDouble()));
  CHECK(ParseJson("1.7976931348623157e308", "test").GetDouble() ==
        std::numeric_limits<double>::max());
  CHECK(ParseJson("5e-324", "test").GetDouble() == std::numeric_limits<double>::denorm_min());
  CHECK(ParseJson("18446744073709551616", "test").GetDouble() == 18446744073709551616.0);
}

TEST_CASE("json: strictness", "[json]") {
  CHECK(ParseFailure("") == "test: the document is empty at byte 0");
  CHECK(ParseFailure({}) == "test: the document is empty at byte 0");
  CHECK(ParseFailure("\xEF\xBB\xBF{}") == "test: byte-order mark at byte 0");
  CHECK(ParseFailure(std::string_view("1\0garbage", 9)) == "test: NUL byte at byte 1");
  CHECK(ParseFailure("{} x").find("at byte 3") != std::string::npos);
  CHECK(ParseFailure("1.8e308").find("too") != std::string::npos);
  CHECK(ParseFailure("[1e400]").find("too") != std::string::npos);
  CHECK(ParseFailure("\"\\ud800\"").find("surrogate") != std::string::npos);
  CHECK(ParseFailure("\"\\udc00\"").find("surrogate") != std::string::npos);
  CHECK(ParseFailure("\"\\udc00\\ud800\"").find("surrogate") != std::string::npos);
  CHECK(ParseFailure("{\"\\udfff\":1}").find("surrogate") != std::string::npos);
  for (const char* text : {"\"\xED\xA0\x80\"",
                           "\"\xFF\"",
                           "\"\xC0\x80\"",
                           "\"\xF4\x90\x80\x80\"",
                           "\"\xE2\x82\"",
                           "[1,]",
                           "{\"a\":1,}",
                           "{a:1}",
                           "'a'",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "NaN",
                           "Infinity",
                           "tru",
                           "\"\n\"",
                           "[1 2]",
                           "// c\n1",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "-",
                           "1e",
                           "\xC2\xA0"
                           "1"}) {
    INFO(text);
    CHECK(ParseFailure(text) != "accepted");
  }
  // 0xED also starts ordinary Korean letters.
  CHECK(RoundTrip("\"\xED\x95\x9C\xED\x9E\xA3\"") == "\"\xED\x95\x9C\xED\x9E\xA3\"");
  CHECK_THROWS_AS(ParseJson("x", "row", ErrorCode::kCorrupt), Error);
}

TEST_CASE("json: depth", "[json]") {
  CHECK(RoundTrip(Nested(kMaxJsonDepth)) == Nested(kMaxJsonDepth));
  CHECK(ParseFailure(Nested(kMaxJsonDepth + 1)) == "test: more than 128 nested values at byte 128");
  CHECK(ParseFailure(std::string(1000000, '[')).find("nested") != std::string::npos);
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  CHECK(ParseFailure(objects).find("nested") != std::string::npos);
  // Width is not depth.
  std::string wide = "[";
  for (int i = 0; i < 1000; ++i) wide += i == 0 ? "[]" : ",[]";
  CHECK(RoundTrip(wide + "]") == wide + "]");

  JsonAllocator allocator;
  Json deep(rapidjson::kArrayType);
  for (size_t i = 0; i < kMaxJsonDepth + 1; ++i) {
    Json outer(rapidjson::kArrayType);
    Json inner;
    inner.Swap(deep);
    outer.PushBack(inner, allocator);
    deep.Swap(outer);
  }
  CHECK(JsonDeeperThan(deep, kMaxJsonDepth));
  CHECK(!JsonDeeperThan(deep, kMaxJsonDepth + 2));
  CHECK_THROWS_AS(WriteJson(deep), Error);
  CHECK_THROWS_AS(CopyJson(deep, allocator), Error);
}

TEST_CASE("json: hostile text never crashes", "[json]") {
  Rng rng(11);
  const std::string seed =
      "{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\",null,true,{\"b\":{}}],\"c\":"
      "\"\xF0\x9F\x98\x80\"}";
  for (int i = 0; i < 20000; ++i) {
    std::string text = seed;
    for (uint64_t edits = 1 + rng.Below(4); edits > 0; --edits) {
      const size_t at = rng.Below(text.size());
      switch (rng.Below(3)) {
        case 0:
          text[at] = static_cast<char>(rng.Below(256));
          break;
        case 1:
          text.erase(at, 1 + rng.Below(5));
          break;
        default:
          text.insert(at, seed, rng.Below(seed.size()), rng.Below(8));
      }
      if (text.empty()) text = "0";
    }
    try {
      const JsonDocument once = ParseJson(text, "test");
      const std::string written = WriteJson(once);
      REQUIRE(RoundTrip(written) == written);
    } catch (const Error&) {
    }
  }
  for (const std::string& digits :
       std::vector<std::string>{std::string(5000, '9'), "0." + std::string(5000, '0') + "1",
                                "1e-" + std::string(5000, '9'), std::string(300, '9') + ".5e5",
                                "0." + std::string(2000, '9') + "e2000", "1e00000000000001",
                                "-1e-2147483649", "1e2147483648"}) {
    ParseFailure(digits);
  }
}

TEST_CASE("json: numbers without a JSON form", "[json]") {
  std::string out;
  CHECK_THROWS_AS(AppendJsonNumber(out, std::nan("")), Error);
  CHECK_THROWS_AS(AppendJsonNumber(out, HUGE_VAL), Error);
  CHECK_THROWS_AS(WriteJson(Json(-HUGE_VAL)), Error);
  AppendJsonInteger(out, std::numeric_limits<int64_t>::min());
  AppendJsonInteger(out, std::numeric_limits<uint64_t>::max());
  CHECK(out == "-922337203685477580818446744073709551615");
}

TEST_CASE("json: access", "[json]") {
  const JsonDocument document = ParseJson("{\"a\":1,\"a\":2,\"b\":\"x\\u0000y\",\"\":3}", "test");
  REQUIRE(FindMember(document, "a") != nullptr);
  CHECK(FindMember(document, "a")->GetInt() == 1);
  CHECK(FindMember(document, "")->GetInt() == 3);
  CHECK(FindMember(document, "c") == nullptr);
  CHECK(FindMember(*FindMember(document, "a"), "a") == nullptr);
  CHECK(JsonText(*FindMember(document, "b")) == std::string_view("x\0y", 3));
  // The wrong type is an error, not an abort.
  CHECK_THROWS_AS(JsonText(*FindMember(document, "a")), Error);
  CHECK(std::string(JsonTypeName(document)) == "an object");

  JsonAllocator allocator;
  Json copy;
  {
    std::string text = "short-lived string, too long to be stored inside";
    Json array(rapidjson::kArrayType);
    JsonAllocator inner;
    array.PushBack(Json(Json::StringRefType(text.data(), static_cast<unsigned>(text.size()))),
                   inner);
    copy = CopyJson(array, allocator);
    text.assign(text.size(), '?');
  }
  CHECK(WriteJson(copy) == "[\"short-lived string, too long to be stored inside\"]");
  CHECK(JsonString({}, allocator).GetStringLength() == 0);
}

TEST_CASE("json: quotes for messages", "[json]") {
  CHECK(QuoteForMessage("a\"b\n") == "\"a\\\"b\\n\"");
  CHECK(QuoteForMessage(std::string(100, 'x')) == "\"" + std::string(80, 'x') + "…\"");
  // The cut does not fall inside a character.
  CHECK(QuoteForMessage(std::string(79, 'x') + "\xC3\xA9\xC3\xA9") ==
        "\"" + std::string(79, 'x') + "…\"");
}

}  // namespace
}  // namespace ruvector
