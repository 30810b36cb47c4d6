// An inverted file against a graph, of the same rows and the same codes: recall, time, and pages of
// the file that a search touches.
//   list_search <rows.f32> <queries.f32> <dimensions> <cosine | euclidean | dot> <folder>
//               <codes> [nlist]
// The folder keeps both databases for the next run; where it is empty, the times of building them
// are printed. For each length of a search a line of JSON: recall@10, median time over rounds in
// which all take turns, distances, and pages of the segment's mapping that a search references (of
// the first 100 queries, by /proc/self/clear_refs).
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collection/compaction.h"
#include "core/parallel.h"

namespace {

using namespace ruvector;
using Clock = std::chrono::steady_clock;

constexpr size_t kRounds = 5, kHits = 10, kQueriesForPages = 100;
constexpr size_t kProbes[] = {1, 2, 4, 8, 12, 16, 20, 24, 32, 48, 64, 96, 128};
constexpr size_t kLists[] = {10, 16, 24, 32, 48, 64, 96, 128, 192, 256};

std::vector<float> Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<float> values(static_cast<size_t>(file.tellg()) / 4);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(values.size() * 4));
  return values;
}

double Seconds(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Build(DatabaseOptions options, const std::vector<float>& rows) {
  if (std::filesystem::exists(options.path)) return;
  const size_t dimensions = *options.dimensions;
  const auto start = Clock::now();
  const std::shared_ptr<Database> db = Database::Open(options);
  std::vector<std::string> ids;
  for (size_t r = 0; r < rows.size() / dimensions; ++r) ids.push_back(std::to_string(r));
  db->Write([&] {
    std::vector<Operation> operations;
    for (size_t r = 0; r < ids.size(); ++r) {
      operations.push_back({Operation::Kind::kPut, ids[r], "", rows.data() + r * dimensions});
    }
    return operations;
  });
  while (db->LinkSome(db->collection(), 10000) > 0) {
  }
  const double linked = Seconds(start);
  Compaction compaction(db);
  while (compaction.Step()) {
  }
  db->Close();
  const double all = Seconds(start);
  uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(options.path))
    bytes += std::filesystem::is_regular_file(file) ? std::filesystem::file_size(file) : 0;
  std::printf("{\"built\":\"%s\",\"written\":%.2f,\"compacted\":%.2f,\"bytesARow\":%.1f}\n",
              options.path.c_str(), linked, all - linked,
              static_cast<double>(bytes) / static_cast<double>(ids.size()));
}

// Mappings of segments, from and to.
std::vector<std::pair<uint64_t, uint64_t>> Mappings(const std::string& folder) {
  std::vector<std::pair<uint64_t, uint64_t>> found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find(folder + "/seg-") == std::string::npos) continue;
    unsigned long from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &from, &to) == 2) found.emplace_back(from, to);
  }
  return found;
}

uint64_t ReferencedPages(const std::string& folder) {
  std::ifstream smaps("/proc/self/smaps");
  bool inside = false;
  uint64_t pages = 0;
  for (std::string line; std::getline(smaps, line);) {
    if (line.find('-') < 20 && line.find(' ') > line.find('-') && line.find(':') > line.find(' '))
      inside = line.find(folder + "/seg-") != std::string::npos;
    unsigned long kb = 0;
    if (inside && std::sscanf(line.c_str(), "Referenced: %lu kB", &kb) == 1) pages += kb / 4;
  }
  return pages;
}

void ForgetReferences() {
  const int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "1", 1) != 1) throw std::runtime_error("no /proc/self/clear_refs");
  close(fd);
}

void TouchAll(const std::string& folder) {
  volatile uint8_t sum = 0;
  for (const auto& [from, to] : Mappings(folder)) {
    for (uint64_t at = from; at < to; at += 4096) sum = sum + *reinterpret_cast<const uint8_t*>(at);
  }
}

struct Side {
  std::string index;
  size_t length;
  std::shared_ptr<Database> db;
  std::string folder;
  std::vector<double> times = {};
  double recall = 0, distances = 0, pages = 0;

