// Seeds for every target, made with the product itself: make_seeds <folder>. Where $RUVECTOR_SUITES
// or ../shared/suites has them, filters and JSON texts from there too.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "core/json.h"
#include "sample.h"

using namespace ruvector;

namespace {

std::filesystem::path root;

void Save(const std::string& target, const std::string& name, std::string_view bytes) {
  std::filesystem::create_directories(root / target);
  std::ofstream(root / target / name, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string Load(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void SaveFilters(const std::filesystem::path& oracle) {
  const std::string text = Load(oracle);
  if (text.empty()) return;
  const JsonDocument suite = ParseJson(text, "suite");
  const Json& docs = suite["docs"];
  unsigned i = 0;
  for (const Json& test : suite["cases"].GetArray()) {
    // A document that matches, where there is one.
    const Json& match = test["match"];
    const unsigned doc = match.Size() > 0 ? match[i % match.Size()].GetUint() : i % docs.Size();
    Save("fuzz_filter", "suite" + std::to_string(i++),
         WriteJson(test["filter"]) + "\n" + WriteJson(docs[doc]));
  }
}

void SaveTexts(const std::filesystem::path& folder) {
  std::error_code missing;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, missing)) {
    if (entry.path().extension() == ".json" && entry.file_size() < 4096)
      Save("fuzz_metadata", "suite-" + entry.path().filename().string(), Load(entry.path()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  root = argv[1];
  for (const size_t rows : {size_t{3}, size_t{20}, size_t{260}}) {
    const std::string n = std::to_string(rows);
    const fuzz::Sample sample = fuzz::MakeSample(rows);
    for (const auto& [name, bytes] : sample.files) {
      if (name.starts_with("wal-")) Save("fuzz_wal", n, fuzz::TextOf(bytes));
      if (name.starts_with("manifest-")) Save("fuzz_manifest", n, fuzz::TextOf(bytes).substr(64));
    }
    if (rows < 260) Save("fuzz_container", n, fuzz::MakeContainer(rows));
  }
  for (const Metric metric :
       {Metric::kCosine, Metric::kEuclidean, Metric::kDot, Metric::kManhattan}) {
    for (const size_t rows : {size_t{0}, size_t{1}, size_t{6}, size_t{40}}) {
      for (const size_t linked : {size_t{0}, rows / 2, rows}) {
        for (const size_t deleted_step : {0, 2, 3}) {
          std::string segment = fuzz::MakeSegment(rows, linked, metric, 2);
          segment[32] = static_cast<char>(rows + linked + deleted_step);
          segment[33] = static_cast<char>(deleted_step);
          Save("fuzz_segment",
               std::to_string(static_cast<int>(metric)) + "-" + std::to_string(rows) + "-" +
                   std::to_string(linked) + "-" + std::to_string(deleted_step),
               segment);
        }
      }
    }
  }
  const char* filters[] = {
      "{\"a\":1}\n{\"a\":1,\"b\":[1,2]}",
      "{\"$or\":[{\"a\":{\"$gt\":1}},{\"b\":{\"$exists\":false}}]}\n{\"a\":2}",
      "{\"a.b\":{\"$in\":[1,\"x\",null]}}\n{\"a\":[{\"b\":1},{\"b\":\"x\"}]}",
      "{\"t\":{\"$elemMatch\":{\"$gte\":1,\"$lt\":3}}}\n{\"t\":[0,2,5]}",
      "{\"t\":{\"$all\":[1,2],\"$size\":2}}\n{\"t\":[1,2]}",
      "{\"s\":{\"$contains\":\"ab\"},\"n\":{\"$between\":[1,9]}}\n{\"s\":\"xaby\",\"n\":5}",
      "{\"$nor\":[{\"a\":{\"$not\":{\"$ne\":1}}}]}\n{\"a\":1e5}"};
  int i = 0;
  for (const char* f : filters) Save("fuzz_filter", std::to_string(i++), f);
  const char* texts[] = {"{}",
                         "[1,2.5,-3e-7,\"\\u00e9\\ud83d\\ude00\"]",
                         "{\"a\":{\"b\":[null,true,false]},\"__proto__\":1}",
                         "123456789012345678901234567890",
                         "[9007199254740993,9007199254740993.0,18446744073709551615,-1,\"a\",\"\"]",
                         "\"\\ud800\"",
                         "[[[[[[[[]]]]]]]]"};
  for (const char* t : texts) Save("fuzz_metadata", std::to_string(i++), t);
  const char* suites = std::getenv("RUVECTOR_SUITES");
  const std::filesystem::path shared = suites != nullptr ? suites : "../shared/suites";
  SaveFilters(shared / "filter" / "mongo-filter-oracle.json");
  SaveTexts(shared / "json");
  return 0;
}
