// Filters on which mingo and sift agree, read in place. The suite's `disagreements` are no truth.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "catch.h"
#include "core/json.h"
#include "query/filter.h"
#include "query/filter_rows.h"

namespace ruvector {
namespace {

TEST_CASE("filter conformance: mongo filter oracle", "[conformance][filter]") {
  const char* root = std::getenv("RUVECTOR_SUITES");
  const std::string path =
      std::string(root != nullptr ? root : "../shared/suites") + "/filter/mongo-filter-oracle.json";
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    WARN("SKIPPED: no filter suite at " << path << " (set RUVECTOR_SUITES)");
    return;
  }
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const JsonDocument suite = ParseJson(text, "suite");
  const Json& docs = suite["docs"];
  std::vector<std::string> texts;
  for (const Json& doc : docs.GetArray()) texts.push_back(WriteJson(doc));

  // Rows enough for field indexes.
  const Slot rows = static_cast<Slot>(FieldIndexes::kFewestRows + texts.size());
  const TextOfRow text_of = [&](Slot slot) -> std::string_view {
    return texts[slot % texts.size()];
  };
  FieldIndexes indexes;

  FilterScratch scratch;
  size_t cases = 0, failed = 0;
  for (const Json& test : suite["cases"].GetArray()) {
    const Filter filter = Filter::Parse(test["filter"]);
    std::vector<bool> expected(docs.Size());
    for (const Json& index : test["match"].GetArray()) expected.at(index.GetUint()) = true;
    bool ok = true;
    for (unsigned i = 0; i < docs.Size(); ++i) {
      ok = ok && filter.Matches(docs[i]) == expected[i] &&
           filter.MatchesText(texts[i], scratch) == expected[i];
    }
    Bitset matching(rows, true);
    KeepMatching(filter, text_of, indexes, SIZE_MAX, nullptr, matching);
    for (Slot s = 0; s < rows; ++s) ok = ok && matching.Test(s) == expected[s % texts.size()];
    if (!ok) UNSCOPED_INFO(WriteJson(test["filter"]));
    failed += ok ? 0 : 1;
    ++cases;
  }
  CHECK(failed == 0);
  REQUIRE(cases > 0);
  WARN("mongo filter oracle: " << cases - failed << " of " << cases << " filters, each on "
                               << docs.Size() << " documents");
}

}  // namespace
}  // namespace ruvector
