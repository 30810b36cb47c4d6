#include "core/suggest.h"

#include <array>
#include <string>

#include "catch.h"

namespace ruvector {
namespace {

constexpr auto kMany = std::to_array<std::string_view>(
    {"dimensions", "distanceMetric", "storagePath", "hnswConfig", "quantization", "readOnly",
     "durability", "index", "k", "efSearch"});
constexpr auto kFew = std::to_array<std::string_view>({"cosine", "euclidean", "dot"});

TEST_CASE("suggest: near words", "[suggest]") {
  CHECK(DidYouMean("dimension", kMany) == " (did you mean \"dimensions\"?)");
  CHECK(DidYouMean("dimesnions", kMany) == " (did you mean \"dimensions\"?)");
  CHECK(DidYouMean("READONLY", kMany) == " (did you mean \"readOnly\"?)");
  CHECK(DidYouMean("read_only", kMany) == " (did you mean \"readOnly\"?)");
  CHECK(DidYouMean("ef_search", kMany) == " (did you mean \"efSearch\"?)");
  CHECK(DidYouMean("hnsw", kMany) == " (did you mean \"hnswConfig\"?)");
  CHECK(DidYouMean("indexes", kMany) == " (did you mean \"index\"?)");
  CHECK(DidYouMean("cosin", kFew) == " (did you mean \"cosine\"?)");
}

TEST_CASE("suggest: far words", "[suggest]") {
  CHECK(DidYouMean("banana", kMany) == "");
  CHECK(DidYouMean("", kMany) == "");
  CHECK(DidYouMean("m", kMany) == "");
  CHECK(DidYouMean(std::string(1000, 'k'), kMany) == "");
  CHECK(DidYouMean("hamming", kFew) == " (expected one of cosine, euclidean, dot)");
  CHECK(DidYouMean("x", {}) == "");
}

}  // namespace
}  // namespace ruvector