  SearchRequest Request(const float* query) const {
    SearchRequest request;
    request.vector = query;
    request.k = kHits;
    request.include_metadata = false;
    (index == "ivf" ? request.nprobe : request.ef_search) = length;
    return request;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) return 2;
  const size_t dimensions = std::stoul(argv[3]);
  const std::vector<float> rows = Read(argv[1]), queries = Read(argv[2]);
  const size_t asked = queries.size() / dimensions;
  const std::string folder = argv[5];
  std::filesystem::create_directories(folder);

  std::vector<Side> sides;
  for (const IndexKind kind : {IndexKind::kHnsw, IndexKind::kIvf}) {
    DatabaseOptions options;
    options.dimensions = dimensions;
    options.metric = ParseMetric(argv[4]);
    options.index = kind;
    options.quantization = ParseQuantization(argv[6]);
    if (!options.quantization) return 2;
    const bool ivf = kind == IndexKind::kIvf;
    if (ivf && argc > 7) options.nlist = std::stoul(argv[7]);
    options.path = folder + (ivf ? "/ivf" : "/hnsw") + argv[6] + (ivf && argc > 7 ? argv[7] : "");
    Build(options, rows);
    options.read_only = true;
    const std::shared_ptr<Database> db = Database::Open(options);
    const CollectionStats stats = db->collection().Stats();
    std::printf("{\"index\":\"%s\",\"lists\":%zu,\"memoryARow\":%.2f,\"segments\":%zu}\n",
                ivf ? "ivf" : "hnsw", stats.lists,
                static_cast<double>(stats.memory_bytes) / static_cast<double>(stats.count),
                stats.segments);
    for (const size_t length : kLists)
      if (!ivf) sides.push_back({"hnsw", length, db, options.path});
    for (const size_t length : kProbes)
      if (ivf && length <= stats.lists) sides.push_back({"ivf", length, db, options.path});
  }

  std::vector<std::vector<std::string>> truth(asked);
  ParallelFor(DefaultThreads(), 0, asked, [&](size_t q) {
    SearchRequest request = sides[0].Request(queries.data() + q * dimensions);
    request.exact = true;
    for (const Hit& hit : sides[0].db->collection().Search(request)) truth[q].push_back(hit.id);
  });
  for (size_t round = 0; round <= kRounds; ++round) {
    for (Side& side : sides) {
      const Collection& collection = side.db->collection();
      std::vector<std::vector<Hit>> hits(asked);
      const auto start = Clock::now();
      for (size_t q = 0; q < asked; ++q)
        hits[q] = collection.Search(side.Request(queries.data() + q * dimensions));
      const double seconds = Seconds(start);
      if (round > 0) {
        side.times.push_back(seconds / static_cast<double>(asked));
        continue;
      }
      size_t right = 0;  // the first round warms up
      for (size_t q = 0; q < asked; ++q) {
        for (const Hit& hit : hits[q])
          right += static_cast<size_t>(std::count(truth[q].begin(), truth[q].end(), hit.id));
        for (const auto& s :
             collection.Explain(side.Request(queries.data() + q * dimensions)).segments)
          side.distances += static_cast<double>(s.distances) / static_cast<double>(asked);
      }
      side.recall = static_cast<double>(right) / static_cast<double>(asked * kHits);
    }
  }
  for (Side& side : sides) {
    const Collection& collection = side.db->collection();
    const auto search = [&](size_t q) {
      (void)collection.Search(side.Request(queries.data() + q % asked * dimensions));
    };
    for (size_t q = 0; q < kQueriesForPages; ++q) {
      TouchAll(side.folder);
      ForgetReferences();
      search(q);
      side.pages += static_cast<double>(ReferencedPages(side.folder)) / kQueriesForPages;
    }
    std::printf(
        "{\"index\":\"%s\",\"length\":%zu,\"recall\":%.4f,\"us\":%.1f,\"distances\":%.0f,"
        "\"pages\":%.0f}\n",
        side.index.c_str(), side.length, side.recall, Median(side.times) * 1e6, side.distances,
        side.pages);
    std::fflush(stdout);
  }
  return 0;
}
