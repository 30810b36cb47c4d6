// JSONTestSuite (nst/JSONTestSuite, MIT), read in place: y_ is accepted, n_ is refused, i_ is free.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "catch.h"
#include "core/json.h"

namespace ruvector {
namespace {

std::filesystem::path Suite(const char* folder) {
  const char* root = std::getenv("RUVECTOR_SUITES");
  return std::filesystem::path(root != nullptr ? root : "../shared/suites") / folder;
}

TEST_CASE("json conformance: JSONTestSuite", "[conformance][json]") {
  const std::filesystem::path folder = Suite("json/test_parsing");
  if (!std::filesystem::is_directory(folder)) {
    WARN("SKIPPED: no JSON suite at " << folder.string() << " (set RUVECTOR_SUITES)");
    return;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());

  size_t accepted = 0, refused = 0, free = 0;
  for (const std::filesystem::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const std::string name = file.filename().string();
    bool ok = true;
    try {
      const JsonDocument document = ParseJson(text, "suite");
      const std::string written = WriteJson(document);
      CHECK(WriteJson(ParseJson(written, "suite")) == written);
    } catch (const Error&) {
      ok = false;
    }
    INFO(name);
    if (name[0] == 'y') {
      CHECK(ok);
      ++accepted;
    } else if (name[0] == 'n') {
      CHECK(!ok);
      ++refused;
    } else {
      ++free;
    }
  }
  REQUIRE(accepted > 0);
  REQUIRE(refused > 0);
  WARN("JSONTestSuite: " << accepted << " to accept, " << refused << " to refuse, " << free
                         << " free");
}

}  // namespace
}  // namespace ruvector
