#include "core/crc32c.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "core/coding.h"
#include "core/random.h"
#include "support/catch.h"
#include "support/test_folder.h"

namespace ruvector {
namespace {

std::string FromHex(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    uint64_t byte = 0;
    REQUIRE(ParseHex(hex.substr(i, 2), &byte));
    out.push_back(static_cast<char>(byte));
  }
  return out;
}

void CheckBoth(const std::string& bytes, uint32_t expected) {
  CHECK(Crc32c(bytes.data(), bytes.size()) == expected);
  CHECK(Crc32cPortable(bytes.data(), bytes.size()) == expected);
}

TEST_CASE("crc32c: RFC 3720 B.4") {
  CheckBoth("", 0);
  CheckBoth("123456789", 0xe3069283u);
  CheckBoth(std::string(32, '\0'), 0x8a9136aau);
  CheckBoth(std::string(32, '\xff'), 0x62a8ab43u);
  std::string up;
  for (char c = 0; c < 32; ++c) up.push_back(c);
  CheckBoth(up, 0x46dd794eu);
  CheckBoth(std::string(up.rbegin(), up.rend()), 0x113fdb5cu);
}

TEST_CASE("crc32c: vectors of the shared suite") {
  const char* suites = std::getenv("RUVECTOR_SUITES");
  const std::string path = std::string(suites != nullptr ? suites : "../shared/suites") +
                           "/crypto/rfc8032-and-friends.json";
  if (!TestFolder::Available() || KindOfPath(path) != PathKind::kFile) {
    WARN("skipped: " << path << " is not there (set RUVECTOR_SUITES)");
    return;
  }
  const auto mapping = OpenPath(path)->Map();
  const std::string text(reinterpret_cast<const char*>(mapping->data()), mapping->size());
  const auto value = [](const std::string& entry, const std::string& key) {
    const size_t at = entry.find("\"" + key + "\"");
    if (at == std::string::npos) return std::string();
    const size_t begin = entry.find('"', entry.find(':', at)) + 1;
    return entry.substr(begin, entry.find('"', begin) - begin);
  };
  size_t at = text.find("\"crc32c\"");
  const size_t end = text.find(']', at);
  REQUIRE(end != std::string::npos);
  int checked = 0;
  while ((at = text.find('{', at)) < end) {
    const std::string entry = text.substr(at, text.find('}', at) - at);
    const std::string ascii = value(entry, "ascii");
    uint64_t expected = 0;
    REQUIRE(ParseHex(value(entry, "crc"), &expected));
    CheckBoth(ascii.empty() ? FromHex(value(entry, "hex")) : ascii,
              static_cast<uint32_t>(expected));
    ++checked;
    ++at;
  }
  CHECK(checked >= 3);
}

TEST_CASE("crc32c: instruction, tables and chaining agree at every length and alignment") {
  Rng rng(7);
  std::vector<uint8_t> bytes(20000);
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(rng.Next());
  for (size_t n = 0; n < 300; ++n) {
    for (size_t at = 0; at < 9; ++at) {
      REQUIRE(Crc32c(&bytes[at], n, 5) == Crc32cPortable(&bytes[at], n, 5));
    }
  }
  for (const size_t n : {1023, 1024, 3071, 3072, 3073, 6143, 6144, 9216, 19990}) {
    const uint32_t whole = Crc32cPortable(&bytes[3], n);
    REQUIRE(Crc32c(&bytes[3], n) == whole);
    for (int i = 0; i < 20; ++i) {
      const size_t cut = rng.Below(n + 1);
      REQUIRE(Crc32c(&bytes[3 + cut], n - cut, Crc32c(&bytes[3], cut)) == whole);
    }
  }
}

}  // namespace
}  // namespace ruvector
