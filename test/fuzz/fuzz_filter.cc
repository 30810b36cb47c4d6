// A filter on the first line, metadata after it: the two ways to match must agree, and a filter's
// complement must match whatever it does not.
#include <optional>
#include <string_view>

#include "core/json.h"
#include "exercise.h"
#include "mutate.h"
#include "query/filter.h"

using namespace ruvector;

namespace ruvector::fuzz {

static void MutateBoth(std::string& text, size_t most, Dice& dice) {
  const size_t line = std::min(text.find('\n'), text.size());
  std::string filter = text.substr(0, line);
  std::string metadata = text.substr(std::min(line + 1, text.size()));
  for (size_t n = 1 + dice.Below(3); n > 0; --n)
    MutateJson(dice.OneIn(3) ? metadata : filter, most / 2, dice);
  text = filter + "\n" + metadata;
}

}  // namespace ruvector::fuzz

RUVECTOR_MUTATE_WITH(MutateBoth)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(text.find('\n'), text.size());
  const std::string_view metadata = text.substr(std::min(line + 1, text.size()));
  fuzz::Reached("all");
  JsonDocument json;
  if (!fuzz::Survives([&] { json = ParseJson(text.substr(0, line), "filter"); },
                      {ErrorCode::kInvalidOption}))
    return 0;
  std::optional<Filter> filter, complement;
  if (!fuzz::Survives([&] { filter = Filter::Parse(json); }, {ErrorCode::kInvalidFilter})) return 0;
  fuzz::Reached("filter");
  const std::string negated = "{\"$nor\":[" + WriteJson(json) + "]}";
  // A filter at the limit of depth or conditions has none.
  fuzz::Survives([&] { complement = Filter::Parse(ParseJson(negated, "complement")); },
                 {ErrorCode::kInvalidFilter, ErrorCode::kInvalidOption});
  std::optional<bool> parsed, scanned;
  bool is_object = false;
  fuzz::Survives(
      [&] {
        const JsonDocument document = ParseJson(metadata, "metadata");
        is_object = document.IsObject();
        parsed = filter->Matches(document);
        if (complement)
          fuzz::Require(complement->Matches(document) != *parsed, "$nor is the complement");
      },
      {ErrorCode::kInvalidOption, ErrorCode::kInvalidFilter});
  fuzz::Survives(
      [&] {
        FilterScratch scratch;
        scanned = filter->MatchesText(metadata, scratch);
        fuzz::Require(filter->MatchesText(metadata, scratch) == *scanned, "matching repeats");
      },
      {ErrorCode::kCorrupt, ErrorCode::kInvalidFilter});
  if (!is_object || !parsed) return 0;
  fuzz::Reached("matched");
  fuzz::Require(scanned == parsed, "the text matches as the document does");
  return 0;
}
