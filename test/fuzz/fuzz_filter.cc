// A filter on the first line, metadata after it: the two ways to match must agree.
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "core/error.h"
#include "core/json.h"
#include "exercise.h"
#include "query/filter.h"

using namespace ruvector;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(text.find('\n'), text.size());
  const std::string_view metadata = text.substr(std::min(line + 1, text.size()));
  std::optional<Filter> filter;
  fuzz::Accepted(
      fuzz::Survives([&] { filter = Filter::Parse(ParseJson(text.substr(0, line), "filter")); }));
  if (!filter) return 0;
  std::optional<bool> parsed, scanned;
  bool is_object = false;
  fuzz::Survives([&] {
    const JsonDocument document = ParseJson(metadata, "metadata");
    is_object = document.IsObject();
    parsed = filter->Matches(document);
  });
  fuzz::Survives([&] {
    FilterScratch scratch;
    scanned = filter->MatchesText(metadata, scratch);
  });
  if (is_object && parsed && scanned != parsed) {
    std::fprintf(stderr, "WRONG: matching the text differs from matching the document\n");
    std::abort();
  }
  return 0;
}
