#include "core/json.h"

#include <cmath>
#include <cstdlib>
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

TEST_CASE("json: numbers are the nearest doubles", "[json]") {
  const auto check = [](const std::string& text) {
    const double expected = std::strtod(text.c_str(), nullptr);
    Json number;
    INFO(text);
    REQUIRE(ParseJsonNumber(text, &number) == std::isfinite(expected));
    if (std::isfinite(expected)) REQUIRE(number.GetDouble() == expected);
  };
  for (const char* text : {"1e309",
                           "9.9e308",
                           "1.7976931348623157e308",
                           "1.7976931348623158e308",
                           "1.7976931348623159e308",
                           "17976931348623157e292",
                           "2.4703282292062327e-324",
                           "2.4703282292062328e-324",
                           "1e-324",
                           "9e-325",
                           "4.9406564584124654e-324",
                           "2.2250738585072011e-308",
                           "9007199254740993.0",
                           "9007199254740992.99999",
                           "1e22",
                           "1e23",
                           "8.5e22",
                           "123456789012345678901234567890",
                           "0e5",
                           "0e400",
                           "0.0e-400",
                           "-0e0",
                           "1e99999999999999999999",
                           "1e-99999999999999999999"}) {
    check(text);
  }
  // Midpoints between neighbours, and just beside them.
  const std::string half_min =
      "2.47032822920623272088284396434110686182529901307162382212792841250337753635104375932649918"
      "1808179961898982823477228588654633283551779698981993873980053909390631503565951557022639229"
      "08583924491051844359318028499365361525003193704576782492193656236698636584807570015857692699"
      "03706311928279558551332927834338409351978015531246597263579574622766465272827220056374006485"
      "49997709659947045402082816622623785739345073633900796776193057750674017632467360096895134053"
      "55374585166611342237666786041621596804619144672918403005300575308490487653917113865916462395"
      "24912623653881879636239373280423891018672348497668235089863388587925628302755995657524455507"
      "25518931369083625477918694866799496832404970582102851318545139621383772282614543769341253209"
      "8591327667236328125";
  check(half_min + "e-324");
  check(half_min + "0e-324");
  check(half_min + "1e-324");
  check(half_min + std::string(5000, '0') + "1e-324");
  check("9007199254740993" + std::string(900, '0'));
  check("9007199254740993." + std::string(900, '0') + "1");
  check("0." + std::string(5000, '0') + "1");
  check("0." + std::string(300, '0') + "123456789012345678901");
  check("0." + std::string(5000, '0') + "1e5000");
  check("1" + std::string(5000, '0') + "e-4990");

  Rng rng(13);
  for (int i = 0; i < 30000; ++i) {
    std::string text = std::to_string(1 + rng.Below(9));
    const bool point = rng.Below(2) == 0;
    if (point) text += '.';
    for (uint64_t n = 1 + rng.Below(rng.Below(10) == 0 ? 60 : 22); n > 0; --n) {
      text += static_cast<char>('0' + rng.Below(10));
    }
    if (!point || rng.Below(2) == 0) {
      text += 'e';
      text += std::to_string(static_cast<int64_t>(rng.Below(700)) - 350);
    }
    check(text);
  }
  Json untouched(true);
  for (const char* text : {"", "-", "+1", "01", "1.", ".1", "1e", "1e+", "1x", " 1", "1 ", "0x1",
                           "1e5.0", "--1", "nan", "inf", "1_0"}) {
    INFO(text);
    CHECK(!ParseJsonNumber(text, &untouched));
  }
  CHECK(untouched.IsTrue());
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
