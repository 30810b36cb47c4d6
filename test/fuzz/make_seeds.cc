// Seeds for every target, made with the product itself: make_seeds <folder>.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "sample.h"

using namespace ruvector;

namespace {

std::filesystem::path root;

void Save(const std::string& target, const std::string& name, std::string_view bytes) {
  std::filesystem::create_directories(root / target);
  std::ofstream(root / target / name, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  root = argv[1];
  for (const size_t rows : {size_t{3}, size_t{20}, size_t{300}}) {
    const std::string n = std::to_string(rows);
    const fuzz::Sample sample = fuzz::MakeSample(rows);
    for (const auto& [name, bytes] : sample.files) {
      if (name.starts_with("wal-")) Save("fuzz_wal", n, bytes);
      if (name.starts_with("manifest-")) Save("fuzz_manifest", n, bytes.substr(64));
      if (name.starts_with("seg-")) Save("fuzz_segment", n + name, bytes);
    }
    if (rows < 300) Save("fuzz_container", n, fuzz::MakeContainer(rows));
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
                         "\"\\ud800\"",
                         "[[[[[[[[]]]]]]]]"};
  for (const char* t : texts) Save("fuzz_metadata", std::to_string(i++), t);
  return 0;
}
