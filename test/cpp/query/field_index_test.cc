// Filters answered by field indexes against the same filters answered by reading every text.
#include "query/field_index.h"

#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "core/coding.h"
#include "core/random.h"
#include "query/filter_rows.h"

namespace ruvector {
namespace {

using filter_internal::Path;
using filter_internal::Segment;

// Values that a filter can tell apart, and some that it cannot.
const std::vector<std::string> kValues = {"null",
                                          "true",
                                          "false",
                                          "0",
                                          "-0.0",
                                          "1",
                                          "1.0",
                                          "-7",
                                          "2.5",
                                          "1e300",
                                          "9223372036854775807",
                                          "9223372036854775808",
                                          "18446744073709551615",
                                          "9007199254740993",
                                          "9007199254740992.0",
                                          "\"\"",
                                          "\"a\"",
                                          "\"ab\"",
                                          "\"b\"",
                                          "\"\\u00fc\"",
                                          "[]",
                                          "[1,2]",
                                          "[\"a\",\"ab\"]",
                                          "[[1],null]",
                                          "[true,\"b\",1]",
                                          "{}",
                                          "{\"b\":1}",
                                          "{\"b\":[\"a\",3]}",
                                          "[{\"b\":1},{\"c\":2}]",
                                          "[{\"b\":[1,\"a\"]},{\"b\":\"ab\"}]",
                                          "[{\"b\":{\"c\":1}},5]"};
const std::vector<std::string> kPaths = {"a", "b", "a.b", "a.b.c", "x", "a.0", "a.0.b"};

std::string Pick(const std::vector<std::string>& from, Rng& rng) {
  return from[rng.Below(from.size())];
}

std::string Document(Rng& rng, const std::string& long_string) {
  if (rng.Below(20) == 0) return "";
  if (rng.Below(50) == 0) return "null";
  std::string text = "{\"noise\":[1,{\"a\":2}]";
  for (const char* name : {"a", "b", "a"}) {
    if (rng.Below(3) == 0) continue;
    const bool is_long = !long_string.empty() && rng.Below(30) == 0;
    text += std::string(",\"") + name + "\":" + (is_long ? long_string : Pick(kValues, rng));
  }
  return text + "}";
}

std::string Condition(Rng& rng) {
  const auto ordered = [&] {
    for (;;) {
      const std::string v = Pick(kValues, rng);
      if (v[0] != '[' && v[0] != '{' && v != "null") return v;
    }
  };
  switch (rng.Below(14)) {
    case 0:
      return Pick(kValues, rng);
    case 1:
      return "{\"$ne\":" + Pick(kValues, rng) + "}";
    case 2:
      return "{\"$gt\":" + ordered() + "}";
    case 3:
      return "{\"$gte\":" + ordered() + ",\"$lt\":" + ordered() + "}";
    case 4:
      return "{\"$lte\":" + ordered() + "}";
    case 5:
      return "{\"$in\":[" + Pick(kValues, rng) + "," + Pick(kValues, rng) + "]}";
    case 6:
      return "{\"$nin\":[" + Pick(kValues, rng) + "," + ordered() + "]}";
    case 7:
      return std::string("{\"$exists\":") + (rng.Below(2) == 0 ? "true}" : "false}");
    case 8:
      return "{\"$size\":2}";
    case 9:
      return "{\"$contains\":" + Pick(kValues, rng) + "}";
    case 10:
      return "{\"$not\":{\"$gt\":" + ordered() + "}}";
    case 11:
      return "{\"$elemMatch\":{\"b\":" + Pick(kValues, rng) + "}}";
    case 12:
      return rng.Below(2) == 0 ? "{\"$between\":[-7,2.5]}" : "{\"$between\":[\"a\",\"b\"]}";
    default:
      return "{\"$all\":[" + ordered() + "," + ordered() + "]}";
  }
}

std::string Query(Rng& rng, int depth) {
  if (depth == 0 || rng.Below(2) == 0)
    return "{\"" + Pick(kPaths, rng) + "\":" + Condition(rng) + "}";
  static const char* const kLogical[] = {"$and", "$or", "$nor"};
  std::string text = std::string("{\"") + kLogical[rng.Below(3)] + "\":[";
  const uint64_t parts = rng.Below(4);
  for (uint64_t i = 0; i < parts; ++i) text += (i == 0 ? "" : ",") + Query(rng, depth - 1);
  return text + "]}";
}

Filter Parsed(std::string_view text) { return Filter::Parse(ParseJson(text, "filter")); }

/// The rows of `among` that match, by reading every text.
Bitset ByText(const Filter& filter, const std::vector<std::string>& texts, Bitset among) {
  FilterScratch scratch;
  for (Slot s = 0; s < texts.size(); ++s) {
    if (among.Test(s) && !filter.MatchesText(texts[s], scratch)) among.Reset(s);
  }
  return among;
}

Path PathTo(const std::vector<std::string>& names) {
  Path path;
  for (const std::string& name : names) path.push_back({name});
  return path;
}

TEST_CASE("field index: every filter gives the rows that reading the texts gives",
          "[filter][field_index]") {
  Rng rng(7);
  const std::string too_long = "\"" + std::string(FieldIndex::kMaxIndexedString + 1, 'a') + "\"";
  for (const bool with_long : {false, true}) {
    std::vector<std::string> texts;
    FieldIndexes indexes;
    const TextOfRow text = [&](Slot slot) { return std::string_view(texts[slot]); };
    size_t by_index = 0;
    for (int round = 0; round < 1500; ++round) {
      // Rows come and change between the filters, so that indexes have several runs.
      const uint64_t more = round == 0 ? 1000 : rng.Below(12);
      for (uint64_t i = 0; i < more; ++i) texts.push_back(Document(rng, with_long ? too_long : ""));
      if (round % 3 == 0) {
        const Slot slot = static_cast<Slot>(rng.Below(texts.size()));
        texts[slot] = Document(rng, "");
        indexes.Change(slot);
      }
      Bitset live(texts.size(), true);
      for (int i = 0; i < 100; ++i) live.Reset(rng.Below(texts.size()));
      const std::string query = Query(rng, 3);
      INFO(query);
      const Filter filter = Parsed(query);
      Bitset rows = live;
      FilterWork work;
      KeepMatching(filter, text, indexes, SIZE_MAX, nullptr, rows, &work);
      by_index += !work.indexed.empty() && work.texts_read < texts.size() / 2 ? 1 : 0;
      REQUIRE(rows.words() == ByText(filter, texts, live).words());
    }
    CHECK(by_index > 300);
    CHECK(indexes.bytes() > texts.size());
  }
}

TEST_CASE("field index: a plain condition reads no text", "[filter][field_index]") {
  std::vector<std::string> texts;
  for (int i = 0; i < 2000; ++i)
    texts.push_back("{\"year\":" + std::to_string(2000 + i % 20) + ",\"tags\":[\"t" +
                    std::to_string(i % 7) + "\"],\"o\":{\"p\":" + std::to_string(i) + "}}");
  const TextOfRow text = [&](Slot slot) { return std::string_view(texts[slot]); };
  FieldIndexes indexes;
  for (const char* query : {R"({"year":2003})", R"({"year":{"$gte":2003,"$lt":2010},"tags":"t3"})",
                            R"({"$or":[{"tags":{"$in":["t1","t2"]}},{"o.p":{"$lt":100}}]})",
                            R"({"year":{"$ne":2001},"none":null,"tags":{"$exists":true}})"}) {
    INFO(query);
    const Filter filter = Parsed(query);
    const Bitset all(texts.size(), true);
    Bitset rows = all;
    FilterWork work;
    KeepMatching(filter, text, indexes, SIZE_MAX, nullptr, rows, &work);
    CHECK(work.texts_read == 0);
    CHECK(rows.words() == ByText(filter, texts, all).words());
  }
  CHECK(indexes.paths() == std::vector<std::string>{"none", "o.p", "tags", "year"});
  // A part that only texts can answer is asked of the rows that the rest leaves.
  Bitset rows(texts.size(), true);
  FilterWork work;
  KeepMatching(Parsed(R"({"year":2003,"tags":{"$size":1}})"), text, indexes, SIZE_MAX, nullptr,
               rows, &work);
  CHECK(work.texts_read == 100);
  CHECK(rows.Count() == 100);
}

TEST_CASE("field index: paths asked for last have one, and what holds no values is not kept",
          "[filter][field_index]") {
  std::vector<std::string> texts(600, "{\"year\":1}");
  const TextOfRow text = [&](Slot slot) { return std::string_view(texts[slot]); };
  FieldIndexes indexes;
  const auto texts_read = [&](const std::string& query) {
    Bitset rows(texts.size(), true);
    FilterWork work;
    KeepMatching(Parsed(query), text, indexes, SIZE_MAX, nullptr, rows, &work);
    return work.texts_read;
  };
  for (int i = 0; i < 100; ++i) CHECK(texts_read("{\"typo" + std::to_string(i) + "\":1}") == 0);
  CHECK(texts_read("{\"year\":1}") == 0);
  CHECK(indexes.paths().size() == 64);
  // What no index can tell has none.
  CHECK(texts_read("{\"object\":{\"a\":1}}") == 600);
  CHECK(texts_read("{\"in\":{\"$in\":[1,[2]]}}") == 600);
  const std::string bytes = indexes.Write(texts.size(), text);
  FieldIndexes read;
  read.Open(
      bytes.size(),
      [&](uint64_t offset, uint64_t n) { return std::string_view(bytes).substr(offset, n); },
      "here");
  CHECK(read.stored_paths() == std::vector<std::string>{"year"});
  // Where there is no room nothing is made, and what is there is used.
  Bitset rows(texts.size(), true);
  FilterWork work;
  KeepMatching(Parsed("{\"year\":1}"), text, read, 0, nullptr, rows, &work);
  CHECK(work.texts_read == 0);
  CHECK(rows.Count() == 600);
  KeepMatching(Parsed("{\"other\":null}"), text, read, 100, nullptr, rows, &work);
  CHECK(work.texts_read == 600);
  CHECK(rows.Count() == 600);
}

TEST_CASE("field index: damaged bytes are CORRUPT or answer something", "[filter][field_index]") {
  std::vector<std::string> texts;
  Rng rng(3);
  for (int i = 0; i < 60; ++i) texts.push_back(Document(rng, ""));
  const TextOfRow text = [&](Slot slot) { return std::string_view(texts[slot]); };
  const std::string whole = FieldIndex::Build(PathTo({"a"}), 0, 60, text, SIZE_MAX, nullptr);
  CHECK(whole == FieldIndex::Build(PathTo({"a"}), 0, 60, text, SIZE_MAX, nullptr));
  const auto ask = [&](std::string_view bytes, Slot end) {
    const FieldIndex index(bytes, 0, end);
    for (const char* query :
         {R"({"a":1})", R"({"a":{"$gt":"a"}})", R"({"a":{"$lt":3}})", R"({"a":null})",
          R"({"a":{"$exists":true}})", R"({"a":{"$contains":"b"}})"}) {
      const Filter filter = Parsed(query);
      Bitset rows(end);
      index.Match(filter.tree().nodes[filter.tree().root], rows);
    }
  };
  ask(whole, 60);
  CHECK_THROWS_AS(ask(whole, 59), Error);
  CHECK_THROWS_AS(ask(whole + "x", 60), Error);
  size_t refused = 0;
  for (size_t i = 0; i < whole.size(); ++i) {
    CHECK_THROWS_AS(ask(std::string_view(whole).substr(0, i), 60), Error);
    for (const uint8_t flip : {1, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(static_cast<uint8_t>(damaged[i]) ^ flip);
      try {
        ask(damaged, 60);
      } catch (const Error& e) {
        CHECK(e.code() == ErrorCode::kCorrupt);
        ++refused;
      }
    }
  }
  CHECK(refused > whole.size() / 2);
}

}  // namespace
}  // namespace ruvector
