#include "binding/open_options.h"

#include <vector>

#include "binding/arguments.h"
#include "collection/checks.h"

namespace ruvector {
namespace {

using Words = std::string_view[];
constexpr std::string_view kKnown[] = {"dimensions", "distanceMetric", "storagePath",  "hnswConfig",
                                       "ivfConfig",  "index",          "quantization", "readOnly",
                                       "durability", "threads",        "memoryBudget", "seed",
                                       "scoreMode",  "vectorsInMemory"};
constexpr std::string_view kKnownHnsw[] = {"m", "efConstruction", "efSearch", "maxElements",
                                           "seed"};
constexpr std::string_view kMetrics[] = {"cosine", "euclidean", "dot", "manhattan"};
constexpr std::string_view kIndexes[] = {"auto", "flat", "hnsw", "ivf"};
constexpr std::string_view kKnownIvf[] = {"nlist", "nprobe"};
constexpr std::string_view kDurabilities[] = {"sync", "batch", "none"};
constexpr std::string_view kScoreModes[] = {"distance", "similarity"};
constexpr size_t kMaxSafeInteger =
    sizeof(size_t) == 4 ? 0xffffffff : static_cast<size_t>(kMostSeed);

constexpr std::string_view kKnownOfCollection[] = {
    "dimensions", "distanceMetric", "hnswConfig", "ivfConfig", "index", "quantization", "seed"};

void ReadHnsw(const Json& json, CollectionRequest& o) {
  const Arguments hnsw(json, "hnswConfig.");
  hnsw.RequireKnown(kKnownHnsw);
  o.m = hnsw.Whole("m", kLeastM, kMostM);
  o.ef_construction = hnsw.Whole("efConstruction", 1, kMaxEf);
  o.ef_search = hnsw.Whole("efSearch", 1, kMaxEf);
  o.expected_rows = hnsw.Whole("maxElements", 1, 0x7fffffff).value_or(0);
  if (const auto seed = hnsw.Whole("seed", 0, kMaxSafeInteger)) o.seed = *seed;
}

void ReadIvf(const Json& json, CollectionRequest& o) {
  const Arguments ivf(json, "ivfConfig.");
  ivf.RequireKnown(kKnownIvf);
  o.nlist = ivf.Whole("nlist", 1, kMaxLists);
  o.nprobe = ivf.Whole("nprobe", 1, kMaxLists);
}

void ReadQuantization(const Json& json, CollectionRequest& o) {
  using Type = Quantization::Type;
  const Arguments args(json, "quantization.");
  if (!args.Has("type")) args.Get("type");
  Quantization q{static_cast<Type>(*args.Word("type", kQuantizationTypes))};
  std::vector<std::string_view> known = {"type"};
  if (q.type != Type::kAuto && q.type != Type::kNone) known.push_back("rerank");
  const bool scalar = q.type == Type::kScalar || q.type == Type::kSpherical;
  if (scalar || q.type == Type::kRotated) known.push_back("bits");
  if (q.type == Type::kProduct) known.insert(known.end(), {"subspaces", "k"});
  args.RequireKnown(known);
  if (q.type == Type::kProduct) {
    q.subspaces = static_cast<uint32_t>(args.Whole("subspaces", 1, kMaxDimensions).value_or(0));
    q.centroids =
        static_cast<uint32_t>(args.Whole("k", 2, kMostCentroids).value_or(kMostCentroids));
  } else if (scalar) {
    const size_t bits = args.Whole("bits", 4, 8).value_or(8);
    if (bits != 4 && bits != 8) args.Refuse("bits", "4 or 8", args.Get("bits"));
    q.bits = static_cast<uint32_t>(bits);
  } else if (q.type == Type::kRotated) {
    q.bits = static_cast<uint32_t>(args.Whole("bits", 1, kMostRotatedBits).value_or(kRotatedBits));
  }
  o.quantization = q;
  o.rerank = args.Whole("rerank", 0, kMaxEf);
}

void ReadRequest(const Arguments& args, CollectionRequest& o) {
  o.dimensions = args.Whole("dimensions", 1, kMaxDimensions);
  if (const auto metric = args.Word("distanceMetric", kMetrics))
    o.metric = static_cast<Metric>(*metric);
  if (const auto index = args.Word("index", kIndexes)) o.index = static_cast<IndexKind>(*index);
  if (const Json* hnsw = args.Find("hnswConfig")) ReadHnsw(*hnsw, o);
  if (const Json* ivf = args.Find("ivfConfig")) ReadIvf(*ivf, o);
  if (const auto seed = args.Whole("seed", 0, kMaxSafeInteger)) {
    if (o.seed && *o.seed != *seed)
      args.Refuse("seed", "the same as hnswConfig.seed", args.Get("seed"));
    o.seed = *seed;
  }
  if (const Json* quantization = args.Find("quantization")) ReadQuantization(*quantization, o);
}

}  // namespace

CollectionRequest ReadCollectionOptions(const Json& json) {
  const Arguments args(json);
  args.RequireKnown(kKnownOfCollection);
  CollectionRequest request;
  ReadRequest(args, request);
  return request;
}

OpenOptions ReadOpenOptions(const Json& json) {
  const Arguments args(json);
  args.RequireKnown(kKnown);
  OpenOptions out;
  DatabaseOptions& o = out.database;
  ReadRequest(args, o);
  o.path = args.Text("storagePath").value_or("");
  if (args.Has("storagePath") && o.path.empty())
    args.Refuse("storagePath", "a path, or \":memory:\"", args.Get("storagePath"));
  if (o.path.find('\0') != std::string::npos)
    args.Refuse("storagePath", "a path without NUL", args.Get("storagePath"));
  if (o.path == ":memory:") o.path.clear();
  o.read_only = args.Flag("readOnly").value_or(false);
  o.threads = args.Whole("threads", 1, kMostThreads).value_or(0);
  o.vectors_in_memory = args.Flag("vectorsInMemory").value_or(true);
  o.memory_budget = args.Whole("memoryBudget", 1, kMaxSafeInteger).value_or(0);
  if (const auto mode = args.Word("scoreMode", kScoreModes)) out.score_mode = kScoreModes[*mode];
  if (const auto d = args.Word("durability", kDurabilities))
    o.durability = static_cast<Durability>(*d);
  if (o.path.empty()) {
    if (!o.dimensions) args.Get("dimensions");
    if (o.read_only)
      args.Refuse("readOnly", "false for a database in memory", args.Get("readOnly"));
  }
  return out;
}

}  // namespace ruvector
