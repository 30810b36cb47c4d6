// What a search costs in C++, without JavaScript: the same database, queries and options that
// bench/run.mjs uses. Usage: core_search <database> <queries.f32> <queries> <dimensions> <k>
// <rounds>   prints the median of the rounds' mean, in microseconds
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "collection/database.h"

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const size_t count = std::strtoul(argv[3], nullptr, 10),
               dimensions = std::strtoul(argv[4], nullptr, 10);
  const size_t k = std::strtoul(argv[5], nullptr, 10), rounds = std::strtoul(argv[6], nullptr, 10);
  std::vector<float> queries(count * dimensions);
  std::FILE* file = std::fopen(argv[2], "rb");
  if (file == nullptr ||
      std::fread(queries.data(), sizeof(float), queries.size(), file) != queries.size())
    return 1;
  std::fclose(file);

  ruvector::DatabaseOptions options;
  options.path = argv[1];
  options.read_only = true;
  const auto db = ruvector::Database::Open(options);
  std::vector<double> means;
  size_t found = 0;
  for (size_t round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (size_t q = 0; q < count; ++q) {
      ruvector::SearchRequest request;
      request.vector = queries.data() + q * dimensions;
      request.k = k;
      request.include_metadata = false;
      found += db->collection().Search(request).size();
    }
    const std::chrono::duration<double, std::micro> spent =
        std::chrono::steady_clock::now() - start;
    means.push_back(spent.count() / static_cast<double>(count));
  }
  std::sort(means.begin(), means.end());
  std::printf("%.3f\n", means[means.size() / 2]);
  return found > 0 ? 0 : 1;
}
